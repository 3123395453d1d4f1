"""One jurisdiction's story, from a stranger to books that agree."""

from __future__ import annotations

from fintech.journey.cast import Story
from fintech.journey.chapters import commissions, ending, getting_in, paying_in, paying_out, trading


def play(story: Story) -> None:
    """Play every chapter. Raises NotSo or NotServed at the first thing that isn't so."""
    getting_in.play(story)
    paying_in.play(story)
    trading.play(story)
    paying_in.see_applied(story)
    trading.send_back(story)
    paying_out.play(story)
    commissions.play(story)
    ending.play(story)

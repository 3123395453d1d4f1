"""Measuring: two or more contenders run in turns, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class NotMeasured(RuntimeError):
    """A contender couldn't be measured; the text says why."""


class Contender(Protocol):
    """Something that can be run for a while, again and again."""

    @property
    def name(self) -> str:
        """What it is, in a few words; unlike any other's of its group."""

    def run(self, seconds: float) -> float:
        """Run for about so long; gives operations a second. Raises NotMeasured."""


@dataclass(frozen=True)
class Runs:
    """The rates of a contender's runs: operations a second."""

    rates: tuple[float, ...]

    @property
    def minimum(self) -> float:
        """The slowest run."""
        return min(self.rates)

    @property
    def median(self) -> float:
        """The run in the middle."""
        return statistics.median(self.rates)

    def ratio_to(self, peer: Runs) -> float:
        """The median of the rounds' ratios: each run beside the peer's of the same round, some seconds before or after.

        A machine that is slower for a while is so for both of them; the medians by themselves may come from different
        whiles.
        """
        return statistics.median(ours / theirs for ours, theirs in zip(self.rates, peer.rates, strict=True))

    @property
    def maximum(self) -> float:
        """The quickest run."""
        return max(self.rates)


def interleave(
    contenders: Sequence[Contender],
    *,
    runs: int,
    seconds: float,
    warm_up: float,
    about_to_run: Callable[[str], None] = lambda _: None,
) -> dict[str, Runs]:
    """Warm every contender up, then let them run in turns; every other round in reverse order.

    `about_to_run` is told what comes next, once for each warm-up and run. Raises NotMeasured.
    """
    rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        about_to_run(f"{contender.name}: warm-up")
        contender.run(warm_up)
    for number in range(runs):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            about_to_run(f"{contender.name}: run {number + 1} of {runs}")
            rate = contender.run(seconds)
            if not rate > 0:
                raise NotMeasured(f"{contender.name} did nothing in {seconds:g} s")
            rates[contender.name].append(rate)
    return {name: Runs(tuple(found)) for name, found in rates.items()}

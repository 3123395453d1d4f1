"""How payments' pages show next steps."""

from __future__ import annotations

from fintech.http.showing import EMPTY
from payments.rules.next_steps import NextStep


def waiting_for(step: NextStep | None) -> str:
    """Who is to do what; nothing once nothing more is to come."""
    return EMPTY if step is None else f"{step.held_by}: {step.step}"

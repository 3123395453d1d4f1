"""What a client has to do next, and what waits for somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crm.rules.identity_cases import State
from crm.rules.standing import BeforeTrading, Category, is_tested, is_warned

Step = Literal["answer_questions", "accept_risk_warning", "prove_identity"]
Holder = Literal["client", "compliance"]


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """One thing that is still to be done, and who does it."""

    step: Step
    holder: Holder


def next_steps(
    category: Category, before: BeforeTrading, *, verified: bool, open_case: State | None
) -> tuple[NextStep, ...]:
    """Everything between a client and full use of the account, in the order in which it is best done."""
    steps = []
    if category == "retail" and not is_tested(before):
        steps.append(NextStep(step="answer_questions", holder="client"))
    if category == "retail" and not is_warned(before):
        steps.append(NextStep(step="accept_risk_warning", holder="client"))
    if not verified:
        holder: Holder = "compliance" if open_case == "submitted" else "client"
        steps.append(NextStep(step="prove_identity", holder=holder))
    return tuple(steps)

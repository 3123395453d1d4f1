"""What a client may do, from what the client is and has done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Category = Literal["retail", "professional", "eligible_counterparty"]
Status = Literal["active", "suspended", "closed"]
Risk = Literal["low", "medium", "high"]


@dataclass(frozen=True, kw_only=True)
class BeforeTrading:
    """What is asked of a retail client before a first trade, and what of it the client has done.

    `asked` is the jurisdiction's rule `appropriateness`; `passed` the kinds of questionnaire passed;
    `warning` the version of the risk warning in force, `accepted` the versions that the client has accepted.
    """

    asked: str | None
    passed: Collection[str]
    warning: str
    accepted: Collection[str]


def may_trade(category: Category, before: BeforeTrading) -> bool:
    """Whether everything is done that comes before trading. Test and warning protect retail clients only."""
    return category != "retail" or (is_tested(before) and is_warned(before))


def is_tested(before: BeforeTrading) -> bool:
    """Whether the questions of the jurisdiction are passed, or none are asked."""
    return before.asked is None or before.asked in before.passed


def is_warned(before: BeforeTrading) -> bool:
    """Whether the warning in force is accepted.

    A renewed percentage doesn't ask for a new acceptance, new wording does: the part of a version before `+`
    names the wording, the part behind it the day of the percentage.
    """
    return _wording(before.warning) in {_wording(version) for version in before.accepted}


def status_may_become(now: Status, then: Status) -> bool:
    """Whether a status may follow another: a closed relationship stays closed."""
    return now not in ("closed", then)


def _wording(version: str) -> str:
    return version.partition("+")[0]

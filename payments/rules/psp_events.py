"""What a PSP's proved message says, and what is to be done about it, given how far the payment is.

Messages come late, early, repeated and in the wrong order; none is dropped. State only moves forward: a failure that
comes after a success changes nothing, and a person looks at it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Step = Literal["act", "ignore", "wait", "review"]
Subject = Literal["deposit", "payout"]

_WORD: Final = re.compile(r"[a-z0-9_.:-]{1,80}", re.ASCII)
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_LARGEST: Final = 10**18 - 1

UNKNOWN_WORD: Final = "unreadable"


@dataclass(frozen=True, kw_only=True)
class EventFacts:
    """Ids, amounts and codes of a message: what may stand in clear. None where it says nothing of the kind."""

    type: str
    reference: str | None
    psp_reference: str | None
    amount_minor: int | None
    currency: str | None
    failure_code: str | None
    chargeback_minor: int | None


@dataclass(frozen=True, kw_only=True)
class Paid:
    """Where a payment came from, as the message has it. `display` is personal data."""

    kind: str
    token: str
    display: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do about a message: act (`then` is the new state), ignore, wait, or let a person look; and why."""

    step: Step
    why: str
    then: str = ""


def facts_of(event_type: str, payload: Mapping[str, object]) -> EventFacts:
    """Read a payload; whatever isn't of the form that it should have is left out, so no free text gets through."""
    chargeback = payload.get("chargeback")
    return EventFacts(
        type=event_type if _WORD.fullmatch(event_type) else UNKNOWN_WORD,
        reference=_text(payload.get("reference"), _CODE),
        psp_reference=_text(payload.get("id"), _CODE),
        amount_minor=_amount(payload.get("amount_minor")),
        currency=_text(payload.get("currency"), _CURRENCY),
        failure_code=_text(payload.get("failure_code"), _CODE),
        chargeback_minor=_amount(chargeback.get("amount_minor")) if isinstance(chargeback, Mapping) else None,
    )


def paid_from(payload: Mapping[str, object]) -> Paid | None:
    """The card or bank account that the payload names; None when it names none that could be paid back to."""
    source = payload.get("source")
    if not isinstance(source, Mapping):
        return None
    token, kind = _text(source.get("token"), _CODE), source.get("kind")
    if token is None or kind not in ("card", "bank"):
        return None
    return Paid(kind=str(kind), token=token, display=str(source.get("display", ""))[:200])


def subject_of(event_type: str) -> Subject | None:
    """What a message of this type is about; None for a word that nobody here knows."""
    if event_type in _PAYOUT:
        return "payout"
    return "deposit" if event_type in _DEPOSIT or event_type == "chargeback.opened" else None


def judge_deposit(facts: EventFacts, state: str) -> Verdict:
    """What a message about a deposit in this state leads to."""
    if facts.type == "deposit.failed" and facts.failure_code == "expired" and state in ("requested", "pending"):
        return Verdict(step="act", why="expired", then="expired")
    table = _CHARGEBACK if facts.type == "chargeback.opened" else _DEPOSIT[facts.type]
    return table[state]


def judge_payout(facts: EventFacts, state: str, *, attempts: int) -> Verdict:
    """What a message about a payout in this state leads to. Without an attempt of ours nothing can have happened."""
    if state == "dropped" or (state == "planned" and not attempts):
        return Verdict(step="review", why="payout-never-sent")
    return _PAYOUT[facts.type][state]


def mismatch(facts: EventFacts, *, amount_minor: int, currency: str, psp_reference: str | None) -> str | None:
    """How a message contradicts what was asked of the PSP, as a code; None when it doesn't."""
    if facts.amount_minor != amount_minor:
        return "amount-differs"
    if facts.currency != currency:
        return "currency-differs"
    if psp_reference is not None and facts.psp_reference != psp_reference:
        return "psp-reference-differs"
    return None


def _text(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _amount(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def _act(then: str) -> Verdict:
    return Verdict(step="act", why=then.replace("_", "-"), then=then)


_REPEATED: Final = Verdict(step="ignore", why="repeated")
_LATE: Final = Verdict(step="ignore", why="superseded")

_DEPOSIT: Final[Mapping[str, Mapping[str, Verdict]]] = {
    "deposit.pending": {
        "requested": _act("pending"),
        "pending": _REPEATED,
        **dict.fromkeys(("settled", "failed", "expired", "charged_back"), _LATE),
    },
    "deposit.settled": {
        **dict.fromkeys(("requested", "pending"), _act("settled")),
        "settled": _REPEATED,
        "charged_back": _LATE,
        **dict.fromkeys(("failed", "expired"), Verdict(step="review", why="settled-after-failure")),
    },
    "deposit.failed": {
        **dict.fromkeys(("requested", "pending"), _act("failed")),
        **dict.fromkeys(("failed", "expired"), _REPEATED),
        **dict.fromkeys(("settled", "charged_back"), Verdict(step="review", why="failure-after-settlement")),
    },
}

_CHARGEBACK: Final[Mapping[str, Verdict]] = {
    **dict.fromkeys(("requested", "pending"), Verdict(step="wait", why="not-settled-yet")),
    "settled": _act("charged_back"),
    "charged_back": _REPEATED,
    **dict.fromkeys(("failed", "expired"), Verdict(step="review", why="chargeback-of-what-failed")),
}

_UNDER_WAY: Final = ("planned", "sending", "unknown")

_PAYOUT: Final[Mapping[str, Mapping[str, Verdict]]] = {
    "payout.sent": {
        **dict.fromkeys(_UNDER_WAY, _act("sent")),
        "sent": _REPEATED,
        **dict.fromkeys(("paid", "returned"), _LATE),
    },
    "payout.paid": {
        **dict.fromkeys((*_UNDER_WAY, "sent"), _act("paid")),
        "paid": _REPEATED,
        "returned": Verdict(step="review", why="paid-after-return"),
    },
    "payout.failed": {
        **dict.fromkeys((*_UNDER_WAY, "sent"), _act("returned")),
        "returned": _REPEATED,
        "paid": Verdict(step="review", why="failure-after-payment"),
    },
}

"""The ledger's refusals, and its errors: a refusal is an answer, an error is a bug of the caller."""

from datetime import date, datetime

from fintech.journal import Refusal


class UnknownAccount(LookupError):
    """An account doesn't exist, or isn't this client's. A bug: verbs get numbers from their own rows."""


class UnknownHold(LookupError):
    """There is no such hold."""


class InsufficientFunds(Refusal):
    """What is available in the account doesn't cover the amount."""

    def __init__(self, *, account: int, amount: int, available: int) -> None:
        super().__init__(
            "insufficient-funds",
            "What is available in the account doesn't cover the amount.",
            account=str(account),
            amount_minor=amount,
            available_minor=available,
        )


class PeriodClosed(Refusal):
    """The value date stands in a closed period: a correction with a later one can be booked."""

    def __init__(self) -> None:
        super().__init__(
            "period-closed", "The period of this value date is closed: book a correction with a later one."
        )


class PeriodNotOver(Refusal):
    """A period can be closed only once nothing can be booked into it by itself any more."""

    def __init__(self, through: date) -> None:
        super().__init__(
            "period-not-over",
            f"The book can't be closed through {through}: that day isn't over yet.",
            through=through,
        )


class HoldExceeded(Refusal):
    """More than is left of the hold."""

    def __init__(self, *, hold: int, amount: int | None, remaining: int) -> None:
        super().__init__(
            "hold-exceeded",
            "The hold has less left than this.",
            hold=str(hold),
            amount_minor=amount,
            remaining_minor=remaining,
        )


class HoldExpired(Refusal):
    """The hold has expired, so it can't be posted; or it hasn't, so it can't expire."""

    def __init__(self, *, hold: int) -> None:
        super().__init__("hold-expired", "The hold's time is over, or not over yet.", hold=str(hold))


class MomentNotFinal(Refusal):
    """The balance as of this moment could still change: it's ahead, or a transaction of then is open."""

    def __init__(self, at: datetime) -> None:
        super().__init__("moment-not-final", "The balance as of this moment could still change; ask again.", at=at)

"""Return to source: money goes back where it came from, up to what came from there, and only then elsewhere.

A plan says which destination gets how much. It's shown to the client and to the approvers, and an approval is
bound to its digest.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from fintech.ledger.money import Money


class NoDestination(ValueError):
    """Money is left over once every source has its own back, and no verified bank account is there for it."""

    def __init__(self, remainder: Money) -> None:
        super().__init__(f"{remainder} came from no source and needs a verified bank account")
        self.remainder = remainder


@dataclass(frozen=True, kw_only=True)
class Source:
    """An instrument of payment (a card, a bank account) that money came from.

    `returned` counts everything sent back there or on its way, refunds and chargebacks too. A source that
    `accepts_returns` no more (an expired card) is passed over.
    """

    source_id: UUID
    first_deposit_at: datetime
    deposited: Money
    returned: Money
    accepts_returns: bool = True

    @property
    def owed(self) -> Money:
        """What may still go back there."""
        left = self.deposited - self.returned
        return left if left.minor > 0 else Money(0, left.currency)


@dataclass(frozen=True, kw_only=True)
class PlanLeg:
    """One payment of a plan: to a source of earlier deposits, or to the verified bank account."""

    destination_id: UUID
    kind: Literal["source", "bank"]
    amount: Money


@dataclass(frozen=True, kw_only=True)
class ReturnPlan:
    """Who gets how much of a withdrawal; the legs sum to its amount."""

    withdrawal_id: UUID
    legs: tuple[PlanLeg, ...]

    @property
    def total(self) -> Money:
        """The amount of the withdrawal."""
        first, *others = (leg.amount for leg in self.legs)
        return sum(others, first)

    @property
    def digest(self) -> str:
        """SHA-256 of withdrawal, destinations and amounts in their order: another plan has another digest."""
        lines = [f"withdrawal {self.withdrawal_id}"]
        lines += [f"{leg.kind} {leg.destination_id} {leg.amount}" for leg in self.legs]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def plan_return(
    amount: Money, *, withdrawal_id: UUID, sources: Iterable[Source], bank_account_id: UUID | None
) -> ReturnPlan:
    """Plan a withdrawal of `amount`: the source first paid in from first, the rest to the bank account.

    Raises `NoDestination` where a rest needs a bank account and there is none. All amounts are of one
    currency (`CurrencyMismatch` otherwise).
    """
    if amount.minor <= 0:
        raise ValueError(f"a withdrawal is above zero, not {amount}")
    legs: list[PlanLeg] = []
    left = amount
    for source in sorted(sources, key=lambda source: (source.first_deposit_at, source.source_id)):
        part = min(left, source.owed)
        if part and source.accepts_returns:
            legs.append(PlanLeg(destination_id=source.source_id, kind="source", amount=part))
            left -= part
    if left:
        if bank_account_id is None:
            raise NoDestination(left)
        legs = _with_rest(legs, PlanLeg(destination_id=bank_account_id, kind="bank", amount=left))
    return ReturnPlan(withdrawal_id=withdrawal_id, legs=tuple(legs))


def _with_rest(legs: list[PlanLeg], rest: PlanLeg) -> list[PlanLeg]:
    """Where the verified account is itself a source, it gets one payment, not two."""
    for index, leg in enumerate(legs):
        if leg.destination_id == rest.destination_id:
            legs[index] = replace(leg, amount=leg.amount + rest.amount)
            return legs
    return [*legs, rest]

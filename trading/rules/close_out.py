"""Margin close-out: when it begins, which positions are closed in what order, and when it stops.

Source: the jurisdiction's `close_out_level` and `opposite_positions`. Equity is cash and unrealised result,
never a bonus or credit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal
from uuid import UUID

from fintech.ledger.money import Money
from trading.rules.margin import margin_level, required_margin
from trading.rules.terms import Side


@dataclass(frozen=True, kw_only=True)
class ValuedPosition:
    """An open position with its floating result, rounded as when realised.

    `fresh` says whether its quotes (and those that convert it) are young enough to deal at; a stale position
    counts in the equity with the last result known, and isn't closed before a fresh quote comes.
    """

    position_id: UUID
    symbol: str
    side: Side
    margin: Money
    floating: Money
    opened_at: datetime
    fresh: bool = True


@dataclass(frozen=True, kw_only=True)
class AccountState:
    """An account's cash and open positions at one moment."""

    cash: Money
    positions: tuple[ValuedPosition, ...]
    opposite_positions: Literal["add_up", "larger_leg"]

    @property
    def equity(self) -> Money:
        """Cash and all unrealised results."""
        return self.cash + sum((position.floating for position in self.positions), Money(0, self.cash.currency))

    @property
    def required(self) -> Money:
        """The total initial margin of what is open."""
        return required_margin(
            self.positions,
            opposite_positions=self.opposite_positions,
            account_currency=self.cash.currency,
        )

    @property
    def level(self) -> Fraction | None:
        """Equity over required margin; None with nothing open."""
        return margin_level(equity=self.equity, required=self.required)

    def below(self, level: Fraction) -> bool:
        """Whether equity is strictly below `level` times the required margin, with something open."""
        return bool(self.positions) and self.equity.minor < level * self.required.minor

    def without(self, position: ValuedPosition) -> "AccountState":
        """The account once `position` has been closed at its floating result."""
        left = tuple(other for other in self.positions if other.position_id != position.position_id)
        return AccountState(
            cash=self.cash + position.floating,
            positions=left,
            opposite_positions=self.opposite_positions,
        )


@dataclass(frozen=True, kw_only=True)
class Closing:
    """One step of a close-out: the position closed, its result, and the account before and after."""

    position_id: UUID
    result: Money
    equity: Money
    required_before: Money
    required_after: Money
    level_before: Fraction | None
    level_after: Fraction | None


@dataclass(frozen=True, kw_only=True)
class CloseOutPlan:
    """The closings in order, and the positions that must wait for a fresh quote (dealing is alerted)."""

    closings: tuple[Closing, ...]
    waiting: tuple[UUID, ...]
    after: AccountState

    @property
    def begins(self) -> bool:
        """Whether the account is below its level at all."""
        return bool(self.closings or self.waiting)


def plan_close_out(account: AccountState, *, level: Fraction) -> CloseOutPlan:
    """Close the largest floating loss, recompute, and go on until `level` holds or nothing is open.

    Of equal losses the oldest position goes first. Positions without a fresh quote are passed over; if the
    level still doesn't hold when only they are left, they are `waiting`.
    """
    closings = []
    while account.below(level):
        fresh = [position for position in account.positions if position.fresh]
        if not fresh:
            break
        worst = min(fresh, key=_closing_order)
        after = account.without(worst)
        closings.append(_closing(worst, account, after))
        account = after
    waiting = _ids(account.positions) if account.below(level) else ()
    return CloseOutPlan(closings=tuple(closings), waiting=waiting, after=account)


def margin_call_due(account: AccountState, *, level: Fraction) -> bool:
    """Whether equity is below `level` (the jurisdiction's `margin_call_level`) times the required margin."""
    return account.below(level)


def _closing_order(position: ValuedPosition) -> tuple[int, datetime, UUID]:
    # The number only decides between positions opened at the same instant, so that a replay agrees.
    return position.floating.minor, position.opened_at, position.position_id


def _closing(position: ValuedPosition, before: AccountState, after: AccountState) -> Closing:
    return Closing(
        position_id=position.position_id,
        result=position.floating,
        equity=before.equity,
        required_before=before.required,
        required_after=after.required,
        level_before=before.level,
        level_after=after.level,
    )


def _ids(positions: Iterable[ValuedPosition]) -> tuple[UUID, ...]:
    return tuple(position.position_id for position in positions)

"""Margin calls and margin close-outs, as the jurisdiction's levels ask for them.

The engine finds the accounts; what is done is judged here again, under the account's lock, at the quotes
given.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal
from uuid import UUID

from fintech.cells import current_cell
from fintech.factlog import record
from fintech.facts.trading import MarginCalled, MarginCallEnded, PositionClosedOut
from fintech.journal import verb
from fintech.jurisdictions import RuleVersion
from fintech.ledger.money import Money
from trading.models import Order
from trading.rules.close_out import AccountState, Closing, margin_call_due, plan_close_out
from trading.rules.terms import Side
from trading.selectors.market import Market
from trading.services.booking import book_fill, protect_from_negative_balance
from trading.services.cash import SUBJECT
from trading.services.dealing import Deal, work_out
from trading.services.desk import Desk, open_desk
from trading.services.leadership import Fence


@dataclass(frozen=True, kw_only=True)
class ClosedOut:
    """What a close-out did: positions closed in order, those that wait for a fresh quote, and what the house
    put in.
    """

    closed: tuple[UUID, ...]
    waiting: tuple[UUID, ...]
    protection: Money


@dataclass(frozen=True, kw_only=True)
class MarginCallChange:
    """Whether the margin call of an account began, ended, or stays as it was."""

    change: Literal["called", "ended", "none"]


@verb("trading")
def close_out(*, key: str, trading_account_id: UUID, market: Market, fence: Fence | None = None) -> ClosedOut:
    """Close positions of an account below the jurisdiction's level, the largest loss first, until the level
    holds.

    Locks the account. Does nothing while the level holds. Writes and records each closing as a fill, besides
    PositionClosedOut; with nothing left open a protected client's negative balance is made good. Raises
    StaleLeader, and writes nothing, when another engine leads.
    """
    if fence is not None:
        fence.hold()
    desk = open_desk(trading_account_id, market=market)
    plan = plan_close_out(desk.state(), level=desk.rules.close_out_level)
    version = current_cell().jurisdiction.rule_version_at("close_out_level", desk.now)
    fills = [_close(desk, closing, version) for closing in plan.closings]
    protection = Money(0, desk.currency)
    if fills:
        protection = protect_from_negative_balance(desk, reference=fills[-1])
    return ClosedOut(
        closed=tuple(closing.position_id for closing in plan.closings),
        waiting=plan.waiting,
        protection=protection,
    )


@verb("trading")
def note_margin_call(
    *, key: str, trading_account_id: UUID, market: Market, fence: Fence | None = None
) -> MarginCallChange:
    """Begin an account's margin call when its level is below the jurisdiction's, or end it when it isn't any
    more.

    Locks the account. Does nothing while a position has no fresh quote. Records MarginCalled or
    MarginCallEnded.
    """
    if fence is not None:
        fence.hold()
    desk = open_desk(trading_account_id, market=market)
    state = desk.state()
    level = desk.rules.margin_call_level
    stands = desk.account.margin_called_at is not None
    due = margin_call_due(state, level=level)
    if due == stands or not all(position.fresh for position in state.positions):
        return MarginCallChange(change="none")
    desk.account.margin_called_at = desk.now if due else None
    desk.account.save(update_fields=["margin_called_at"])
    record(_called(desk, state, level) if due else _ended(desk, state), subject=(SUBJECT, desk.account.id))
    return MarginCallChange(change="called" if due else "ended")


def _close(desk: Desk, closing: Closing, version: RuleVersion) -> UUID:
    """Close one position as planned; gives the fill's id."""
    row = desk.rows[closing.position_id]
    deal = Deal(
        symbol=row.instrument_id,
        side=Side(row.side).opposite,
        volume=row.volume,
        purpose=Order.Purpose.CLOSE_OUT,
    )
    dealt = work_out(desk, deal)
    assert dealt.outcome.realised == closing.result, "a position closes at what it was valued at"
    fill = book_fill(desk, dealt)
    record(
        PositionClosedOut(
            trading_account_id=desk.account.id,
            client_id=desk.account.client_id,
            position_id=closing.position_id,
            fill_id=fill.id,
            equity_minor=closing.equity.minor,
            required_before_minor=closing.required_before.minor,
            required_after_minor=closing.required_after.minor,
            currency=desk.account.currency,
            level=str(desk.rules.close_out_level),
            rule=version.label,
        ),
        subject=(SUBJECT, desk.account.id),
    )
    return fill.id


def _called(desk: Desk, state: AccountState, level: Fraction) -> MarginCalled:
    return MarginCalled(
        trading_account_id=desk.account.id,
        client_id=desk.account.client_id,
        equity_minor=state.equity.minor,
        required_minor=state.required.minor,
        currency=desk.account.currency,
        level=str(level),
        rule=current_cell().jurisdiction.rule_version_at("margin_call_level", desk.now).label,
    )


def _ended(desk: Desk, state: AccountState) -> MarginCallEnded:
    return MarginCallEnded(
        trading_account_id=desk.account.id,
        client_id=desk.account.client_id,
        equity_minor=state.equity.minor,
        required_minor=state.required.minor,
        currency=desk.account.currency,
    )

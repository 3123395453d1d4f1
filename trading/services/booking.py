"""Writing a fill that was worked out: order, position, fill, ledger and facts, in the decision under way."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_inserts import inserted
from fintech.factlog import record
from fintech.facts.trading import OrderFilled, PositionChanged
from fintech.journal import current_decision, inside_decision
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from fintech.observability.business import FILLED_LOTS
from trading.models import Fill, Order
from trading.models import Position as PositionRow
from trading.rules.negative_balance import protection_due
from trading.services.cash import SUBJECT, move_cash
from trading.services.dealing import Dealt
from trading.services.desk import Desk


def book_fill(desk: Desk, dealt: Dealt) -> Fill:
    """Write what was worked out, and let the desk follow it: its cash and rows are those after the fill."""
    inside_decision("trading")
    order = _write_order(desk, dealt)
    closed, held = _write_positions(desk, dealt)
    fill = _write_fill(desk, dealt, order, held or closed)
    _tell(desk, dealt, fill, closed, held)
    for amount, against, code in (
        (dealt.outcome.realised, HousePurpose.DEALING, TransferCode.TRADING_RESULT),
        (-dealt.commission, HousePurpose.COMMISSION, TransferCode.COMMISSION),
    ):
        move_cash(desk.account, amount=amount, against=against, code=code, reference=fill.id)
    desk.cash = dealt.after.cash
    filled = FILLED_LOTS.labels(current_cell().name, fill.instrument_id)
    inside_decision("trading").afterwards(partial(filled.inc, float(fill.volume)))
    return fill


def protect_from_negative_balance(desk: Desk, *, reference: UUID) -> Money:
    """Book what a protected client owes after everything was closed to the house; zero where nothing is due.

    `reference` is the fill that closed the last position.
    """
    due = protection_due(
        cash=desk.cash,
        open_positions=len(desk.rows),
        category=desk.category,
        protected=desk.rules.negative_balance_protection,
    )
    move_cash(
        desk.account,
        amount=due,
        against=HousePurpose.NEGATIVE_BALANCE_PROTECTION,
        code=TransferCode.NEGATIVE_BALANCE_PROTECTION,
        reference=reference,
    )
    desk.cash += due
    return due


def _write_order(desk: Desk, dealt: Dealt) -> Order:
    return inserted(
        Order(
            trading_account=desk.account,
            instrument_id=dealt.deal.symbol,
            side=dealt.deal.side,
            volume=dealt.deal.volume,
            purpose=dealt.deal.purpose,
            placed_by=current_decision().request.actor,
            placed_at=desk.now,
        )
    )


def _write_positions(desk: Desk, dealt: Dealt) -> tuple[PositionRow | None, PositionRow | None]:
    """The position that the fill closed for good, and the one that is held after it; a reversal has both."""
    before, after = dealt.before, dealt.outcome.position
    closed = None
    if before is not None:
        before.realised_minor += dealt.outcome.realised.minor
        if after is None or after.position_id != before.id:
            closed = before
            closed.volume, closed.margin_minor, closed.closed_at = 0, 0, desk.now
            closed.save()
            del desk.rows[closed.id]
    if after is None:
        return closed, None
    held = (
        before
        if before is not None and closed is None
        else PositionRow(
            id=after.position_id,
            trading_account=desk.account,
            instrument_id=after.symbol,
            side=after.side,
            opened_at=after.opened_at,
        )
    )
    held.volume, held.open_price = after.volume, after.open_price
    held.original_volume, held.original_margin_minor = after.original_volume, after.original_margin.minor
    held.margin_minor = after.margin.minor
    if held is before:
        held.save()
    else:
        inserted(held)
    desk.rows[held.id] = held
    return closed, held


def _write_fill(desk: Desk, dealt: Dealt, order: Order, position: PositionRow | None) -> Fill:
    assert position is not None, "every fill opens or closes a position"
    quote, outcome, margin = dealt.quote, dealt.outcome, dealt.margin
    return inserted(
        Fill(
            id=uuid7(),
            order=order,
            trading_account=desk.account,
            position=position,
            instrument_id=dealt.deal.symbol,
            side=dealt.deal.side,
            volume=dealt.deal.volume,
            price=dealt.fill.price,
            outcome=outcome.kind,
            closed_volume=outcome.closed_volume,
            opened_volume=outcome.opened_volume,
            quote_bid=quote.bid,
            quote_ask=quote.ask,
            quote_at=quote.at,
            quote_source=quote.source,
            conversions=dealt.conversions,
            currency=desk.account.currency,
            margin_share=str(margin.share.share) if margin else "",
            rule=margin.rule if margin else "",
            realised_minor=outcome.realised.minor,
            commission_minor=dealt.commission.minor,
            margin_minor=outcome.position.margin.minor if outcome.position else 0,
            required_minor=dealt.after.required.minor,
            equity_minor=None if dealt.equity is None else dealt.equity.minor,
            filled_at=desk.now,
        )
    )


def _tell(desk: Desk, dealt: Dealt, fill: Fill, closed: PositionRow | None, held: PositionRow | None) -> None:
    subject = (SUBJECT, desk.account.id)
    record(_order_filled(desk, dealt, fill), subject=subject)
    kind = dealt.outcome.kind
    realised = dealt.outcome.realised.minor
    if closed is not None:
        record(_position_changed(desk, fill, closed, "closed", realised), subject=subject)
    if held is not None:
        change = "opened" if kind == "reversed" else kind
        record(_position_changed(desk, fill, held, change, 0 if closed else realised), subject=subject)


def _order_filled(desk: Desk, dealt: Dealt, fill: Fill) -> OrderFilled:
    return OrderFilled(
        order_id=fill.order_id,
        fill_id=fill.id,
        client_id=desk.account.client_id,
        entity=desk.account.entity,
        trading_account_id=desk.account.id,
        position_id=fill.position_id,
        instrument=fill.instrument_id,
        side=str(dealt.deal.side),
        purpose=str(dealt.deal.purpose),
        outcome=fill.outcome,
        volume=f"{fill.volume.normalize():f}",
        price=f"{fill.price:f}",
        quote_bid=f"{dealt.quote.bid:f}",
        quote_ask=f"{dealt.quote.ask:f}",
        quote_at=dealt.quote.at,
        quote_source=dealt.quote.source,
        currency=fill.currency,
        realised_minor=fill.realised_minor,
        commission_minor=fill.commission_minor,
        margin_minor=fill.margin_minor,
        required_minor=fill.required_minor,
        filled_at=fill.filled_at,
    )


def _position_changed(desk: Desk, fill: Fill, row: PositionRow, change: str, realised_minor: int) -> PositionChanged:
    return PositionChanged(
        trading_account_id=desk.account.id,
        client_id=desk.account.client_id,
        position_id=row.id,
        fill_id=fill.id,
        change=change,
        instrument=row.instrument_id,
        side=str(row.side),
        volume=f"{row.volume:f}" if not row.volume else f"{row.volume.normalize():f}",
        open_price=f"{row.open_price.normalize():f}",
        margin_minor=row.margin_minor,
        realised_minor=realised_minor,
        currency=desk.account.currency,
    )

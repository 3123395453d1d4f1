"""Market orders: dealing at the latest quote, and closing what is open.

Quotes are read before the transaction begins and given as `market` (see
`trading.selectors.market.read_market`); how old they are is judged inside it, under the account's lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from fintech.journal import Refusal, verb
from fintech.ledger.money import Money
from trading.models import Fill, Order
from trading.models import Position as PositionRow
from trading.rules.terms import Side
from trading.selectors.instruments import Listing
from trading.selectors.market import Market
from trading.services import refusals
from trading.services.booking import book_fill, protect_from_negative_balance
from trading.services.dealing import Deal, work_out
from trading.services.desk import Desk, open_desk


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """How an order was filled. `required` is the account's total initial margin after it, `cash` its cash."""

    order_id: UUID
    fill_id: UUID
    position_id: UUID
    outcome: str
    price: Decimal
    volume: Decimal
    realised: Money
    commission: Money
    protection: Money
    required: Money
    cash: Money


@verb("trading")
def place_order(
    *, key: str, trading_account_id: UUID, instrument: str, side: Side, volume: Decimal, market: Market
) -> OrderPlaced:
    """Fill a market order of `volume` lots at the quote in hand: open, add to, reduce, close or turn a
    position.

    Locks the account. Refuses an account that isn't the client's or is closed, a volume out of the
    instrument's limits, a quote that is missing or old; and what opens: an old copy of the client's standing
    (only closing is allowed then), a client who may not trade, an instrument that isn't offered (to them),
    equity that doesn't cover the total initial margin after the fill, costs included. Writes order, position,
    fill and transfers; records OrderFilled, PositionChanged, CashChanged.
    """
    desk = open_desk(trading_account_id, market=market, symbols={instrument})
    listing = desk.pricing.listing(instrument)
    if listing is None:
        raise refusals.instrument_unknown(instrument)
    _refuse_volume(listing, volume)
    return _dealt(desk, Deal(symbol=instrument, side=side, volume=volume, purpose=Order.Purpose.CLIENT))


@verb("trading")
def close_position(*, key: str, position_id: UUID, market: Market, volume: Decimal | None = None) -> OrderPlaced:
    """Close a position, or `volume` lots of it, at the quote in hand.

    Locks its account. Refuses a position that isn't the client's, one that is closed already, a volume of
    more than is open, and a missing or old quote. Writes and records as `place_order` does.
    """
    try:
        desk = open_desk(_account_of(position_id), market=market)
    except Refusal as refused:
        # Whose position it is isn't for others to learn.
        raise _position_unknown() if refused.status == 404 else refused from None
    row = desk.rows.get(position_id)
    if row is None:
        raise Refusal("position-closed", "This position was closed already.", position_id=position_id)
    if volume is not None:
        _refuse_part(desk, row, volume)
    deal = Deal(
        symbol=row.instrument_id,
        side=Side(row.side).opposite,
        volume=row.volume if volume is None else volume,
        purpose=Order.Purpose.CLIENT,
    )
    return _dealt(desk, deal)


def _account_of(position_id: UUID) -> UUID:
    try:
        return PositionRow.objects.values_list("trading_account_id", flat=True).get(id=position_id)
    except PositionRow.DoesNotExist:
        raise _position_unknown() from None


def _dealt(desk: Desk, deal: Deal) -> OrderPlaced:
    dealt = work_out(desk, deal)
    fill = book_fill(desk, dealt)
    protection = protect_from_negative_balance(desk, reference=fill.id)
    return _answer(desk, fill, protection)


def _answer(desk: Desk, fill: Fill, protection: Money) -> OrderPlaced:
    return OrderPlaced(
        order_id=fill.order_id,
        fill_id=fill.id,
        position_id=fill.position_id,
        outcome=fill.outcome,
        price=fill.price,
        volume=fill.volume,
        realised=Money(fill.realised_minor, desk.currency),
        commission=Money(fill.commission_minor, desk.currency),
        protection=protection,
        required=Money(fill.required_minor, desk.currency),
        cash=desk.cash,
    )


def _refuse_volume(listing: Listing, volume: Decimal) -> None:
    for rule, broken, threshold in (
        ("minimum-volume", volume < listing.minimum_volume, listing.minimum_volume),
        ("maximum-volume", volume > listing.maximum_volume, listing.maximum_volume),
        ("volume-step", volume % listing.volume_step != 0, listing.volume_step),
    ):
        if broken:
            raise refusals.volume_not_allowed(listing, volume, rule=rule, threshold=threshold)


def _refuse_part(desk: Desk, row: PositionRow, volume: Decimal) -> None:
    """A part to be closed is at most what is open, in the instrument's steps; all of it may always be
    closed.
    """
    if volume == row.volume:
        return
    listing = desk.pricing.listings.by_symbol[row.instrument_id]
    if volume > row.volume:
        raise Refusal(
            "volume-not-allowed",
            f"Only {row.volume.normalize():f} lots are open.",
            status=422,
            rule="open-volume",
            volume=f"{volume:f}",
            threshold=f"{row.volume.normalize():f}",
        )
    _refuse_volume(listing, volume)


def _position_unknown() -> Refusal:
    return Refusal("position-unknown", "There is no such position.", status=404)

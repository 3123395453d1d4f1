"""Dealing: what one fill does to an account under lock, worked out and judged before anything is written.

Used by the verbs of orders and close-outs; `trading.services.booking` writes what was worked out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.journal import inside_decision
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import Order
from trading.models import Position as PositionRow
from trading.prices.port import SourcedQuote
from trading.rules.close_out import AccountState
from trading.rules.conversion import PairQuote
from trading.rules.leverage import InstrumentRefused, MarginShare, margin_share
from trading.rules.margin import OpeningCheck, exposure_currency
from trading.rules.netting import Fill, NettingOutcome, apply_fill
from trading.rules.terms import Side
from trading.selectors.instruments import Listing
from trading.selectors.pricing import NotPriceable
from trading.services import refusals
from trading.services.desk import Desk
from trading.services.standing import require_standing


@dataclass(frozen=True, kw_only=True)
class Deal:
    """What is to be dealt, and why."""

    symbol: str
    side: Side
    volume: Decimal
    purpose: Order.Purpose


@dataclass(frozen=True, kw_only=True)
class AskedMargin:
    """The margin that an opening fill needs, which rule says so, and the quotes that convert its exposure."""

    share: MarginShare
    rule: str
    exposure_currency: str
    pairs: tuple[PairQuote, ...]


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """A fill that was worked out and judged: what it does to the account, and what it was computed from.

    `before` is the position that it met, `after` the account's state with it. `equity` is None where some
    quote was missing or old, and `margin` where nothing is opened.
    """

    deal: Deal
    quote: SourcedQuote
    fill: Fill
    margin: AskedMargin | None
    before: PositionRow | None
    outcome: NettingOutcome
    commission: Money
    conversions: list[dict[str, str]]
    after: AccountState
    equity: Money | None


def work_out(desk: Desk, deal: Deal) -> Dealt:
    """Fill `deal`, in one of the desk's instruments, at the quote in hand, writing nothing.

    Raises Refusal where a rule doesn't allow it.
    """
    inside_decision("trading")
    listing = desk.pricing.listings.by_symbol[deal.symbol]
    before = next((row for row in desk.rows.values() if row.instrument_id == deal.symbol), None)
    opens = before is None or Side(before.side) is deal.side or deal.volume > before.volume
    if opens:
        require_standing(desk.account.client_id, now=desk.now)
        if not listing.is_tradable:
            raise refusals.not_tradable(deal.symbol)
    try:
        dealt = _filled(desk, deal, listing, before, opens=opens)
    except NotPriceable as unpriced:
        raise refusals.not_priceable(unpriced) from None
    if opens:
        _refuse_uncovered(desk, dealt)
    return dealt


def _filled(desk: Desk, deal: Deal, listing: Listing, before: PositionRow | None, *, opens: bool) -> Dealt:
    pricing = desk.pricing
    quote = pricing.fresh_quote(deal.symbol)
    margin = _asked_margin(desk, listing) if opens else None
    fill = Fill(
        position_id=uuid7(),
        terms=listing.terms,
        side=deal.side,
        volume=deal.volume,
        price=quote.opening_price(deal.side),
        at=desk.now,
        # Of a fill that opens nothing no margin is asked, so the share isn't looked at.
        margin_share=margin.share.share if margin else Fraction(1),
        account_currency=desk.currency,
        margin_pairs=margin.pairs if margin else (),
        profit_pairs=pricing.fresh_pairs(listing.terms.quote.code),
    )
    outcome = apply_fill(desk.position(before) if before else None, fill)
    commission = _commission(desk, listing, deal.volume)
    converted = {listing.terms.quote.code}
    converted |= {margin.exposure_currency} if margin else set()
    converted |= {listing.commission_currency} if commission else set()
    after = _state_after(desk, before, outcome, commission)
    return Dealt(
        deal=deal,
        quote=quote,
        fill=fill,
        margin=margin,
        before=before,
        outcome=outcome,
        commission=commission,
        conversions=pricing.evidence(converted),
        after=after,
        equity=after.equity if all(position.fresh for position in after.positions) else None,
    )


def _asked_margin(desk: Desk, listing: Listing) -> AskedMargin:
    """The share of the exposure asked as margin: by the jurisdiction's cap or the account's leverage, if
    lower.
    """
    version = current_cell().jurisdiction.rule_version_at("leverage_caps", desk.now)
    try:
        share = margin_share(
            caps=desk.rules.leverage_caps,
            terms=listing.terms,
            category=desk.category,
            account_leverage=desk.account.leverage,
        )
    except InstrumentRefused as refused:
        raise refusals.not_for_category(refused, version) from None
    source = exposure_currency(terms=listing.terms, account_currency=desk.currency)
    return AskedMargin(
        share=share,
        rule=version.label if share.set_by == "cap" else "trading-account/leverage",
        exposure_currency=source,
        pairs=desk.pricing.fresh_pairs(source),
    )


def _commission(desk: Desk, listing: Listing, volume: Decimal) -> Money:
    amount = Fraction(listing.commission_per_lot) * Fraction(volume)
    if not amount:
        return Money(0, desk.currency)
    return desk.pricing.charge(amount, currency(listing.commission_currency))


def _state_after(desk: Desk, before: PositionRow | None, outcome: NettingOutcome, commission: Money) -> AccountState:
    """The account with the fill: costs booked, and the position at the price that closing it would bring
    now.
    """
    untouched = (row for row in desk.rows.values() if before is None or row.id != before.id)
    positions = [desk.pricing.value(desk.position(row)) for row in untouched]
    if outcome.position is not None:
        positions.append(desk.pricing.value(outcome.position))
    return AccountState(
        cash=desk.cash + outcome.realised - commission,
        positions=tuple(positions),
        opposite_positions=desk.rules.opposite_positions,
    )


def _refuse_uncovered(desk: Desk, dealt: Dealt) -> None:
    """An order opens only if equity covers the total initial margin after the fill, costs included."""
    for position in dealt.after.positions:
        if not position.fresh:
            raise refusals.equity_unknown(position.symbol)
    check = OpeningCheck(equity_after=dealt.after.equity, required_after=dealt.after.required)
    if not check.allowed:
        assert dealt.margin is not None
        raise refusals.above_margin(dealt.deal, dealt.fill.price, dealt.margin, check)

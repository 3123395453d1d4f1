"""What an account is worth at the quotes in hand: equity, margin, margin level, what could leave it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.utils import timezone

from fintech.cells import current_cell
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import Position, TradingAccount
from trading.rules.close_out import AccountState, ValuedPosition
from trading.selectors.instruments import listings
from trading.selectors.market import Market
from trading.selectors.positions import as_rules_take_it, open_positions
from trading.selectors.pricing import Pricing


@dataclass(frozen=True, kw_only=True)
class AccountOverview:
    """An account at a moment. `level` is the margin level in percent, None with nothing open.

    `fresh` is false while the quote of some position is missing or old: then equity is what was last known.
    """

    account: TradingAccount
    as_of: datetime
    cash: Money
    equity: Money
    required: Money
    free: Money
    withdrawable: Money
    level: Decimal | None
    positions: tuple[ValuedPosition, ...]
    fresh: bool


@dataclass(frozen=True, kw_only=True)
class PositionAt:
    """A position at a moment. `floating` is what closing it would bring, None for one that is closed."""

    id: UUID
    trading_account_id: UUID
    instrument: str
    side: str
    volume: Decimal
    open_price: Decimal
    opened_at: datetime
    closed_at: datetime | None
    margin: Money
    realised: Money
    floating: Money | None


def overview(account: TradingAccount, market: Market) -> AccountOverview:
    """An account at the quotes in hand, as it stands now; no lock is taken, and nothing is decided by it."""
    rows = list(open_positions(account.id))
    pricing = _pricing_now({row.instrument_id for row in rows}, market, account.currency)
    rules = current_cell().jurisdiction.rules_at(pricing.now)
    state = AccountState(
        cash=Money(Book("trading").balance(account.account_number).posted, pricing.currency),
        positions=tuple(_valued(row, pricing) for row in rows),
        opposite_positions=rules.opposite_positions,
    )
    return AccountOverview(
        account=account,
        as_of=pricing.now,
        cash=state.cash,
        equity=state.equity,
        required=state.required,
        free=state.equity - state.required,
        withdrawable=withdrawable(state),
        level=percent(state.level),
        positions=state.positions,
        fresh=all(position.fresh for position in state.positions),
    )


def positions_at(rows: Iterable[Position], market: Market) -> list[PositionAt]:
    """Positions (with their accounts) at the quotes in hand."""
    found = list(rows)
    symbols = {row.instrument_id for row in found}
    pricing = {code: _pricing_now(symbols, market, code) for code in {row.trading_account.currency for row in found}}
    return [_at(row, pricing[row.trading_account.currency]) for row in found]


def withdrawable(state: AccountState) -> Money:
    """What may leave the account: the lesser of cash and of equity less initial margin, and never less than
    nothing.
    """
    nothing = Money(0, state.cash.currency)
    return max(nothing, min(state.cash, state.equity - state.required))


def percent(level: Fraction | None) -> Decimal | None:
    """A level of 1 as 100.00, rounded down, so that what is shown is never better than what is."""
    if level is None:
        return None
    return Decimal(level.numerator * 10_000 // level.denominator).scaleb(-2)


def _pricing_now(symbols: set[str], market: Market, currency_code: str) -> Pricing:
    now = timezone.now()
    return Pricing(
        listings=listings(symbols),
        market=market,
        now=now,
        currency=currency(currency_code),
        maximum_age_seconds=current_cell().jurisdiction.rules_at(now).quote_max_age_seconds,
    )


def _valued(row: Position, pricing: Pricing) -> ValuedPosition:
    terms = pricing.listings.by_symbol[row.instrument_id].terms
    return pricing.value(as_rules_take_it(row, terms=terms, currency=pricing.currency))


def _at(row: Position, pricing: Pricing) -> PositionAt:
    return PositionAt(
        id=row.id,
        trading_account_id=row.trading_account_id,
        instrument=row.instrument_id,
        side=row.side,
        volume=row.volume,
        open_price=row.open_price,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        margin=Money(row.margin_minor, pricing.currency),
        realised=Money(row.realised_minor, pricing.currency),
        floating=None if row.closed_at else _valued(row, pricing).floating,
    )

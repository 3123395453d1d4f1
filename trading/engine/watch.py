"""What the engine keeps in mind: accounts with something open, so that a quote is judged without asking a
database.

All of it is rebuilt from the database; nothing is decided by it. It says where to look: what is done there is
judged again under the account's lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from fintech.cells import current_cell
from fintech.factlog.reading import subject_seq
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import Position as PositionRow
from trading.models import TradingAccount
from trading.rules.close_out import AccountState
from trading.rules.positions import Position
from trading.selectors.instruments import Listings, listings
from trading.selectors.market import Market
from trading.selectors.positions import as_rules_take_it
from trading.selectors.pricing import NotPriceable, Pricing, conversion
from trading.services.cash import SUBJECT


@dataclass(frozen=True, kw_only=True)
class WatchedAccount:
    """An account as last read. `seq` is its last fact's number; `symbols` are the quotes that its equity
    hangs on.
    """

    trading_account_id: UUID
    seq: int
    cash: Money
    margin_called: bool
    positions: tuple[Position, ...]
    symbols: frozenset[str]
    listings: Listings

    def state(self, market: Market, now: datetime) -> AccountState:
        """The account at these quotes."""
        rules = current_cell().jurisdiction.rules_at(now)
        pricing = Pricing(
            listings=self.listings,
            market=market,
            now=now,
            currency=self.cash.currency,
            maximum_age_seconds=rules.quote_max_age_seconds,
        )
        return AccountState(
            cash=self.cash,
            positions=tuple(pricing.value(position) for position in self.positions),
            opposite_positions=rules.opposite_positions,
        )

    def event(self, market: Market) -> str:
        """What makes this moment of the account another than the last: its own facts, and the latest
        quote.
        """
        quotes = [market.quotes[symbol] for symbol in self.symbols if symbol in market.quotes]
        latest = max(((quote.at, quote.symbol) for quote in quotes), default=None)
        moment = f"{latest[1]}@{latest[0].isoformat()}" if latest else "no quote"
        return f"{self.trading_account_id}:{self.seq}:{moment}"


def load_watched() -> dict[UUID, WatchedAccount]:
    """Every account with an open position, or with a margin call that still stands."""
    open_in_it = PositionRow.objects.filter(trading_account=OuterRef("pk"), closed_at=None)
    accounts = TradingAccount.objects.filter(Exists(open_in_it) | Q(margin_called_at__isnull=False))
    rows: dict[UUID, list[PositionRow]] = {account.id: [] for account in accounts}
    for row in PositionRow.objects.filter(closed_at=None).order_by("opened_at", "id"):
        rows.setdefault(row.trading_account_id, []).append(row)
    known = listings()
    return {account.id: _watched(account, rows[account.id], known) for account in accounts}


def _watched(account: TradingAccount, rows: list[PositionRow], known: Listings) -> WatchedAccount:
    unit = currency(account.currency)
    positions = tuple(
        as_rules_take_it(row, terms=known.by_symbol[row.instrument_id].terms, currency=unit) for row in rows
    )
    return WatchedAccount(
        trading_account_id=account.id,
        seq=subject_seq("trading", (SUBJECT, str(account.id))),
        cash=Money(Book("trading").balance(account.account_number).posted, unit),
        margin_called=account.margin_called_at is not None,
        positions=positions,
        symbols=frozenset(symbol for position in positions for symbol in _hangs_on(position, known, unit.code)),
        listings=known,
    )


def _hangs_on(position: Position, known: Listings, account_currency: str) -> tuple[str, ...]:
    try:
        return (position.symbol, *conversion(known, position.terms.quote.code, account_currency))
    except NotPriceable:
        return (position.symbol,)

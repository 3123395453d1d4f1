"""What the engine keeps in mind: accounts with something open, so that a quote is judged without asking a
database.

All of it is rebuilt from the database; nothing is decided by it. It says where to look: what is done there is
judged again under the account's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from fintech.cells import current_cell
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import Position as PositionRow
from trading.models import TradingAccount
from trading.rules.close_out import AccountState
from trading.rules.positions import Position
from trading.selectors.instruments import Listings, listings
from trading.selectors.market import Market
from trading.selectors.positions import as_rules_take_it, open_positions
from trading.selectors.pricing import NotPriceable, Pricing, conversion
from trading.selectors.trading_accounts import last_seqs


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


def load_watched(known: Mapping[UUID, WatchedAccount]) -> dict[UUID, WatchedAccount]:
    """Every account with an open position, or with a margin call that still stands.

    Of those `known` already only the ones that have a new fact are read again: whatever changes an account's
    cash or positions records one.
    """
    open_in_it = PositionRow.objects.filter(trading_account=OuterRef("pk"), closed_at=None)
    accounts = list(TradingAccount.objects.filter(Exists(open_in_it) | Q(margin_called_at__isnull=False)))
    offered = listings()
    # The numbers first: what is read after them can only be younger, and is then read once more.
    seqs = last_seqs([account.id for account in accounts])
    watched = {}
    for account in accounts:
        seq, before = seqs.get(account.id, 0), known.get(account.id)
        same = before is not None and before.seq == seq and before.listings == offered
        watched[account.id] = before if before and same else _watched(account, seq, offered)
    return watched


def _watched(account: TradingAccount, seq: int, offered: Listings) -> WatchedAccount:
    unit = currency(account.currency)
    positions = tuple(
        as_rules_take_it(row, terms=offered.by_symbol[row.instrument_id].terms, currency=unit)
        for row in open_positions(account.id)
    )
    return WatchedAccount(
        trading_account_id=account.id,
        seq=seq,
        cash=Money(Book("trading").balance(account.account_number).posted, unit),
        margin_called=account.margin_called_at is not None,
        positions=positions,
        symbols=frozenset(symbol for position in positions for symbol in _hangs_on(position, offered, unit.code)),
        listings=offered,
    )


def _hangs_on(position: Position, offered: Listings, account_currency: str) -> tuple[str, ...]:
    try:
        return (position.symbol, *conversion(offered, position.terms.quote.code, account_currency))
    except NotPriceable:
        return (position.symbol,)

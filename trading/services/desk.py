"""The desk: one account under lock, with all that a decision about it needs to see.

Opening it locks the account's row, so whoever decides on the account's positions or cash goes one by one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fintech.cells import alias_for, current_cell, prepared_calls
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.journal import Refusal, current_decision, inside_decision
from fintech.jurisdictions import Rules
from fintech.ledger.currencies import Currency, currency
from fintech.ledger.money import Money
from trading.models import Position as PositionRow
from trading.models import TradingAccount
from trading.rules.close_out import AccountState
from trading.rules.positions import Position
from trading.rules.terms import ClientCategory
from trading.selectors.instruments import listings
from trading.selectors.market import Market
from trading.selectors.positions import as_rules_take_it, open_positions
from trading.selectors.pricing import Pricing
from trading.services.cash import cash_of
from trading.services.standing import category_of


@dataclass(kw_only=True)
class Desk:
    """An account under lock at the moment `now`; `cash` and `rows` (open positions by id) follow what is
    dealt.
    """

    account: TradingAccount
    now: datetime
    rules: Rules
    category: ClientCategory
    pricing: Pricing
    cash: Money
    rows: dict[UUID, PositionRow]

    @property
    def currency(self) -> Currency:
        """The account's currency."""
        return self.cash.currency

    def state(self) -> AccountState:
        """Cash and positions, each at the quotes in hand."""
        return AccountState(
            cash=self.cash,
            positions=tuple(self.pricing.value(self.position(row)) for row in self.rows.values()),
            opposite_positions=self.rules.opposite_positions,
        )

    def position(self, row: PositionRow) -> Position:
        """One of its open positions, as the rules take it."""
        terms = self.pricing.listings.by_symbol[row.instrument_id].terms
        return as_rules_take_it(row, terms=terms, currency=self.currency)


def open_desk(trading_account_id: UUID, *, market: Market, symbols: Collection[str] = ()) -> Desk:
    """Lock an account and see all of it; `symbols` are instruments to see besides those of its open
    positions.

    Raises Refusal for an account that doesn't exist, isn't the acting client's own, or is closed.
    """
    account = lock_account(trading_account_id)
    now = database_time()
    rows = {row.id: row for row in _open_positions.all(account.id)}
    rules = current_cell().jurisdiction.rules_at(now)
    return Desk(
        account=account,
        now=now,
        rules=rules,
        category=category_of(account.client_id),
        pricing=Pricing(
            listings=listings({*symbols, *(row.instrument_id for row in rows.values())}),
            market=market,
            now=now,
            currency=currency(account.currency),
            maximum_age_seconds=rules.quote_max_age_seconds,
        ),
        cash=cash_of(account),
        rows=rows,
    )


def lock_account(trading_account_id: UUID) -> TradingAccount:
    """Lock the row of an open account. Raises Refusal for one that doesn't exist, is another client's, or is
    closed.
    """
    inside_decision("trading")
    account = account_for_update.first(trading_account_id)
    if account is None or not may_act_for(account.client_id):
        raise Refusal("trading-account-unknown", "There is no such trading account.", status=404)
    if account.status == TradingAccount.Status.CLOSED:
        raise Refusal("trading-account-closed", "This trading account was closed.", closed_at=account.closed_at)
    return account


def database_time() -> datetime:
    """The database's clock now; crm's heartbeats and every record come from the same one."""
    moment: datetime = prepared_calls.row(alias_for("trading"), "SELECT clock_timestamp()")[0]
    return moment


account_for_update = PreparedLookUp(
    lambda trading_account_id: TradingAccount.objects.select_for_update(no_key=True).filter(id=trading_account_id)
)
_open_positions = PreparedLookUp(open_positions)


def may_act_for(client_id: UUID) -> bool:
    """A client acts for nobody but themselves; staff and the product's own parts aren't bound to one
    client.
    """
    kind, _, identity = current_decision().request.actor.partition(":")
    return kind != "client" or identity == str(client_id)

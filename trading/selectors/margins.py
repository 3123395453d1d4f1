"""What an account is worth at the quotes in hand: equity, margin, margin level, what could leave it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils import timezone

from fintech.cells import current_cell
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.models import TradingAccount
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


def overview(account: TradingAccount, market: Market) -> AccountOverview:
    """An account at the quotes in hand, as it stands now; no lock is taken, and nothing is decided by it."""
    now = timezone.now()
    rules = current_cell().jurisdiction.rules_at(now)
    rows = list(open_positions(account.id))
    unit = currency(account.currency)
    pricing = Pricing(
        listings=listings({row.instrument_id for row in rows}),
        market=market,
        now=now,
        currency=unit,
        maximum_age_seconds=rules.quote_max_age_seconds,
    )
    state = AccountState(
        cash=Money(Book("trading").balance(account.account_number).posted, unit),
        positions=tuple(
            pricing.value(
                as_rules_take_it(row, terms=pricing.listings.by_symbol[row.instrument_id].terms, currency=unit)
            )
            for row in rows
        ),
        opposite_positions=rules.opposite_positions,
    )
    return AccountOverview(
        account=account,
        as_of=now,
        cash=state.cash,
        equity=state.equity,
        required=state.required,
        free=state.equity - state.required,
        withdrawable=withdrawable(state),
        level=percent(state.level),
        positions=state.positions,
        fresh=all(position.fresh for position in state.positions),
    )


def withdrawable(state: AccountState) -> Money:
    """What may leave the account: the lesser of cash and of equity less initial margin, and never less than nothing."""
    nothing = Money(0, state.cash.currency)
    return max(nothing, min(state.cash, state.equity - state.required))


def percent(level: Fraction | None) -> Decimal | None:
    """A level of 1 as 100.00, rounded down, so that what is shown is never better than what is."""
    if level is None:
        return None
    return Decimal(level.numerator * 10_000 // level.denominator).scaleb(-2)

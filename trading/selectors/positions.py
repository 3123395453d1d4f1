"""Reading positions, and turning their rows into what the rules take."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from fintech.ledger.currencies import Currency
from fintech.ledger.money import Money
from trading.models import Position as PositionRow
from trading.rules.positions import Position
from trading.rules.terms import InstrumentTerms, Side


def positions_of(client_id: UUID) -> QuerySet[PositionRow]:
    """A client's positions, open and closed."""
    return PositionRow.objects.filter(trading_account__client_id=client_id).select_related(
        "trading_account", "instrument"
    )


def open_positions(trading_account_id: UUID) -> QuerySet[PositionRow]:
    """What is open in an account, oldest first."""
    return PositionRow.objects.filter(trading_account_id=trading_account_id, closed_at=None).order_by("opened_at", "id")


def as_rules_take_it(row: PositionRow, *, terms: InstrumentTerms, currency: Currency) -> Position:
    """An open position's row as the rules see it; amounts are in the account's currency."""
    return Position(
        position_id=row.id,
        terms=terms,
        side=Side(row.side),
        volume=row.volume,
        open_price=row.open_price,
        opened_at=row.opened_at,
        original_volume=row.original_volume,
        original_margin=Money(row.original_margin_minor, currency),
    )

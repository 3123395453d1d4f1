"""Reading trading accounts and what happened in them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from trading.models import Order, TradingAccount


def accounts_of(client_id: UUID) -> QuerySet[TradingAccount]:
    """A client's trading accounts, closed ones too."""
    return TradingAccount.objects.filter(client_id=client_id)


def account_of(client_id: UUID, trading_account_id: UUID) -> TradingAccount | None:
    """One of a client's own accounts; None for one that isn't theirs or doesn't exist."""
    return accounts_of(client_id).filter(id=trading_account_id).first()


def orders_of(client_id: UUID) -> QuerySet[Order]:
    """A client's orders, each with its fill."""
    return Order.objects.filter(trading_account__client_id=client_id).select_related("fill", "trading_account")

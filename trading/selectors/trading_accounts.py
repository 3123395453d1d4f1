"""Reading trading accounts and what happened in them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from fintech.cells import alias_for
from trading.models import Order, TradingAccount


def accounts_of(client_id: UUID) -> QuerySet[TradingAccount]:
    """A client's trading accounts, closed ones too."""
    return TradingAccount.objects.filter(client_id=client_id)


def account_of(client_id: UUID, trading_account_id: UUID) -> TradingAccount | None:
    """One of a client's own accounts; None for one that isn't theirs or doesn't exist."""
    return accounts_of(client_id).filter(id=trading_account_id).first()


def last_seqs(trading_account_ids: Collection[UUID]) -> dict[UUID, int]:
    """The number of each account's last fact, in one look."""
    with connections[alias_for("trading")].cursor() as cursor:
        cursor.execute(
            "SELECT id, seq FROM factlog_subject WHERE type = 'trading_account' AND id = ANY (%s)",
            [[str(identity) for identity in trading_account_ids]],
        )
        return {UUID(identity): seq for identity, seq in cursor.fetchall()}


def orders_of(client_id: UUID) -> QuerySet[Order]:
    """A client's orders, each with its fill."""
    return Order.objects.filter(trading_account__client_id=client_id).select_related("fill", "trading_account")

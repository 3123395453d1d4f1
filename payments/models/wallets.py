"""Wallets: a client's money, one per currency. The balance is the ledger's."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from payments.models.columns import CURRENCY


class Wallet(models.Model):
    """A client's wallet. `account_number` is its account in the ledger; a broker's wallet has its id as `client_id`.

    Its row is the lock of everything that depends on where the client's money came from.
    """

    columns = Columns(plain=("id", "client_id", "entity", "currency", "account_number", "opened_at"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    entity = models.CharField(max_length=40)
    currency = models.CharField(**CURRENCY)
    account_number = models.BigIntegerField(unique=True)
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "payments_wallet"
        default_permissions = ("view",)
        constraints = [
            # Two wallets in a currency would be two balances, and each would look like the whole.
            models.UniqueConstraint(name="payments_wallet_one_per_currency", fields=["client_id", "currency"]),
            # House accounts are negative: no wallet is one of them.
            models.CheckConstraint(name="payments_wallet_account", condition=Q(account_number__gt=0)),
            models.CheckConstraint(name="payments_wallet_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")),
        ]

    def __str__(self) -> str:
        return str(self.account_number)

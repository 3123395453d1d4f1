"""Transfers between wallets and trading accounts, as payments books them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from payments.models.columns import CURRENCY
from payments.models.wallets import Wallet


class WalletTransfer(models.Model):
    """Money that left a wallet for trading, or came from there; `transfer_id` is the ledger's.

    `trading_account_id` is known where this side decided; money that comes in is told by trading's own transfer.
    """

    class Direction(models.TextChoices):
        """Which way the money went."""

        TO_TRADING = "to_trading", "to trading"
        TO_WALLET = "to_wallet", "to the wallet"

    columns = Columns(
        plain=(
            "id",
            "wallet_id",
            "client_id",
            "direction",
            "cause",
            "trading_account_id",
            "source_transfer_id",
            "amount_minor",
            "currency",
            "transfer_id",
            "recorded_at",
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transfers")
    client_id = models.UUIDField(db_index=True)
    direction = models.CharField(max_length=20, choices=Direction)
    cause = models.CharField(max_length=40)
    trading_account_id = models.UUIDField(null=True)
    source_transfer_id = models.BigIntegerField("trading's transfer", null=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(**CURRENCY)
    transfer_id = models.BigIntegerField(unique=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "payments_wallet_transfer"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="payments_wallet_transfer_amount", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="payments_wallet_transfer_direction",
                condition=Q(direction="to_trading", trading_account_id__isnull=False)
                | Q(direction="to_wallet", source_transfer_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

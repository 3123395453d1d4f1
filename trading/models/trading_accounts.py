"""Trading accounts: cash, positions and margin of one client in one currency."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from trading.models.columns import CURRENCY, is_currency


class TradingAccount(models.Model):
    """A trading account. Its row is the lock of everything that changes its positions or cash.

    `account_number` is its cash account's in the ledger. `leverage` is the account's own; the jurisdiction's
    cap may ask for more margin, never for less. `margin_called_at` is set while a margin call stands.
    """

    class Kind(models.TextChoices):
        """How fills become positions: one per instrument, or one per fill."""

        NETTING = "netting"
        HEDGING = "hedging"

    class Status(models.TextChoices):
        """A closed account is never opened again."""

        OPEN = "open"
        CLOSED = "closed"

    columns = Columns(
        plain=(
            "id",
            "client_id",
            "entity",
            "account_number",
            "currency",
            "kind",
            "leverage",
            "status",
            "opened_at",
            "closed_at",
            "margin_called_at",
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField(db_index=True)
    entity = models.CharField(max_length=40)
    account_number = models.BigIntegerField(unique=True)
    currency = models.CharField(**CURRENCY)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    leverage = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    margin_called_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "trading_account"
        verbose_name = "trading account"
        constraints = [
            # Below 1 a client would have to pay more than the whole exposure.
            models.CheckConstraint(name="trading_account_leverage", condition=Q(leverage__gte=1)),
            # House accounts are negative: no client's cash can be one of them.
            models.CheckConstraint(name="trading_account_number", condition=Q(account_number__gt=0)),
            models.CheckConstraint(name="trading_account_currency", condition=is_currency("currency")),
            models.CheckConstraint(name="trading_account_kind", condition=Q(kind__in=["netting", "hedging"])),
            # Status and moment say the same thing.
            models.CheckConstraint(
                name="trading_account_closed",
                condition=Q(status="open", closed_at=None) | Q(status="closed", closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.account_number)

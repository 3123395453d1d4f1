"""What introducing brokers earn: schemes, accruals, payouts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from trading.models.columns import CURRENCY, PRICE, is_currency
from trading.models.orders import Fill


class CommissionScheme(models.Model):
    """What each level earns a lot, level 1 first, for fills from `effective_from` on.

    A change is another scheme with a later date: the one in effect at a fill's moment pays it.
    """

    columns = Columns(plain=("id", "name", "currency", "per_lot", "effective_from"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    currency = models.CharField(**CURRENCY)
    per_lot = ArrayField(models.DecimalField(**PRICE))
    effective_from = models.DateTimeField(unique=True)

    class Meta:
        db_table = "trading_commission_scheme"
        verbose_name = "commission scheme"
        constraints = [
            models.CheckConstraint(name="trading_commission_scheme_currency", condition=is_currency("currency")),
        ]

    def __str__(self) -> str:
        return self.name


class CommissionPayout(models.Model):
    """A sum of accruals that went to an introducing broker's wallet."""

    columns = Columns(plain=("id", "ib_id", "entity", "currency", "amount_minor", "accruals", "transfer_id", "paid_at"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ib_id = models.UUIDField(db_index=True)
    entity = models.CharField(max_length=40)
    currency = models.CharField(**CURRENCY)
    amount_minor = models.BigIntegerField()
    accruals = models.PositiveIntegerField()
    transfer_id = models.BigIntegerField(unique=True)
    paid_at = models.DateTimeField()

    class Meta:
        db_table = "trading_commission_payout"
        verbose_name = "commission payout"
        constraints = [
            # A transfer of nothing can't be booked, so a payout of nothing isn't one.
            models.CheckConstraint(name="trading_commission_payout_amount", condition=Q(amount_minor__gt=0)),
        ]

    def __str__(self) -> str:
        return str(self.id)


class CommissionAccrual(models.Model):
    """What one level earned on one fill; never changed but for the payout that pays it."""

    columns = Columns(
        plain=(
            "id",
            "fill_id",
            "ib_id",
            "level",
            "client_id",
            "entity",
            "scheme_id",
            "amount_minor",
            "currency",
            "filled_at",
            "payout_id",
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fill = models.ForeignKey(Fill, on_delete=models.PROTECT, related_name="accruals")
    ib_id = models.UUIDField()
    level = models.PositiveSmallIntegerField()
    client_id = models.UUIDField()
    entity = models.CharField(max_length=40)
    scheme = models.ForeignKey(CommissionScheme, on_delete=models.PROTECT, related_name="accruals")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(**CURRENCY)
    filled_at = models.DateTimeField()
    payout = models.ForeignKey(CommissionPayout, on_delete=models.PROTECT, related_name="paid", null=True)

    class Meta:
        db_table = "trading_commission_accrual"
        verbose_name = "commission accrual"
        constraints = [
            # Each level is paid once for a fill, however often the fill's fact comes.
            models.UniqueConstraint(name="trading_commission_accrual_once", fields=["fill", "level"]),
            models.CheckConstraint(
                name="trading_commission_accrual_amount", condition=Q(amount_minor__gt=0, level__gte=1)
            ),
        ]
        indexes = [
            models.Index(
                name="trading_commission_unpaid",
                fields=["ib_id", "currency", "entity", "id"],
                condition=Q(payout=None),
            )
        ]

    def __str__(self) -> str:
        return f"level {self.level} of {self.fill_id}"

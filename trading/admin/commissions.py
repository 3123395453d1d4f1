"""Commission schemes, accruals and payouts, for reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.contrib import admin

from crm.admin.base import ReadOnlyAdmin
from trading.models import CommissionAccrual, CommissionPayout, CommissionScheme


@admin.register(CommissionScheme)
class CommissionSchemeAdmin(ReadOnlyAdmin):
    """What each level earns."""

    list_display = ("name", "currency", "per_lot", "effective_from")
    labels: ClassVar[Mapping[str, str]] = {"per_lot": "per lot, level 1 first"}
    ordering = ("-effective_from",)


@admin.register(CommissionAccrual)
class CommissionAccrualAdmin(ReadOnlyAdmin):
    """What was earned, fill by fill."""

    list_display = (
        "filled_at",
        "ib_id",
        "level",
        "client_id",
        "amount_minor",
        "scheme",
        "payout",
    )
    list_filter = ("currency", "level", ("payout", admin.EmptyFieldListFilter))
    search_fields = ("=ib_id", "=client_id", "=fill__id")
    ordering = ("-id",)


@admin.register(CommissionPayout)
class CommissionPayoutAdmin(ReadOnlyAdmin):
    """What was paid to wallets."""

    list_display = ("paid_at", "ib_id", "amount_minor", "accruals", "transfer_id")
    list_filter = ("currency",)
    search_fields = ("=ib_id",)
    ordering = ("-id",)

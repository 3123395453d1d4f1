"""Instruments, accounts, orders, fills and positions, for reading."""

from __future__ import annotations

from django.contrib import admin

from crm.admin.base import ReadOnlyAdmin
from trading.models import ClientStanding, Fill, Instrument, Order, Position, TradingAccount


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    """What can be dealt in."""

    list_display = ("symbol", "name", "instrument_class", "quote", "contract_size", "digits", "is_tradable")
    list_filter = ("instrument_class", "is_tradable")
    search_fields = ("symbol", "name")


@admin.register(TradingAccount)
class TradingAccountAdmin(ReadOnlyAdmin):
    """Accounts; their facts stand in the history."""

    list_display = (
        "account_number",
        "client_id",
        "entity",
        "currency",
        "kind",
        "leverage",
        "status",
        "margin_called_at",
        "opened_at",
    )
    list_filter = ("entity", "currency", "status")
    search_fields = ("=account_number", "=client_id")
    ordering = ("-id",)
    history_subject = "trading_account"


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders that were filled; refused ones stand in the journal."""

    list_display = ("placed_at", "trading_account", "instrument", "side", "volume", "purpose", "placed_by")
    list_filter = ("purpose", "side", "instrument")
    list_select_related = ("trading_account", "instrument")
    search_fields = ("=id", "=trading_account__account_number")
    ordering = ("-id",)


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    """Fills with the quotes that they were made at."""

    list_display = (
        "filled_at",
        "trading_account",
        "instrument",
        "side",
        "volume",
        "price",
        "outcome",
        "realised_minor",
        "commission_minor",
        "quote_bid",
        "quote_ask",
        "quote_at",
    )
    list_filter = ("outcome", "instrument")
    list_select_related = ("trading_account", "instrument")
    search_fields = ("=id", "=trading_account__account_number")
    ordering = ("-id",)


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    """Positions, open and closed."""

    list_display = (
        "opened_at",
        "trading_account",
        "instrument",
        "side",
        "volume",
        "open_price",
        "margin_minor",
        "realised_minor",
        "closed_at",
    )
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "instrument")
    list_select_related = ("trading_account", "instrument")
    search_fields = ("=id", "=trading_account__account_number")
    ordering = ("-id",)


@admin.register(ClientStanding)
class ClientStandingAdmin(ReadOnlyAdmin):
    """Trading's copy of clients' standing."""

    list_display = ("client_id", "entity", "category", "status", "verified", "risk", "may_trade", "since")
    list_filter = ("status", "category", "verified", "may_trade")
    search_fields = ("=client_id",)
    ordering = ("client_id",)

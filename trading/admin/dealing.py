"""Instruments, accounts, orders, fills and positions, for reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.admin.base import ReadOnlyAdmin, Table
from fintech.http.columns import column_leads_to
from fintech.http.showing import EMPTY, compact, decimal_text, link, minor_units, moment, money, price
from fintech.ledger.book import Book
from trading.models import ClientStanding, Fill, Instrument, Order, Position, TradingAccount
from trading.selectors.margins import AccountOverview, overview
from trading.selectors.market import read_market
from trading.selectors.positions import open_positions

column_leads_to("trading_account_id", "trading.tradingaccount")


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    """What can be dealt in."""

    list_display = ("symbol", "name", "instrument_class", "quote", "contract_size", "digits", "is_tradable")
    list_filter = ("instrument_class", "is_tradable")
    search_fields = ("symbol", "name")


@admin.register(TradingAccount)
class TradingAccountAdmin(ReadOnlyAdmin):
    """Accounts: cash is the ledger's; equity and margin stand on an account's page, at the quotes in hand."""

    list_display = (
        *("account_number", "client_id", "cash", "entity", "kind", "leverage", "status"),
        *("margin_called_at", "opened_at"),
    )
    list_filter = ("entity", "currency", "status")
    search_fields = ("=account_number", "=client_id")
    ordering = ("-id",)
    history_subject = "trading_account"
    fieldsets = (
        (
            None,
            {"fields": ("id", "client_id", "entity", "account_number", "currency", "kind", "leverage", "status")},
        ),
        ("Worth", {"fields": ("cash", "equity", "initial_margin", "free_margin", "margin_level", "valued_at")}),
        ("Moments", {"fields": ("opened_at", "margin_called_at", "closed_at")}),
    )

    def look_up(self, rows: Sequence[Any]) -> None:
        """The cash of all of them."""
        found = Book("trading").balances([account.account_number for account in rows])
        for account in rows:
            account.shown_cash = found[account.account_number].posted

    def cash(self, account: Any) -> SafeString:
        """What the ledger has booked."""
        return minor_units(account.shown_cash, account.currency)

    def equity(self, account: TradingAccount) -> SafeString:
        """Cash and unrealised result."""
        return money(_worth(account).equity)

    def initial_margin(self, account: TradingAccount) -> SafeString:
        """What the open positions hold."""
        return money(_worth(account).required)

    def free_margin(self, account: TradingAccount) -> SafeString:
        """What new positions may take."""
        return money(_worth(account).free)

    def margin_level(self, account: TradingAccount) -> str | None:
        """Equity by initial margin; none with nothing open."""
        level = _worth(account).level
        return None if level is None else f"{level} %"

    def valued_at(self, account: TradingAccount) -> SafeString | str:
        """The moment, if the quotes are fresh."""
        worth = _worth(account)
        return moment(worth.as_of) if worth.fresh else "the last quotes known: a position's is missing or too old"

    def tables_of(self, request: HttpRequest, obj: TradingAccount) -> list[Table]:
        """The positions that are open."""
        headings = ("Opened", "Position", "Open price", "Margin", "Floating", "Quote")
        valued = {each.position_id: each for each in _worth(obj).positions}
        shown: Any = self.admin_site.get_model_admin(Position)
        rows = [
            (
                link(shown.object_url(row), moment(row.opened_at)),
                str(row),
                price(row.open_price, row.instrument.digits),
                minor_units(row.margin_minor, obj.currency),
                money(valued[row.pk].floating) if row.pk in valued else EMPTY,
                "fresh" if row.pk in valued and valued[row.pk].fresh else "old or missing",
            )
            for row in open_positions(obj.pk).select_related("instrument")
        ]
        return [Table(title="Open positions", headings=headings, rows=rows)]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders that were filled; refused ones stand in the journal."""

    list_display = ("placed_at", "trading_account", "instrument", "side", "volume", "purpose", "placed_by")
    list_filter = ("purpose", "side", "instrument")
    search_fields = ("=id", "=trading_account__account_number")
    ordering = ("-id",)


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    """Fills with the quotes that they were made at."""

    list_display = (
        *("filled_at", "trading_account", "instrument", "side", "volume", "price", "outcome"),
        *("realised_minor", "commission_minor", "quote_bid", "quote_ask"),
    )
    list_filter = ("outcome", "instrument")
    search_fields = ("=id", "=trading_account__account_number")
    ordering = ("-id",)
    prices = ("price", "quote_bid", "quote_ask")
    labels = {"required_minor": "margin required then", "equity_minor": "equity then"}


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin):
    """Positions, open and closed."""

    list_display = (
        *("opened_at", "trading_account", "instrument", "side", "volume", "original_volume", "open_price"),
        *("margin_minor", "realised_minor", "closed_at"),
    )
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "instrument")
    search_fields = ("=id", "=trading_account__account_number")
    ordering = ("-id",)
    prices = ("open_price",)

    def currency_of(self, row: Position) -> str:
        """The account's."""
        return row.trading_account.currency

    def tables_of(self, request: HttpRequest, obj: Position) -> list[Table]:
        """The fills that opened and closed it."""
        shown: Any = self.admin_site.get_model_admin(Fill)
        rows = [
            (
                link(shown.object_url(fill), moment(fill.filled_at)),
                fill.side,
                decimal_text(fill.volume),
                price(fill.price, obj.instrument.digits),
                fill.outcome,
                minor_units(fill.realised_minor, fill.currency),
                compact(str(fill.order_id)),
            )
            for fill in obj.fills.order_by("filled_at", "id")
        ]
        headings = ("Filled", "Side", "Volume", "Price", "Outcome", "Realised", "Order")
        return [Table(title="Fills", headings=headings, rows=rows)]


@admin.register(ClientStanding)
class ClientStandingAdmin(ReadOnlyAdmin):
    """Trading's copy of clients' standing."""

    list_display = ("client_id", "entity", "category", "status", "verified", "risk", "may_trade", "since")
    list_filter = ("status", "category", "verified", "may_trade")
    search_fields = ("=client_id",)
    ordering = ("client_id",)


def _worth(account: Any) -> AccountOverview:
    """What an account is worth, looked up once a page although many lines show it."""
    found: AccountOverview | None = getattr(account, "shown_worth", None)
    if found is None:
        found = account.shown_worth = overview(account, read_market())
    return found

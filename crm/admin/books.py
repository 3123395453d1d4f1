"""The ledger, for reading: accounts with their balances, transfers and holds of each concern's book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.admin.platform import PlatformAdmin, concern_of_row
from fintech.http.showing import minor_units
from fintech.ledger.accounts import HOUSE_CLIENT_ID, account_currency, is_house
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import house_account
from fintech.ledger.models import LedgerAccount, LedgerHold, LedgerHoldChange, LedgerTransfer
from fintech.ledger.transfer_codes import TransferCode


class BookAdmin(PlatformAdmin):
    """Rows of a book: payments' or trading's."""

    concerns: ClassVar[tuple[str, ...]] = ("payments", "trading")
    search_fields = ("pk",)
    search_help_text = "An account's number, a row's number, or a client's id."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exact matches only, of what is indexed."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            client_id = UUID(term)
        except ValueError:
            number = term.removeprefix("-")
            if not (number.isascii() and number.isdecimal() and len(number) <= 18):
                return queryset.none(), False
            return queryset.filter(self.numbered(int(term))), False
        accounts = LedgerAccount.objects.using(queryset.db).filter(client_id=client_id)
        return queryset.filter(self.of_accounts(list(accounts.values_list("number", flat=True)))), False

    def numbered(self, number: int) -> Q:
        """The rows of this number, or of the account of this number."""
        raise NotImplementedError

    def of_accounts(self, numbers: list[int]) -> Q:
        """The rows of these client accounts."""
        raise NotImplementedError

    @admin.display(description="client")
    def client(self, row: Any) -> UUID | None:
        """Whose it is; nobody's if it is the house's alone."""
        return None if row.client_id == HOUSE_CLIENT_ID else row.client_id


@admin.register(LedgerAccount)
class LedgerAccountAdmin(BookAdmin):
    """Accounts. Negative numbers are the house's."""

    list_display = ("number", "kind", "purpose", "client", "booked", "held", "opened_at")
    list_filter = (*PlatformAdmin.list_filter, "kind")
    fields = ("number", "kind", "purpose", "client", "booked", "held", "opened_at")

    def look_up(self, rows: Sequence[LedgerAccount]) -> None:
        """The balances of all of them."""
        if rows:
            book, numbers = Book(concern_of_row(rows[0])), [row.number for row in rows]
            found = book.house_balances([number for number in numbers if is_house(number)])
            found |= book.balances([number for number in numbers if not is_house(number)])
            for row in rows:
                row.shown_balance = found[row.number]  # type: ignore[attr-defined]

    def numbered(self, number: int) -> Q:
        """The account."""
        return Q(number=number)

    def of_accounts(self, numbers: list[int]) -> Q:
        """The accounts."""
        return Q(number__in=numbers)

    def purpose(self, account: LedgerAccount) -> str | None:
        """What a house account is for."""
        if not is_house(account.number):
            return None
        return house_account(account.number).purpose.name.lower().replace("_", " ")

    @admin.display(description="balance")
    def booked(self, account: Any) -> SafeString:
        """What is booked: credits less debits."""
        return minor_units(account.shown_balance.posted, account.shown_balance.currency.code)

    def held(self, account: Any) -> SafeString | None:
        """What of it is set aside; nothing ever is of the house's."""
        if is_house(account.number):
            return None
        return minor_units(account.shown_balance.held, account.shown_balance.currency.code)


@admin.register(LedgerTransfer)
class LedgerTransferAdmin(BookAdmin):
    """Transfers, newest first: each one amount, from the account debited to the account credited."""

    list_display = ("id", "recorded_at", "cause", "debit", "credit", "money", "client", "value_date")
    fields = (
        *("id", "journal_id", "leg", "cause", "debit", "credit", "money", "client", "balance_after"),
        *("reference", "corrects", "value_date", "recorded_at"),
    )

    def numbered(self, number: int) -> Q:
        """The transfer, or those of the account."""
        return Q(debit=number) | Q(credit=number) if is_house(number) else Q(pk=number) | Q(client_account=number)

    def of_accounts(self, numbers: list[int]) -> Q:
        """The transfers of the accounts."""
        return Q(client_account__in=numbers)

    def cause(self, transfer: LedgerTransfer) -> str:
        """Why it was booked."""
        return TransferCode(transfer.code).word

    @admin.display(description="amount")
    def money(self, transfer: LedgerTransfer) -> SafeString:
        """The amount."""
        return minor_units(transfer.amount, account_currency(transfer.debit).code)

    @admin.display(description="client's balance after")
    def balance_after(self, transfer: LedgerTransfer) -> SafeString:
        """What the client's account held then."""
        return minor_units(transfer.client_balance, account_currency(transfer.debit).code)


@admin.register(LedgerHold)
class LedgerHoldAdmin(BookAdmin):
    """Money set aside, and what is left of it."""

    list_display = ("id", "recorded_at", "account", "client", "cause", "money", "left", "expires_at")
    fields = ("id", "journal_id", "account", "client", "cause", "money", "left", "recorded_at", "expires_at")

    def look_up(self, rows: Sequence[LedgerHold]) -> None:
        """What is left of each: the last change says."""
        if rows:
            changes = LedgerHoldChange.objects.using(rows[0]._state.db).filter(hold_id__in=[row.pk for row in rows])
            left = dict(changes.order_by("hold_id", "number").values_list("hold_id", "remaining"))
            for row in rows:
                row.remaining = left.get(row.pk, row.amount)  # type: ignore[attr-defined]

    def numbered(self, number: int) -> Q:
        """The hold, or those of the account."""
        return Q(pk=number) | Q(account=number)

    def of_accounts(self, numbers: list[int]) -> Q:
        """The holds of the accounts."""
        return Q(account__in=numbers)

    def cause(self, hold: LedgerHold) -> str:
        """Why it was set aside."""
        return TransferCode(hold.code).word

    @admin.display(description="amount")
    def money(self, hold: LedgerHold) -> SafeString:
        """What was set aside."""
        return minor_units(hold.amount, account_currency(hold.account).code)

    def left(self, hold: LedgerHold) -> SafeString:
        """What still is."""
        return minor_units(hold.remaining, account_currency(hold.account).code)  # type: ignore[attr-defined]

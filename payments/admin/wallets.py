"""Wallets with their balances, deposits, sources and transfers; and a withdrawal on a client's behalf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString

from crm.admin.base import DecisionForm, ReadOnlyAdmin, object_action
from fintech.http.showing import money
from fintech.journal import Refusal
from fintech.ledger.money import Money
from payments.admin.showing import waiting_for
from payments.admin.withdrawals import REQUEST, withdrawal_url
from payments.models import Deposit, PaymentSource, Wallet, WalletTransfer
from payments.rules.next_steps import deposit_step
from payments.selectors.sources import displays_of
from payments.selectors.wallets import balances_of
from payments.services.sources import close_source, verify_bank_account
from payments.services.withdrawals import request_withdrawal

VERIFY = "payments.verify_source"


class RequestForm(DecisionForm):
    """An amount in the wallet's currency."""

    amount = forms.CharField(max_length=20, help_text="In the wallet's currency, such as 1250.00.")

    def clean_amount(self) -> str:
        """A plain decimal number above zero; how many decimals the currency has is judged with the wallet."""
        text: str = self.cleaned_data["amount"].strip()
        if not text.replace(".", "", 1).isdecimal() or not float(text) > 0:
            raise ValidationError("Enter a plain number above zero, such as 1250.00.")
        return text


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    """Clients' wallets. Balances are the ledger's."""

    history_subject = "wallet"
    list_display = ("account_number", "client_id", "entity", "currency", "balance", "held", "available")
    list_filter = ("currency", "entity")
    ordering = ("-id",)
    search_fields = ("id__exact", "client_id__exact", "account_number__exact")
    fields = (
        *("id", "client_id", "entity", "currency", "account_number"),
        *("balance", "held", "available", "opened_at"),
    )

    def look_up(self, rows: Sequence[Wallet]) -> None:
        """The balances of all of them."""
        for found in balances_of(rows):
            found.wallet.shown = found  # type: ignore[attr-defined]

    def balance(self, wallet: Any) -> SafeString:
        """What is booked."""
        return money(wallet.shown.balance)

    def held(self, wallet: Any) -> SafeString:
        """What is set aside for withdrawals."""
        return money(wallet.shown.held)

    def available(self, wallet: Any) -> SafeString:
        """What can be spent."""
        return money(wallet.shown.available)

    @object_action("Request a withdrawal for the client", permission=REQUEST, form=RequestForm)
    def request_withdrawal(self, request: HttpRequest, wallet: Wallet, *, key: str, reason: str, amount: str) -> str:
        """Ask for a withdrawal on the client's behalf; others approve it."""
        try:
            asked = Money.of(amount, wallet.currency)
        except ValueError as error:
            raise Refusal("amount-not-valid", f"This is no amount: {error}.", status=422) from None
        withdrawal_id = request_withdrawal(
            key=key, reason=reason, client_id=wallet.client_id, wallet_id=wallet.pk, amount=asked
        )
        return (
            f"The withdrawal {withdrawal_id} waits for an approval by somebody else ({withdrawal_url(withdrawal_id)})."
        )


@admin.register(Deposit)
class DepositAdmin(ReadOnlyAdmin):
    """Deposits."""

    history_subject = "deposit"
    list_display = ("reference", "amount_minor", "client_id", "method", "state", "next_step", "state_since")
    list_filter = ("state", "method", "psp", "currency")
    ordering = ("-id",)
    search_fields = ("id__exact", "client_id__exact", "reference__exact", "psp_reference__exact")

    @admin.display(description="next step")
    def next_step(self, deposit: Deposit) -> str:
        """What is to happen next, and who does it."""
        return waiting_for(deposit_step(deposit.state, has_page=bool(deposit.page_url)))


@admin.register(PaymentSource)
class PaymentSourceAdmin(ReadOnlyAdmin):
    """Clients' cards and bank accounts."""

    history_subject = "payment_source"
    list_display = ("id", "client_id", "kind", "psp", "accepts_returns", "verified_at", "first_seen_at")
    list_filter = ("kind", "psp", "accepts_returns")
    ordering = ("-id",)
    search_fields = ("id__exact", "client_id__exact")
    fields = (
        *("id", "client_id", "kind", "shown_as", "psp", "accepts_returns"),
        *("first_seen_at", "verified_at", "verified_by"),
    )

    @admin.display(description="shown as")
    def shown_as(self, source: PaymentSource) -> str:
        """As the provider shows it."""
        return displays_of([source])[source.pk]

    @object_action(
        "Verify as the client's own",
        permission=VERIFY,
        offered=lambda source: source.kind == "bank" and source.verified_at is None,
    )
    def verify(self, request: HttpRequest, source: PaymentSource, *, key: str, reason: str) -> str:
        """Let withdrawals beyond what came from it go there."""
        verify_bank_account(key=key, reason=reason, source_id=source.pk)
        return "The bank account is the client's own: withdrawals may go there."

    @object_action("Close", permission=VERIFY, offered=lambda source: source.accepts_returns)
    def close(self, request: HttpRequest, source: PaymentSource, *, key: str, reason: str) -> str:
        """Let nothing more go back there."""
        close_source(key=key, reason=reason, source_id=source.pk)
        return "Nothing goes back there any more. Withdrawals that wait keep their plan: plan them anew."


@admin.register(WalletTransfer)
class WalletTransferAdmin(ReadOnlyAdmin):
    """Transfers between wallets and trading."""

    list_display = ("id", "amount_minor", "client_id", "direction", "cause", "recorded_at")
    list_filter = ("direction", "cause", "currency")
    ordering = ("-id",)
    search_fields = ("id__exact", "client_id__exact", "transfer_id__exact", "trading_account_id__exact")

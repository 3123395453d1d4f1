"""What payments' API takes and gives."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fintech.http.serializers import (
    InstantField,
    MoneyField,
    NumberIdField,
    PublicIdField,
    ShownSerializer,
    StrictSerializer,
    TextField,
)
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from payments.models import Deposit, Payout, Wallet, WalletTransfer, Withdrawal
from payments.rules.next_steps import NextStep, deposit_step, withdrawal_step
from payments.rules.states import DEPOSIT, PAYOUT, WITHDRAWAL
from payments.selectors.sources import displays_of
from payments.selectors.wallets import WalletBalance, balance_of, balances_of
from payments.selectors.withdrawals import plan_of


class OpenWalletSerializer(StrictSerializer):
    """What opening a wallet takes."""

    currency = TextField(min_length=3, max_length=3, help_text="ISO 4217 code of a base currency.")


class BeginDepositSerializer(StrictSerializer):
    """What a deposit takes."""

    wallet_id = PublicIdField()
    amount = MoneyField()
    method = serializers.ChoiceField(choices=Deposit.Method.choices)


class RequestWithdrawalSerializer(StrictSerializer):
    """What a withdrawal takes."""

    wallet_id = PublicIdField()
    amount = MoneyField()


class CancelSerializer(StrictSerializer):
    """Cancelling takes nothing but the address."""


class SendTransferSerializer(StrictSerializer):
    """What a transfer to a trading account takes."""

    direction = serializers.ChoiceField(
        choices=[("to_trading", "to trading")],
        help_text="The other way is the trading account's to send: POST trading-accounts/{id}/transfers.",
    )
    wallet_id = PublicIdField()
    trading_account_id = PublicIdField()
    amount = MoneyField()


class NextStepSerializer(ShownSerializer[NextStep]):
    """What happens next, whose turn it is, and since when it waits."""

    step = serializers.CharField()
    held_by = serializers.ChoiceField(choices=[(holder, holder) for holder in ("client", "staff", "psp", "us")])
    text = serializers.CharField()
    since = InstantField()


class _Wallets(serializers.ListSerializer[Any]):
    """Several wallets, whose balances are looked up together."""

    def to_representation(self, data: Any) -> list[Any]:
        """Each wallet as the child shows it."""
        return [_shown(found) for found in balances_of(data)]


class WalletSerializer(ShownSerializer[Wallet]):
    """A wallet with its balance."""

    class Meta:
        list_serializer_class = _Wallets

    id = serializers.UUIDField()
    currency = serializers.CharField()
    account_number = NumberIdField()
    balance = MoneyField(positive=False)
    held = MoneyField(positive=False, help_text="Set aside for withdrawals under way; part of the balance.")
    available = MoneyField(positive=False)
    opened_at = InstantField()

    def to_representation(self, instance: Wallet) -> dict[str, Any]:
        """The wallet's row and what the ledger says of it."""
        return _shown(balance_of(instance))


def _shown(found: WalletBalance) -> dict[str, Any]:
    wallet = found.wallet
    return {
        "id": str(wallet.pk),
        "currency": wallet.currency,
        "account_number": str(wallet.account_number),
        "balance": found.balance.wire,
        "held": found.held.wire,
        "available": found.available.wire,
        "opened_at": InstantField().to_representation(wallet.opened_at),
    }


class _Pending(ShownSerializer[Any]):
    """What every payment shows alike."""

    id = serializers.UUIDField()
    wallet_id = serializers.UUIDField()
    amount = serializers.SerializerMethodField()
    state_since = InstantField()
    requested_at = InstantField()
    next_step = serializers.SerializerMethodField()

    @extend_schema_field(MoneyField())
    def get_amount(self, payment: Deposit | Withdrawal) -> dict[str, str]:
        """The amount asked for."""
        return _money(payment.amount_minor, payment.currency)


class DepositSerializer(_Pending):
    """A deposit: where it stands, and where to pay."""

    method = serializers.ChoiceField(choices=Deposit.Method.choices)
    state = serializers.ChoiceField(choices=[(state, state) for state in DEPOSIT])
    reference = serializers.CharField(help_text="What the provider and the bank statement name it by.")
    page_url = serializers.CharField(allow_null=True, help_text="The provider's page to pay on; null until it's open.")
    failure_code = serializers.CharField(allow_null=True)

    @extend_schema_field(NextStepSerializer(allow_null=True))
    def get_next_step(self, deposit: Deposit) -> dict[str, Any] | None:
        """The next step; null once it has ended."""
        return _step(deposit_step(deposit.state, has_page=bool(deposit.page_url)), deposit.state_since)

    def to_representation(self, instance: Deposit) -> dict[str, Any]:
        """The page's address only while it can be paid on."""
        shown: dict[str, Any] = super().to_representation(instance)
        if instance.state != "requested":
            shown["page_url"] = None
        return shown


class PlanLegSerializer(ShownSerializer[Payout]):
    """One part of a plan: what goes where."""

    to = serializers.CharField(help_text="The card or bank account, as the provider shows it.")
    kind = serializers.ChoiceField(choices=[("card", "card"), ("bank", "bank")])
    amount = MoneyField()
    state = serializers.ChoiceField(choices=[(state, state) for state in PAYOUT])
    failure_code = serializers.CharField(allow_null=True)


class WithdrawalSerializer(_Pending):
    """A withdrawal: its plan, its approvals, and what happens next."""

    state = serializers.ChoiceField(choices=[(state, state) for state in WITHDRAWAL])
    approvals_given = serializers.IntegerField()
    approvals_needed = serializers.IntegerField()
    decision_reason = serializers.CharField(help_text="Why it was rejected; empty otherwise.")
    plan = serializers.SerializerMethodField()

    @extend_schema_field(NextStepSerializer(allow_null=True))
    def get_next_step(self, withdrawal: Withdrawal) -> dict[str, Any] | None:
        """The next step; null once it has ended."""
        given: int = withdrawal.approvals_given  # type: ignore[attr-defined]  # annotated by the selector
        step = withdrawal_step(withdrawal.state, approvals=given, needed=withdrawal.approvals_needed)
        return _step(step, withdrawal.state_since)

    @extend_schema_field(PlanLegSerializer(many=True))
    def get_plan(self, withdrawal: Withdrawal) -> list[dict[str, Any]]:
        """Which source gets how much."""
        payouts = plan_of(withdrawal)
        names = displays_of([payout.destination for payout in payouts])
        return [
            {
                "to": names[payout.destination_id],
                "kind": payout.destination.kind,
                "amount": _money(payout.amount_minor, payout.currency),
                "state": payout.state,
                "failure_code": payout.failure_code,
            }
            for payout in payouts
        ]


class TransferSerializer(ShownSerializer[WalletTransfer]):
    """A transfer between a wallet and trading."""

    id = serializers.UUIDField()
    wallet_id = serializers.UUIDField()
    direction = serializers.ChoiceField(choices=WalletTransfer.Direction.choices)
    cause = serializers.CharField(help_text="`transfer`, or `commission` of an introducing broker.")
    trading_account_id = serializers.UUIDField(allow_null=True)
    amount = serializers.SerializerMethodField()
    transfer_id = NumberIdField()
    recorded_at = InstantField()

    @extend_schema_field(MoneyField())
    def get_amount(self, transfer: WalletTransfer) -> dict[str, str]:
        """How much moved."""
        return _money(transfer.amount_minor, transfer.currency)


def _money(minor: int, code: str) -> dict[str, str]:
    return Money(minor, currency(code)).wire


def _step(step: NextStep | None, since: Any) -> dict[str, Any] | None:
    if step is None:
        return None
    shown = {"step": step.step, "held_by": step.held_by, "text": step.text}
    return {**shown, "since": InstantField().to_representation(since)}

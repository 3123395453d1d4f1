"""Withdrawals: what is set aside, its plan, who approved it, and the payouts that carry it out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fintech.cells.identifiers import uuid7
from fintech.privacy.declarations import Columns
from payments.models.columns import CODE, CURRENCY, choices_of, is_state_of
from payments.models.sources import PaymentSource
from payments.models.wallets import Wallet
from payments.rules.states import PAYOUT, WITHDRAWAL


class Withdrawal(models.Model):
    """A withdrawal. `hold_id` is the ledger's; `plan_digest` names the plan that approvals are bound to.

    `maker_id` is the staff member who asked for it on the client's behalf, `planner_id` the one who last changed its
    plan: neither approves it. `approvals_rule` names the version of the rule that says how many approvals it needs.
    """

    columns = Columns(
        plain=(
            "id",
            "wallet_id",
            "client_id",
            "amount_minor",
            "currency",
            "state",
            "state_since",
            "hold_id",
            "plan_number",
            "plan_digest",
            "approvals_needed",
            "approvals_rule",
            "requested_by",
            "maker_id",
            "planner_id",
            "requested_at",
            "decision_reason",
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="withdrawals")
    client_id = models.UUIDField(db_index=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(**CURRENCY)
    state = models.CharField(max_length=20, choices=choices_of(WITHDRAWAL), default="requested")
    state_since = models.DateTimeField()
    hold_id = models.BigIntegerField(unique=True)
    plan_number = models.PositiveSmallIntegerField(default=1)
    plan_digest = models.CharField(max_length=64)
    approvals_needed = models.PositiveSmallIntegerField()
    approvals_rule = models.CharField(max_length=80)
    requested_by = models.CharField(max_length=80)
    maker_id = models.UUIDField("maker (user)", null=True)
    planner_id = models.UUIDField("planner (user)", null=True)
    requested_at = models.DateTimeField()
    decision_reason = models.TextField(default="")

    class Meta:
        db_table = "payments_withdrawal"
        default_permissions = ("view",)
        permissions = [
            ("approve_withdrawal", "Can approve and reject withdrawals"),
            ("request_withdrawal", "Can request withdrawals on clients' behalf, and plan them anew"),
        ]
        constraints = [
            models.CheckConstraint(name="payments_withdrawal_state", condition=is_state_of(WITHDRAWAL)),
            models.CheckConstraint(name="payments_withdrawal_amount", condition=Q(amount_minor__gt=0)),
            # Money never leaves without a person's yes.
            models.CheckConstraint(name="payments_withdrawal_approvals", condition=Q(approvals_needed__gte=1)),
        ]
        indexes = [models.Index(name="payments_withdrawal_of_wallet", fields=["wallet", "state"])]

    def __str__(self) -> str:
        return str(self.id)


class WithdrawalApproval(models.Model):
    """One staff member's yes to one plan; never changed, never taken back."""

    columns = Columns(plain=("id", "withdrawal_id", "staff_id", "plan_digest", "reason", "approved_at"))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="approvals")
    staff_id = models.UUIDField("staff member (user)")
    plan_digest = models.CharField(max_length=64)
    reason = models.TextField()
    approved_at = models.DateTimeField()

    class Meta:
        db_table = "payments_withdrawal_approval"
        default_permissions = ("view",)
        constraints = [
            # Two approvals are two people's.
            models.UniqueConstraint(
                name="payments_withdrawal_approval_once", fields=["withdrawal", "staff_id", "plan_digest"]
            ),
            models.CheckConstraint(name="payments_withdrawal_approval_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.withdrawal_id} by {self.staff_id}"


class Payout(models.Model):
    """One part of a withdrawal's plan: an amount to one destination, sent through its PSP once.

    `attempts` counts how often the PSP was asked; the same key goes with each, so that it pays once.
    """

    columns = Columns(
        plain=(
            "id",
            "withdrawal_id",
            "plan_number",
            "number",
            "destination_id",
            "psp",
            "reference",
            "amount_minor",
            "currency",
            "state",
            "state_since",
            "attempts",
            "asked_at",
            "psp_reference",
            "failure_code",
            "transfer_id",
        )
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.PROTECT, related_name="payouts")
    plan_number = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    destination = models.ForeignKey(PaymentSource, on_delete=models.PROTECT, related_name="payouts")
    psp = models.CharField(max_length=40)
    reference = models.CharField(max_length=80, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(**CURRENCY)
    state = models.CharField(max_length=20, choices=choices_of(PAYOUT), default="planned")
    state_since = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField("PSP asked about it at", null=True)
    psp_reference = models.CharField(**CODE, null=True)
    failure_code = models.CharField(**CODE, null=True)
    transfer_id = models.BigIntegerField(unique=True, null=True)

    class Meta:
        db_table = "payments_payout"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="payments_payout_state", condition=is_state_of(PAYOUT)),
            models.CheckConstraint(name="payments_payout_amount", condition=Q(amount_minor__gt=0)),
            models.UniqueConstraint(name="payments_payout_of_plan", fields=["withdrawal", "plan_number", "number"]),
            # Paid and booked are one thing.
            models.CheckConstraint(
                name="payments_payout_paid_is_booked",
                condition=Q(state="paid", transfer_id__isnull=False) | (~Q(state="paid") & Q(transfer_id__isnull=True)),
            ),
        ]
        indexes = [
            # What a bell looks for every two seconds.
            models.Index(
                name="payments_payout_under_way",
                fields=["state_since"],
                condition=Q(state__in=["planned", "sending", "unknown", "sent"]),
            )
        ]

    def __str__(self) -> str:
        return self.reference

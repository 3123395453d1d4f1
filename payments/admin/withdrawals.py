"""Withdrawals: the queue of payments' staff, the plan that they approve, and how it's carried out."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from crm.admin.base import DecisionForm, Queue, ReadOnlyAdmin, home_queue, object_action
from crm.admin.object_actions import ObjectAction
from fintech.http.showing import minor_units, moment
from payments.admin.showing import waiting_for
from payments.models import Payout, Withdrawal
from payments.rules.next_steps import withdrawal_step
from payments.rules.states import UNSENT
from payments.selectors.sources import displays_of
from payments.selectors.withdrawals import plan_of, with_approvals, withdrawals_to_approve
from payments.services.publishing import publish_withdrawal
from payments.services.withdrawals import approve_withdrawal, reject_withdrawal, replan_withdrawal

APPROVE = "payments.approve_withdrawal"
REQUEST = "payments.request_withdrawal"


class ApprovalForm(DecisionForm):
    """Carries the digest of the plan that the page showed: a plan that changed since then isn't approved by it."""

    plan_digest = forms.CharField(widget=forms.HiddenInput, min_length=64, max_length=64)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """Withdrawals, the ones that have waited longest first."""

    history_subject = "withdrawal"
    list_display = ("id", "amount_minor", "client_id", "state", "approvals_of_plan", "next_step", "state_since")
    list_filter = ("state", "currency")
    ordering = ("state_since", "id")
    search_fields = ("id__exact", "client_id__exact", "payouts__reference__exact")
    fields = (
        "id",
        "client_id",
        "wallet",
        "amount_minor",
        "state",
        "state_since",
        "next_step",
        "plan",
        "plan_digest",
        "approvals_of_plan",
        "approvals_rule",
        "given_approvals",
        "requested_by",
        "maker_id",
        "planner_id",
        "requested_at",
        "decision_reason",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Withdrawal]:
        """With the number of approvals of the present plan."""
        return with_approvals(super().get_queryset(request).select_related("wallet"))

    @admin.display(description="approvals")
    def approvals_of_plan(self, withdrawal: Withdrawal) -> str:
        """How many the present plan has, of how many it needs."""
        return f"{withdrawal.approvals_given} of {withdrawal.approvals_needed}"  # type: ignore[attr-defined]

    @admin.display(description="next step")
    def next_step(self, withdrawal: Withdrawal) -> str:
        """What is to happen next, and who does it."""
        given: int = withdrawal.approvals_given  # type: ignore[attr-defined]  # annotated by get_queryset
        return waiting_for(withdrawal_step(withdrawal.state, approvals=given, needed=withdrawal.approvals_needed))

    @admin.display(description="plan")
    def plan(self, withdrawal: Withdrawal) -> SafeString:
        """Which card or account gets how much, and how far that is."""
        payouts = plan_of(withdrawal)
        names = displays_of([payout.destination for payout in payouts])
        return format_html_join(
            SafeString("<br>"),
            "{} to {}: {}{}",
            (
                (
                    minor_units(payout.amount_minor, payout.currency),
                    names[payout.destination_id],
                    payout.get_state_display(),
                    f" ({payout.failure_code})" if payout.failure_code else "",
                )
                for payout in payouts
            ),
        )

    @admin.display(description="approvals given")
    def given_approvals(self, withdrawal: Withdrawal) -> SafeString:
        """Each approval, and whether it is of the present plan."""
        return format_html_join(
            SafeString("<br>"),
            "{} at {}: {}{}",
            (
                (
                    approval.staff_id,
                    moment(approval.approved_at),
                    approval.reason,
                    "" if approval.plan_digest == withdrawal.plan_digest else " (of an earlier plan: doesn't count)",
                )
                for approval in withdrawal.approvals.order_by("approved_at")
            ),
        )

    @object_action(
        "Approve", permission=APPROVE, form=ApprovalForm, offered=lambda withdrawal: withdrawal.state == "requested"
    )
    def approve(self, request: HttpRequest, withdrawal: Withdrawal, *, key: str, reason: str, plan_digest: str) -> str:
        """Approve the plan that was shown."""
        taken = approve_withdrawal(key=key, reason=reason, withdrawal_id=withdrawal.pk, plan_digest=plan_digest)
        if not taken.approved:
            return f"Your approval is noted: {taken.approvals} of {taken.needed}. Another person's is needed."
        publish_withdrawal(withdrawal.pk)
        return "The withdrawal is approved and is being sent."

    @object_action("Reject", permission=APPROVE, offered=lambda withdrawal: withdrawal.state in UNSENT)
    def reject(self, request: HttpRequest, withdrawal: Withdrawal, *, key: str, reason: str) -> str:
        """Reject it; the client sees the reason."""
        reject_withdrawal(key=key, reason=reason, withdrawal_id=withdrawal.pk)
        return "The withdrawal is rejected: the money is available again, the client sees the reason."

    @object_action("Plan anew", permission=REQUEST, offered=lambda withdrawal: withdrawal.state in UNSENT)
    def plan_anew(self, request: HttpRequest, withdrawal: Withdrawal, *, key: str, reason: str) -> str:
        """Plan it by the sources as they are now; another plan needs new approvals."""
        digest = replan_withdrawal(key=key, reason=reason, withdrawal_id=withdrawal.pk)
        if digest == withdrawal.plan_digest:
            return "The plan is the same as before: its approvals stand."
        return "The plan is another one: it needs new approvals."

    def _action_page(self, request: HttpRequest, obj: Model, button: ObjectAction, form: DecisionForm) -> HttpResponse:
        if not form.is_bound and isinstance(obj, Withdrawal):
            form.initial["plan_digest"] = obj.plan_digest
        response: HttpResponse = super()._action_page(request, obj, button, form)
        return response


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    """The parts of withdrawals, as they are sent through PSPs."""

    list_display = (
        "reference",
        "withdrawal_id",
        "amount_minor",
        "psp",
        "state",
        "state_since",
        "attempts",
        "failure_code",
    )
    list_filter = ("state", "psp", "currency")
    ordering = ("-id",)
    search_fields = ("reference__exact", "psp_reference__exact", "withdrawal__id__exact")


@home_queue(permission=APPROVE)
def withdrawals() -> Queue:
    """Withdrawals that wait for an approval."""
    waiting = withdrawals_to_approve()
    return Queue(
        title="Withdrawals to approve",
        holder="Payments",
        waiting=waiting.count,
        since=waiting.since,
        url=f"{reverse('admin:payments_withdrawal_changelist')}?state__exact=requested",
    )


def withdrawal_url(withdrawal_id: UUID) -> str:
    """The address of a withdrawal's page."""
    return reverse("admin:payments_withdrawal_change", args=[withdrawal_id])

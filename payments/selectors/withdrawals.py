"""Reading withdrawals, and finding those that wait for somebody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet

from payments.models import Payout, Withdrawal
from payments.rules.patience import PATIENCE, TRY_AGAIN_AFTER
from payments.selectors.psp_events import MOST_AT_ONCE, Waiting


def withdrawals_of_client(client_id: UUID) -> QuerySet[Withdrawal]:
    """A client's withdrawals, each with the number of approvals of its present plan."""
    return with_approvals(Withdrawal.objects.filter(client_id=client_id))


def with_approvals(withdrawals: QuerySet[Withdrawal]) -> QuerySet[Withdrawal]:
    """The same rows with `approvals_given`: how many people have approved the present plan."""
    return withdrawals.annotate(approvals_given=Count("approvals", filter=Q(approvals__plan_digest=F("plan_digest"))))


def withdrawal_of_client(client_id: UUID, withdrawal_id: UUID) -> Withdrawal | None:
    """One withdrawal, if it is this client's."""
    return withdrawals_of_client(client_id).filter(pk=withdrawal_id).first()


def plan_of(withdrawal: Withdrawal) -> list[Payout]:
    """The payouts of the present plan, in its order; those of a withdrawal that ended unsent, too."""
    payouts = Payout.objects.filter(withdrawal=withdrawal, plan_number=withdrawal.plan_number)
    return list(payouts.select_related("destination").order_by("number"))


def withdrawals_to_send(now: datetime, *, limit: int = MOST_AT_ONCE) -> list[UUID]:
    """Withdrawals that may be sent and have payouts that aren't begun, or are to be tried again."""
    due = Q(payouts__attempts=0) | Q(payouts__state_since__lt=now - TRY_AGAIN_AFTER)
    waiting = Withdrawal.objects.filter(due, state__in=["approved", "sending", "unknown"], payouts__state="planned")
    return list(waiting.order_by("state_since").values_list("pk", flat=True).distinct()[:limit])


def payouts_to_ask_about(now: datetime, *, limit: int = MOST_AT_ONCE) -> list[UUID]:
    """Payouts of which only the PSP can say how they stand, and which it wasn't asked about just now."""
    waits = Q()
    for state, patience in PATIENCE.items():
        quiet = Q(asked_at__isnull=True) | Q(asked_at__lt=now - patience.between_questions)
        waits |= Q(quiet, state=state, state_since__lte=now - patience.before_first)
    silent = Payout.objects.filter(waits).order_by("state_since")
    return list(silent.values_list("pk", flat=True)[:limit])


def withdrawals_to_approve() -> Waiting:
    """The withdrawals that wait for staff."""
    found = Withdrawal.objects.filter(state="requested").aggregate(count=Count("pk"), since=Min("state_since"))
    return Waiting(count=found["count"], since=found["since"])

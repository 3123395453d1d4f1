"""Reading stored messages of PSPs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min

from payments.models import Deposit, Payout, PspEvent
from payments.rules.psp_events import EventFacts
from payments.rules.states import EVENT

MOST_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many wait, and since when the first."""

    count: int
    since: datetime | None


def unapplied_events(*, limit: int = MOST_AT_ONCE) -> list[UUID]:
    """Messages that are stored and not yet applied, the oldest first."""
    stored = PspEvent.objects.filter(state="stored").order_by("received_at", "id")
    return list(stored.values_list("pk", flat=True)[:limit])


def unapplied_since() -> datetime | None:
    """When the oldest of the messages that are stored and not yet applied came; None while there is none."""
    since: datetime | None = PspEvent.objects.filter(state="stored").aggregate(since=Min("received_at"))["since"]
    return since


def events_to_replay(*, since: datetime | None = None) -> list[UUID]:
    """Every message but those that a person has dismissed, in the order in which they came."""
    events = PspEvent.objects.filter(state__in=set(EVENT) - {"dismissed"})
    if since is not None:
        events = events.filter(received_at__gte=since)
    return list(events.order_by("received_at", "id").values_list("pk", flat=True))


def events_in_review() -> Waiting:
    """The messages that wait for a person."""
    found = PspEvent.objects.filter(state="review").aggregate(count=Count("pk"), since=Min("state_since"))
    return Waiting(count=found["count"], since=found["since"])


def person_of_reference(reference: str | None) -> UUID | None:
    """The client whose deposit or payout this reference is; None when it is nobody's."""
    if reference is None:
        return None
    deposit = Deposit.objects.filter(reference=reference).values_list("client_id", flat=True).first()
    if deposit is not None:
        return deposit
    return Payout.objects.filter(reference=reference).values_list("withdrawal__client_id", flat=True).first()


def deposit_of_message(psp: str, *, reference: str | None, psp_reference: str | None) -> UUID | None:
    """The deposit that a message is about: by our reference, else by the payment that is the token of its source.

    Some providers' messages about a payment name nothing but the payment. None where that isn't one deposit's alone.
    """
    if reference is not None:
        return Deposit.objects.filter(reference=reference).values_list("pk", flat=True).first()
    if psp_reference is None:
        return None
    paid_from = Deposit.objects.filter(psp=psp, source__psp=psp, source__token=psp_reference)
    found = list(paid_from.values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def person_of_message(psp: str, *, reference: str | None, psp_reference: str | None) -> UUID | None:
    """The client whom a message is about; None when it is nobody's."""
    if reference is not None:
        return person_of_reference(reference)
    deposit_id = deposit_of_message(psp, reference=None, psp_reference=psp_reference)
    return None if deposit_id is None else Deposit.objects.values_list("client_id", flat=True).get(pk=deposit_id)


def subject_ids(reference: str | None) -> tuple[str, UUID] | None:
    """What a reference is of, for people: `deposit` or `withdrawal`, with its id; None when it is nobody's."""
    if reference is None:
        return None
    deposit_id = Deposit.objects.filter(reference=reference).values_list("pk", flat=True).first()
    if deposit_id is not None:
        return "deposit", deposit_id
    withdrawal_id = Payout.objects.filter(reference=reference).values_list("withdrawal_id", flat=True).first()
    return None if withdrawal_id is None else ("withdrawal", withdrawal_id)


def facts_of_event(event: PspEvent) -> EventFacts:
    """What a stored message says in ids, amounts and codes."""
    return EventFacts(
        type=event.type,
        reference=event.reference,
        psp_reference=event.psp_reference,
        amount_minor=event.amount_minor,
        currency=event.currency,
        failure_code=event.failure_code,
        chargeback_minor=event.chargeback_minor,
    )

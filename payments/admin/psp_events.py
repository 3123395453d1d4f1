"""Messages of PSPs, and the queue of those that a person has to decide on."""

from __future__ import annotations

import json

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from crm.admin.base import Queue, ReadOnlyAdmin, home_queue, object_action
from fintech.http.showing import EMPTY, block, compact, link, minor_units
from payments.models import PspEvent
from payments.selectors.psp_events import events_in_review, subject_ids
from payments.services.psp_event_storing import body_of
from payments.services.psp_events import review_psp_event
from payments.services.publishing import publish_event

REVIEW = "payments.review_event"
LONGEST_CONTENT = 4000


@admin.register(PspEvent)
class PspEventAdmin(ReadOnlyAdmin):
    """Every message that was proved; those in review wait for a person."""

    history_subject = "psp_event"
    list_display = ("event_id", "type", "about", "state", "why", "received_at", "state_since")
    list_filter = ("state", "why", "psp", "type")
    ordering = ("-received_at", "-id")
    search_fields = ("event_id__exact", "reference__exact", "psp_reference__exact")
    fields = (
        "id",
        "psp",
        "event_id",
        "type",
        "about",
        "says",
        "occurred_at",
        "received_at",
        "state",
        "state_since",
        "why",
        "attempts",
        "content",
    )

    @admin.display(description="about")
    def about(self, event: PspEvent) -> SafeString | str:
        """The deposit or withdrawal that it is about, as a link."""
        found = subject_ids(event.reference)
        if found is None:
            return event.reference or EMPTY
        page, identity = found
        return link(reverse(f"admin:payments_{page}_change", args=[identity]), compact(str(event.reference)))

    @admin.display(description="amount")
    def says(self, event: PspEvent) -> SafeString:
        """The amount that it names."""
        return minor_units(event.amount_minor, event.currency)

    @admin.display(description="content, without the payer")
    def content(self, event: PspEvent) -> SafeString:
        """The message's data, opened for whoever decides on it; what names the payer is left out."""
        data = {name: value for name, value in body_of(event).items() if name != "source"}
        return block(json.dumps(data, indent=2, ensure_ascii=False)[:LONGEST_CONTENT])

    @object_action("Apply again", permission=REVIEW, offered=lambda event: event.state == "review")
    def apply_again(self, request: HttpRequest, event: PspEvent, *, key: str, reason: str) -> str:
        """Have it tried again, once what stood in its way is gone."""
        review_psp_event(key=key, reason=reason, psp_event_id=event.pk, decision="apply-again")
        publish_event(event.pk)
        return "The message is tried again; if it can't be applied it comes back here."

    @object_action("Resolve without applying", permission=REVIEW, offered=lambda event: event.state == "review")
    def dismiss(self, request: HttpRequest, event: PspEvent, *, key: str, reason: str) -> str:
        """Leave it at that; the message and the reason stay on record."""
        review_psp_event(key=key, reason=reason, psp_event_id=event.pk, decision="dismiss")
        return "The message is resolved and stays on record with your reason."


@home_queue(permission=REVIEW)
def events() -> Queue:
    """Messages of PSPs that couldn't be applied."""
    waiting = events_in_review()
    return Queue(
        title="PSP messages to review",
        holder="Payments",
        waiting=waiting.count,
        since=waiting.since,
        url=f"{reverse('admin:payments_pspevent_changelist')}?state__exact=review",
    )

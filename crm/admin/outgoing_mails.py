"""Mails to people: that they were sent, never what they say."""

from __future__ import annotations

from django.contrib import admin

from crm.admin.base import ReadOnlyAdmin
from crm.models import OutgoingMail
from fintech.http.columns import column_leads_to

column_leads_to("person_id", "crm.client")


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """Mails that wait and mails that were sent; their contents are sealed, and gone once they are sent."""

    list_display = ("queued_at", "person_id", "template", "attempts", "due_at", "sent_at")
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    ordering = ("-queued_at",)
    search_fields = ("id__exact", "person_id__exact")
    labels = {"person_id": "person"}

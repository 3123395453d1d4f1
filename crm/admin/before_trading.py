"""What clients answered and accepted before trading. The answers say much about a person: a look is recorded."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.admin.base import ReadOnlyAdmin, Table
from crm.models import AppropriatenessTest, RiskWarningAcceptance
from crm.selectors.before_trading import answers_in
from crm.services.looks import record_client_read
from fintech.cells.identifiers import uuid7
from fintech.privacy.errors import Erased


@admin.register(AppropriatenessTest)
class AppropriatenessTestAdmin(ReadOnlyAdmin):
    """Answers to the questions asked before trading, as they were judged."""

    list_display = ("answered_at", "client_id", "kind", "questionnaire", "points", "out_of", "passed")
    list_filter = ("passed", "kind")
    ordering = ("-answered_at",)
    search_fields = ("id__exact", "client__id__exact")

    def open_person(self, obj: AppropriatenessTest) -> bool:
        """The answers say much about the client."""
        record_client_read(key=str(uuid7()), client_id=obj.client_id)
        return True

    def tables_of(self, request: HttpRequest, obj: Any) -> list[Table]:
        """The answers, once the look has been recorded."""
        if not obj.opened:
            return []
        try:
            rows = list(answers_in(obj).items())
        except Erased as error:
            return [Table(title="Answers", headings=("Question", "Answer"), rows=[], note=str(error))]
        return [Table(title="Answers", headings=("Question", "Answer"), rows=rows)]


@admin.register(RiskWarningAcceptance)
class RiskWarningAcceptanceAdmin(ReadOnlyAdmin):
    """Which version of which entity's risk warning clients accepted, and when first."""

    list_display = ("accepted_at", "client_id", "entity", "version")
    list_filter = ("entity", "version")
    ordering = ("-accepted_at",)
    search_fields = ("id__exact", "client__id__exact")

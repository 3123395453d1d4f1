"""What clients answered and accepted before trading. The answers say much about a person: a look is recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse

from crm.admin.base import ReadOnlyAdmin, Table
from crm.models import AppropriatenessTest, RiskWarningAcceptance
from crm.selectors.before_trading import answers_in
from crm.services.looks import record_client_read
from fintech.cells.identifiers import uuid7
from fintech.privacy.errors import Erased

READ = "crm.read_client"


@admin.register(AppropriatenessTest)
class AppropriatenessTestAdmin(ReadOnlyAdmin):
    """Answers to the questions asked before trading, as they were judged."""

    list_display = ("answered_at", "client_id", "kind", "questionnaire", "points", "out_of", "passed")
    list_filter = ("passed", "kind")
    ordering = ("-answered_at",)
    search_fields = ("id__exact", "client__id__exact")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The test's page; whoever may read the answers is recorded as having looked at the client's data."""
        if request.user.has_perm(READ) and self.has_view_permission(request):
            test = self.get_object(request, unquote(object_id))
            if test is not None:
                record_client_read(key=str(uuid7()), client_id=UUID(str(test.client_id)))
                request.may_read_person = True  # type: ignore[attr-defined]
        return super().change_view(request, object_id, form_url, extra_context)

    def tables_of(self, request: HttpRequest, obj: AppropriatenessTest) -> list[Table]:
        """The answers, once the look has been recorded."""
        if not getattr(request, "may_read_person", False):
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

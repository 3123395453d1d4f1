"""Identity cases: the queue of compliance, its decisions, and the documents, each look at which is recorded."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from crm.admin.base import Queue, ReadOnlyAdmin, home_queue, object_action
from crm.document_store import DocumentMissing
from crm.models import IdentityCase, IdentityDocument
from crm.selectors.identity_cases import cases_waiting, document_content
from crm.services.identity_cases import approve_identity_case, reject_identity_case
from crm.services.looks import record_document_read
from fintech.cells.identifiers import uuid7
from fintech.privacy.errors import Erased, Unreadable

DECIDE = "crm.decide_identity_case"
READ = "crm.read_document"
_EXTENSIONS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


@admin.register(IdentityCase)
class IdentityCaseAdmin(ReadOnlyAdmin):
    """Cases of clients who prove who they are."""

    list_display = ("id", "client_id", "state", "next_step", "opened_at", "submitted_at", "decided_at")
    list_filter = ("state",)
    ordering = ("submitted_at", "id")
    search_fields = ("id__exact", "client__id__exact")
    fields = (
        "id",
        "client",
        "state",
        "next_step",
        "opened_at",
        "submitted_at",
        "documents",
        "decided_at",
        "decided_by",
        "decision_reason",
    )

    def more_urls(self) -> list[URLPattern]:
        """The address of a document."""
        protect = self.admin_site.admin_view
        return [path("documents/<uuid:document_id>/", protect(self.document_view), name="crm_identitycase_document")]

    def document_view(self, request: HttpRequest, document_id: UUID) -> HttpResponse:
        """A document in clear, after the look has been recorded."""
        if not request.user.has_perm(READ):
            raise PermissionDenied
        document = IdentityDocument.objects.select_related("case").filter(pk=document_id).first()
        if document is None:
            raise Http404
        record_document_read(key=str(uuid7()), document_id=document_id)
        try:
            content = document_content(document)
        except (Erased, Unreadable, DocumentMissing) as error:
            return HttpResponse(f"{error}\n", status=410, content_type="text/plain; charset=utf-8")
        return _document_response(document, content)

    @admin.display(description="next step")
    def next_step(self, case: IdentityCase) -> str:
        """What is to happen next, and who does it."""
        steps = {"draft": "client: hand it in", "submitted": "compliance: approve or reject"}
        return steps.get(case.state, "-")

    def documents(self, case: IdentityCase) -> SafeString:
        """The documents, each a link that opens it."""
        return format_html_join(
            SafeString("<br>"),
            '<a href="{}">{}</a> ({}, {} bytes)',
            (
                (
                    reverse("admin:crm_identitycase_document", args=[document.pk]),
                    document.get_kind_display(),
                    document.media_type,
                    document.size_bytes,
                )
                for document in case.documents.order_by("id")
            ),
        )

    @object_action("Approve", permission=DECIDE, offered=lambda case: case.state == "submitted")
    def approve(self, request: HttpRequest, case: IdentityCase, *, key: str, reason: str) -> str:
        """Find the identity proved."""
        approve_identity_case(key=key, reason=reason, case_id=case.pk)
        return "The case is approved: the client is verified."

    @object_action("Reject", permission=DECIDE, offered=lambda case: case.state == "submitted")
    def reject(self, request: HttpRequest, case: IdentityCase, *, key: str, reason: str) -> str:
        """Find the identity not proved; the client sees the reason."""
        reject_identity_case(key=key, reason=reason, case_id=case.pk)
        return "The case is rejected: the client sees the reason."


@home_queue(permission=DECIDE)
def identity_cases() -> Queue:
    """Cases that were handed in and wait for a decision."""
    waiting = cases_waiting()
    url = reverse("admin:crm_identitycase_changelist")
    return Queue(
        title="Identity cases",
        holder="Compliance",
        waiting=waiting.count,
        since=waiting.since,
        url=f"{url}?state__exact=submitted",
    )


def _document_response(document: IdentityDocument, content: bytes) -> HttpResponse:
    """A stranger's file: nothing in it runs, nothing of it is kept, and a browser takes it for what it is."""
    name = f"{document.kind}-{document.pk}.{_EXTENSIONS[document.media_type]}"
    how = "attachment" if document.media_type == "application/pdf" else "inline"
    return HttpResponse(
        content,
        content_type=document.media_type,
        headers={
            "Content-Disposition": f'{how}; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )

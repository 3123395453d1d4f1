"""The audit log in the back office: to look at, never to change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from audit.models import AuditCheckpoint, AuditEntry
from audit.selectors.heads import head
from fintech.cells import reading
from fintech.http.read_only import ReadOnly


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Shows rows to who may view them. Its lists come from the replica."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, as of the replica's moment."""
        with reading("report"):
            answer = super().changelist_view(request, extra_context)
            # Rendered here: a lazy response would read after the block, from the primary.
            return answer.render() if isinstance(answer, TemplateResponse) else answer


class EntryPaginator(Paginator):  # type: ignore[type-arg]
    """Takes the log's size for every list's length: counting millions of rows would be slow.

    A narrowed list so ends before its last page.
    """

    @cached_property
    def count(self) -> int:
        """The log's size."""
        return head().size


@admin.register(AuditEntry)
class EntryAdmin(ReadOnlyAdmin):
    """Entries, newest first; found by subject (`deposit/0190…`) or by client."""

    list_display = ("number", "recorded_at", "source", "kind", "subject", "client_id")
    ordering = ("-number",)
    search_fields = ("subject__exact",)
    search_help_text = "a subject (deposit/0190…), or a client's id"
    fields = (
        "number",
        "source",
        "incarnation",
        "source_id",
        "kind",
        "subject",
        "client_id",
        "recorded_at",
        "appended_at",
        "exact_bytes",
        "hash_of_the_bytes",
    )
    readonly_fields = fields
    paginator = EntryPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Entries; a list doesn't fetch their bytes."""
        found: QuerySet[AuditEntry] = super().get_queryset(request)
        return found.defer("leaf", "leaf_hash")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By exact client or subject: both are indexed, and nothing else may scan the log."""
        term = search_term.strip()
        if not term:
            return queryset, False
        client = _uuid(term)
        found = queryset.filter(client_id=client) if client else queryset.filter(subject=term)
        return found, False

    @admin.display(description="exact bytes")
    def exact_bytes(self, entry: AuditEntry) -> str:
        """What was hashed."""
        return bytes(entry.leaf).decode("utf-8", "replace")

    @admin.display(description="hash")
    def hash_of_the_bytes(self, entry: AuditEntry) -> str:
        """The leaf's hash, in hexadecimal."""
        return bytes(entry.leaf_hash).hex()


@admin.register(AuditCheckpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """Signed heads, newest first."""

    list_display = ("size", "signed_at", "root_in_hexadecimal")
    ordering = ("-size",)
    fields = ("size", "signed_at", "root_in_hexadecimal", "note")
    readonly_fields = fields

    @admin.display(description="root")
    def root_in_hexadecimal(self, checkpoint: AuditCheckpoint) -> str:
        """The root's hash."""
        return bytes(checkpoint.root).hex()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

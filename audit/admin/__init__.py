"""The audit log in the back office: to look at, never to change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from audit.models import AuditCheckpoint, AuditEntry
from audit.selectors.heads import head
from fintech.http.read_only import ShowingAdmin
from fintech.http.showing import block


class EntryPaginator(Paginator):  # type: ignore[type-arg]
    """Takes the log's size for every list's length: counting millions of rows would be slow.

    A narrowed list so ends before its last page.
    """

    @cached_property
    def count(self) -> int:
        """The log's size."""
        return head().size


@admin.register(AuditEntry)
class EntryAdmin(ShowingAdmin):
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
    def exact_bytes(self, entry: AuditEntry) -> SafeString:
        """What was hashed."""
        return block(bytes(entry.leaf).decode("utf-8", "replace"))

    @admin.display(description="hash")
    def hash_of_the_bytes(self, entry: AuditEntry) -> str:
        """The leaf's hash, in hexadecimal."""
        return bytes(entry.leaf_hash).hex()


@admin.register(AuditCheckpoint)
class CheckpointAdmin(ShowingAdmin):
    """Signed heads, newest first."""

    list_display = ("size", "signed_at", "root_in_hexadecimal")
    ordering = ("-size",)
    fields = ("size", "signed_at", "root_in_hexadecimal", "note")

    @admin.display(description="root")
    def root_in_hexadecimal(self, checkpoint: AuditCheckpoint) -> str:
        """The root's hash."""
        return bytes(checkpoint.root).hex()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

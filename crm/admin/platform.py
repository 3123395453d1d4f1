"""What stands in every concern's database: the journal, and facts that a follower has set aside."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from crm.admin.base import Queue, ReadOnlyAdmin, home_queue, object_action
from crm.services.parked_facts import record_parked_fact_retry
from fintech.cells import alias_for
from fintech.cells.replicas import replica_or_primary
from fintech.factlog.models import Parked
from fintech.factlog.parked import retry_subject
from fintech.journal import Refusal
from fintech.journal.models import JournalEntry

CONCERNS: Final = ("crm", "payments", "trading")
_KEY: Final = re.compile(r"(?P<concern>[a-z]+)-(?P<number>-?[0-9]{1,18})", re.ASCII)


class ConcernFilter(SimpleListFilter):
    """Which database the list shows."""

    title = "database"
    parameter_name = "concern"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self._concerns: tuple[str, ...] = model_admin.concerns
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Each concern that has one of these tables, but for the first."""
        return [(concern, concern) for concern in self._concerns[1:]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen database; the first's if none is chosen."""
        return queryset.using(_alias(self.value() or self._concerns[0]))

    def choices(self, changelist: Any) -> Any:
        """The choices, of which the first database is one instead of all."""
        first, *others = super().choices(changelist)
        yield {**first, "display": self._concerns[0]}
        yield from others


class PlatformAdmin(ReadOnlyAdmin):
    """Rows of one of several databases, addressed as `<concern>-<id>`; these rows are the history themselves."""

    concerns: ClassVar[tuple[str, ...]] = CONCERNS
    has_history = False
    list_filter: ClassVar[Any] = (ConcernFilter,)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the first database, until the filter chooses another."""
        rows: QuerySet[Any] = self.model._default_manager.using(_alias(self.concerns[0])).order_by(*self.ordering)
        return rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """The row that the address names."""
        named = _KEY.fullmatch(object_id)
        if named is None or named["concern"] not in self.concerns:
            return None
        rows = self.model._default_manager.using(alias_for(named["concern"]))
        row: Model | None = rows.filter(pk=int(named["number"])).first()
        if row is not None:
            self.look_up([row])
        return row

    def key_in_address(self, obj: Model) -> str:
        """The row's number behind the name of its database."""
        return f"{concern_of_row(obj)}-{obj.pk}"


@admin.register(JournalEntry)
class JournalEntryAdmin(PlatformAdmin):
    """Every request that changed something or was refused, with its answer."""

    list_display = ("id", "recorded_at", "operation", "outcome", "actor", "reason")
    list_filter = (ConcernFilter, "outcome")
    search_fields = ("operation", "actor", "request_id")


@admin.register(Parked)
class ParkedAdmin(PlatformAdmin):
    """Facts that a follower couldn't take; the later facts of their subjects wait behind them."""

    list_display = ("id", "parked_at", "follower", "source", "fact_id", "subject", "error", "attempts")
    list_filter = (ConcernFilter, ("resolved_at", admin.EmptyFieldListFilter), "follower")

    def subject(self, parked: Parked) -> str:
        """What the fact is about."""
        return f"{parked.subject_type} {parked.subject_id}"

    @object_action("Try again", permission="crm.retry_parked_fact", offered=lambda parked: parked.resolved_at is None)
    def retry(self, request: HttpRequest, parked: Parked, *, key: str, reason: str) -> str:
        """Apply the subject's parked facts in their order, up to the first that fails again."""
        record_parked_fact_retry(
            key=key,
            reason=reason,
            follower=parked.follower,
            into=concern_of_row(parked),
            subject_type=parked.subject_type,
            subject_id=parked.subject_id,
        )
        retried = retry_subject(parked.follower, subject=(parked.subject_type, parked.subject_id))
        if retried.error:
            detail = f"{retried.applied} applied, then: {retried.error}"
            raise Refusal("parked-fact-fails-again", detail, applied=retried.applied)
        return f"{retried.applied} facts of this subject are applied."


@home_queue(permission="crm.retry_parked_fact")
def parked_facts() -> Queue:
    """Facts that were set aside, in all databases; the link leads to the one where the first waits."""
    first: dict[str, Parked] = {}
    waiting = 0
    for concern in CONCERNS:
        rows = Parked.objects.using(_alias(concern)).filter(resolved_at__isnull=True)
        waiting += rows.count()
        earliest = rows.order_by("parked_at").first()
        if earliest is not None:
            first[concern] = earliest
    where = min(first, key=lambda concern: first[concern].parked_at, default=None)
    query = "?resolved_at__isempty=1" + (f"&concern={where}" if where in CONCERNS[1:] else "")
    return Queue(
        title="Parked facts",
        holder="Support",
        waiting=waiting,
        since=first[where].parked_at if where else None,
        url=reverse("admin:factlog_parked_changelist") + query,
    )


def concern_of_row(row: Model) -> str:
    """The concern in whose database a row stands."""
    assert row._state.db is not None
    return row._state.db.removesuffix("_replica").rpartition("_")[2]


def _alias(concern: str) -> str:
    return replica_or_primary(alias_for(concern))

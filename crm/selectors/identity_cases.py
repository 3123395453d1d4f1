"""Reading identity cases, and opening their documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from crm.document_store import document_store
from crm.models import IdentityCase, IdentityDocument
from fintech.privacy.sealing import unseal_document


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many wait, and since when the first."""

    count: int
    since: datetime | None


def cases_of_client(client_id: UUID) -> QuerySet[IdentityCase]:
    """A client's cases with their documents, newest first."""
    return IdentityCase.objects.filter(client_id=client_id).prefetch_related("documents").order_by("-id")


def case_of_client(client_id: UUID, case_id: UUID) -> IdentityCase | None:
    """One case, if it is this client's."""
    return cases_of_client(client_id).filter(pk=case_id).first()


def cases_waiting() -> Waiting:
    """The cases that wait for compliance."""
    waiting = IdentityCase.objects.filter(state="submitted").aggregate(count=Count("pk"), since=Min("submitted_at"))
    return Waiting(count=waiting["count"], since=waiting["since"])


def document_content(document: IdentityDocument) -> bytes:
    """A document in clear. Whoever shows it to staff records the look first (`services.looks`).

    Raises Erased when the client has been forgotten, Unreadable when the bytes were altered, DocumentMissing
    when the store has lost them.
    """
    sealed = document_store().get(document.stored_as)
    return unseal_document("crm", sealed, person_id=document.case.client_id)

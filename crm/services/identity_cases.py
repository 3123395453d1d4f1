"""Identity cases: opened and handed in by the client, decided by compliance."""

from __future__ import annotations

import hashlib
from uuid import UUID

from crm.document_store import document_store
from crm.models import IdentityCase, IdentityDocument
from crm.rules.documents import LARGEST_BYTES, media_type_of
from crm.rules.identity_cases import MOST_DOCUMENTS, DocumentKind, State, is_complete, may_become
from crm.services.standing import changing_standing, locked_client
from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.crm import (
    DocumentUploaded,
    IdentityCaseApproved,
    IdentityCaseOpened,
    IdentityCaseRejected,
    IdentityCaseSubmitted,
)
from fintech.journal import Refusal, inside_decision, verb
from fintech.privacy.sealing import seal_document


@verb("crm")
def open_identity_case(*, key: str, client_id: UUID) -> UUID:
    """Begin a case for a client who has no open one and isn't verified; gives its id."""
    client = locked_client(client_id)
    if client.verified_at is not None:
        raise Refusal("identity-verified-already", "Your identity is verified already.")
    if IdentityCase.objects.filter(client=client, state__in=["draft", "submitted"]).exists():
        raise Refusal("identity-case-open-already", "You have an open case already: go on with that one.")
    case = IdentityCase.objects.create(client=client, opened_at=inside_decision("crm").recorded_at)
    record(IdentityCaseOpened(case_id=case.pk, client_id=client_id), subject=("client", client_id))
    return case.pk


@verb("crm")
def upload_document(*, key: str, client_id: UUID, case_id: UUID, kind: DocumentKind, content: bytes) -> UUID:
    """Put a document into a drafted case, sealed under the client's key; gives its id.

    What it is is told by its content: PDF, PNG or JPEG of at most 10 MB, anything else is refused.
    """
    case = _locked_case(case_id, client_id=client_id)
    media_type = _acceptable(case, content)
    document_id = uuid7()
    sealed = seal_document("crm", person_id=client_id, retention="identity", content=content)
    name = f"identity/{client_id}/{document_id}.sealed"
    # Before the commit: a row without its document would be a lie, a document without its row is only rubbish.
    document_store().put(name, sealed)
    document = IdentityDocument.objects.create(
        id=document_id,
        case=case,
        kind=kind,
        media_type=media_type,
        size_bytes=len(content),
        sealed_sha256=hashlib.sha256(sealed).hexdigest(),
        stored_as=name,
        uploaded_at=inside_decision("crm").recorded_at,
    )
    record(
        DocumentUploaded(
            document_id=document_id,
            case_id=case_id,
            client_id=client_id,
            kind=kind,
            media_type=media_type,
            size_bytes=len(content),
            sealed_sha256=document.sealed_sha256,
        ),
        subject=("client", client_id),
    )
    return document_id


@verb("crm")
def submit_identity_case(*, key: str, client_id: UUID, case_id: UUID) -> UUID:
    """Hand a drafted case in, once a document in it says who the client is."""
    case = _locked_case(case_id, client_id=client_id)
    _refuse_transition(case, "submitted")
    kinds = set(case.documents.values_list("kind", flat=True))
    if not is_complete(kinds):
        detail = "A passport, identity card or driving licence is missing."
        raise Refusal("identity-case-incomplete", detail, uploaded=sorted(kinds))
    case.state = IdentityCase.State.SUBMITTED
    case.submitted_at = inside_decision("crm").recorded_at
    case.save(update_fields=["state", "submitted_at"])
    record(IdentityCaseSubmitted(case_id=case_id, client_id=client_id), subject=("client", client_id))
    return case_id


@verb("crm")
def approve_identity_case(*, key: str, reason: str, case_id: UUID) -> UUID:
    """Find the client's identity proved. For staff: the decision carries their id and reason."""
    case = _decided(case_id, "approved", reason)
    with changing_standing(case.client_id) as client:
        client.verified_at = case.decided_at
    record(IdentityCaseApproved(case_id=case_id, client_id=case.client_id), subject=("client", case.client_id))
    return case_id


@verb("crm")
def reject_identity_case(*, key: str, reason: str, case_id: UUID) -> UUID:
    """Find the client's identity not proved; the client sees the reason and may open a new case."""
    case = _decided(case_id, "rejected", reason)
    record(IdentityCaseRejected(case_id=case_id, client_id=case.client_id), subject=("client", case.client_id))
    return case_id


def _decided(case_id: UUID, state: State, reason: str) -> IdentityCase:
    actor = current_cell().actor
    if actor.kind != "staff":
        raise Refusal("staff-only", "Only a staff member decides a case.", status=403)
    if not reason.strip():
        raise Refusal("reason-missing", "A decision needs a reason.", status=422)
    case = _locked_case(case_id)
    _refuse_transition(case, state)
    case.state = IdentityCase.State(state)
    case.decided_at = inside_decision("crm").recorded_at
    case.decided_by = UUID(actor.id)
    case.decision_reason = reason.strip()
    case.save(update_fields=["state", "decided_at", "decided_by", "decision_reason"])
    return case


def _locked_case(case_id: UUID, *, client_id: UUID | None = None) -> IdentityCase:
    """The case under lock, the client's own if one is named: another's is as unknown as one that isn't there.

    The client's row is locked first, as everywhere, so that no two decisions wait for each other.
    """
    cases = IdentityCase.objects.filter(pk=case_id)
    case = cases.first()
    if case is None or client_id not in (None, case.client_id):
        raise Refusal("identity-case-unknown", "There is no such case.", status=404)
    locked_client(case.client_id)
    return cases.select_for_update().get()


def _refuse_transition(case: IdentityCase, then: State) -> None:
    now: State = case.state  # type: ignore[assignment]  # the database lets no other word in
    if not may_become(now, then):
        raise Refusal("identity-case-state", f"The case is {now}.", state=str(now), asked=then)


def _acceptable(case: IdentityCase, content: bytes) -> str:
    """The media type of a document that the case takes."""
    if case.state != IdentityCase.State.DRAFT:
        raise Refusal("identity-case-state", f"The case is {case.state}.", state=str(case.state))
    if case.documents.count() >= MOST_DOCUMENTS:
        detail = f"A case takes at most {MOST_DOCUMENTS} documents."
        raise Refusal("identity-case-full", detail, most=MOST_DOCUMENTS)
    if len(content) > LARGEST_BYTES:
        detail = f"A document has at most {LARGEST_BYTES} bytes."
        raise Refusal("document-too-large", detail, status=413, bytes=len(content), most=LARGEST_BYTES)
    media_type = media_type_of(content)
    if media_type is None:
        raise Refusal("document-type-unknown", "Documents are whole PDF, PNG or JPEG files.", status=415)
    return media_type

"""Looks at personal data: each is recorded before anything is shown."""

from __future__ import annotations

from uuid import UUID

from crm.models import Client, IdentityDocument, IntroducingBroker
from fintech.factlog import record
from fintech.facts.crm import ClientRead, DocumentRead, IntroducingBrokerRead
from fintech.journal import Refusal, verb


@verb("crm")
def record_client_read(*, key: str, client_id: UUID) -> UUID:
    """Note that the actor looks at a client's personal data."""
    if not Client.objects.filter(pk=client_id).exists():
        raise Refusal("client-unknown", "There is no such client.", status=404)
    record(ClientRead(client_id=client_id), subject=("client", client_id))
    return client_id


@verb("crm")
def record_document_read(*, key: str, document_id: UUID) -> UUID:
    """Note that the actor opens a document."""
    document = IdentityDocument.objects.select_related("case").filter(pk=document_id).first()
    if document is None:
        raise Refusal("document-unknown", "There is no such document.", status=404)
    client_id = document.case.client_id
    record(
        DocumentRead(document_id=document_id, case_id=document.case_id, client_id=client_id),
        subject=("client", client_id),
    )
    return document_id


@verb("crm")
def record_introducing_broker_read(*, key: str, ib_id: UUID) -> UUID:
    """Note that the actor looks at a broker's name."""
    if not IntroducingBroker.objects.filter(pk=ib_id).exists():
        raise Refusal("introducing-broker-unknown", "There is no such broker.", status=404)
    record(IntroducingBrokerRead(ib_id=ib_id), subject=("introducing_broker", ib_id))
    return ib_id

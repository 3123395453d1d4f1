"""Messages of PSPs: stored before they are answered, and opened again for those who act on them (psp_events).

A proved message is never dropped, whatever it says.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fintech.cells import Actor, acting_as
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.journal import inside_decision, verb
from fintech.privacy.errors import Erased
from fintech.privacy.sealing import seal, unseal
from payments.models import PspEvent
from payments.psps.deployment import provider
from payments.psps.protocol import VerifiedEvent
from payments.psps.registry import UnknownProvider
from payments.rules.psp_events import EventFacts, facts_of
from payments.selectors.psp_events import person_of_message

logger = logging.getLogger(__name__)

LONGEST_EVENT_ID = 150


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """A message as it stands in the database; `news` is false for a repetition."""

    psp_event_id: UUID
    news: bool


def receive(psp: str, verified: VerifiedEvent, body: bytes) -> StoredEvent:
    """Store a proved message as its PSP; committed when this returns."""
    digest = hashlib.sha256(body).hexdigest()
    with acting_as(Actor.psp(psp)):
        return store_psp_event(
            key=f"{_short(verified.event_id)}:{digest[:16]}:{verified.occurred_at.timestamp()}",
            psp=psp,
            event_id=_short(verified.event_id),
            occurred_at=verified.occurred_at,
            facts=facts_of(verified.type, verified.payload),
            body=body,
        )


_event = PreparedLookUp(lambda psp, event_id: PspEvent.objects.filter(psp=psp, event_id=event_id))


@verb("payments")
def store_psp_event(
    *, key: str, psp: str, event_id: str, occurred_at: datetime, facts: EventFacts, body: bytes
) -> StoredEvent:
    """Store a message: ids, amounts and codes in clear, all of it sealed under the key of the person it is about.

    A repetition finds the first. Another body under the same id is stored beside it, for a person to look at.
    """
    decision = inside_decision("payments")
    digest = hashlib.sha256(body).digest()
    same = _event.first(psp, event_id)
    if same is not None and bytes(same.body_sha256) != digest:
        event_id = f"{event_id}#{digest.hex()[:16]}"
        same = _event.first(psp, event_id)
    if same is not None:
        return StoredEvent(psp_event_id=same.id, news=False)
    identity = uuid7()
    event = PspEvent(
        id=identity,
        psp=psp,
        event_id=event_id,
        type=facts.type,
        occurred_at=occurred_at,
        received_at=decision.recorded_at,
        body_sealed=_sealed(psp, facts, body, identity),
        body_sha256=digest,
        reference=facts.reference,
        psp_reference=facts.psp_reference,
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        failure_code=facts.failure_code,
        chargeback_minor=facts.chargeback_minor,
        state_since=decision.recorded_at,
    )
    PspEvent.objects.bulk_create([event], ignore_conflicts=True)
    kept = _event.get(psp, event_id)
    return StoredEvent(psp_event_id=kept.id, news=kept.id == identity)


def body_of(event: PspEvent) -> Mapping[str, object]:
    """What the message says, opened; empty when its person has been forgotten or it can't be read."""
    try:
        return provider(event.psp).payload_of(unseal("payments", bytes(event.body_sealed)).encode())
    except (Erased, UnknownProvider):
        return {}


def _sealed(psp: str, facts: EventFacts, body: bytes, identity: UUID) -> bytes:
    """The body under the key of the person it is about; of one about nobody that we know, under a key of its own."""
    text = body.decode("utf-8", "backslashreplace")
    person_id = person_of_message(psp, reference=facts.reference, psp_reference=facts.psp_reference)
    if person_id is not None:
        try:
            return seal("payments", person_id=person_id, retention="payments", text=text)
        except Erased:
            logger.warning("a message about somebody who was forgotten", extra={"event": str(identity)})
    return seal("payments", person_id=identity, retention="payments", text=text)


def _short(event_id: str) -> str:
    """An id of bearable length, and without the mark that we put on a second message under one id."""
    if len(event_id) <= LONGEST_EVENT_ID and "#" not in event_id:
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode()).hexdigest()}"

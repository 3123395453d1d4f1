"""Introducing brokers: registering them in the hierarchy, and noting whom they introduced."""

from __future__ import annotations

from uuid import UUID

from crm.models import BrokerMembership, Client, IntroducingBroker, Introduction
from crm.rules.brokers import canonical_code, is_code
from crm.selectors.introducing_brokers import broker_by_code, chain_at, current_introduction
from crm.services.standing import locked_client
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.crm import ClientIntroduced, IntroducingBrokerRegistered
from fintech.journal import Refusal, inside_decision, verb
from fintech.privacy.sealing import seal


@verb("crm")
def register_introducing_broker(
    *, key: str, reason: str = "", code: str, name: str, parent_code: str | None = None
) -> UUID:
    """Give an introducing broker its code and its place: below the parent, or at the top. Gives its id."""
    at = inside_decision("crm").recorded_at
    canonical = canonical_code(code)
    if not is_code(canonical):
        detail = "A broker's code has 3 to 20 letters, digits and hyphens."
        raise Refusal("introducing-broker-code-invalid", detail, status=422)
    parent = broker_by_code(parent_code) if parent_code else None
    ib_id = uuid7()
    broker = IntroducingBroker(
        id=ib_id,
        code=canonical,
        name_sealed=seal("crm", person_id=ib_id, retention="identity", text=name),
        registered_at=at,
    )
    IntroducingBroker.objects.bulk_create([broker], ignore_conflicts=True)
    if not IntroducingBroker.objects.filter(pk=ib_id).exists():
        raise Refusal("introducing-broker-code-taken", "Another introducing broker has this code.", taken=canonical)
    BrokerMembership.objects.create(broker=broker, parent=parent, valid_from=at)
    above = chain_at(parent.pk, at) if parent else ()
    record(
        IntroducingBrokerRegistered(
            ib_id=ib_id,
            parent_ib_id=parent.pk if parent else None,
            chain=above,
            level=len(above) + 1,
            effective_from=at,
        ),
        subject=("introducing_broker", ib_id),
    )
    return ib_id


@verb("crm")
def introduce_client(*, key: str, reason: str, client_id: UUID, ib_code: str) -> UUID:
    """Note that a broker has introduced a client who has none yet; it counts from now on. Gives the broker's id."""
    client = locked_client(client_id)
    broker = broker_by_code(ib_code)
    record_introduction(client, broker)
    return broker.pk


def record_introduction(client: Client, broker: IntroducingBroker) -> None:
    """Write a client's first introduction, which takes effect at once: no fill stands on its other side.

    Refuses a client who has one: a move to another broker takes effect at a day's end, by another rule.
    """
    at = inside_decision("crm").recorded_at
    if current_introduction(client.pk) is not None:
        raise Refusal("client-introduced-already", "The client counts for an introducing broker already.")
    Introduction.objects.create(client=client, broker=broker, valid_from=at)
    record(
        ClientIntroduced(client_id=client.pk, ib_id=broker.pk, chain=chain_at(broker.pk, at), effective_from=at),
        subject=("client", client.pk),
    )

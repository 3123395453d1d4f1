"""Reading introducing brokers and their hierarchy."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from crm.models import BrokerMembership, IntroducingBroker, Introduction
from crm.rules.brokers import canonical_code, chain_upward
from fintech.journal import Refusal


def broker_by_code(code: str) -> IntroducingBroker:
    """The broker whose code a client has typed. Refuses an unknown one."""
    broker = IntroducingBroker.objects.filter(code=canonical_code(code)).first()
    if broker is None:
        raise Refusal("introducing-broker-unknown", "No introducing broker has this code.", status=422)
    return broker


def chain_at(ib_id: UUID, moment: datetime) -> tuple[UUID, ...]:
    """The broker and everyone above it as the hierarchy stood at a moment, nearest first."""
    parents: dict[UUID, UUID | None] = {}
    lowest: UUID | None = ib_id
    while lowest is not None and lowest not in parents:
        parents[lowest] = _parent_at(lowest, moment)
        lowest = parents[lowest]
    return chain_upward(ib_id, parents)


def current_introduction(client_id: UUID) -> Introduction | None:
    """The introduction that a client counts for at present, or None."""
    return Introduction.objects.filter(client_id=client_id, valid_to__isnull=True).first()


def _parent_at(ib_id: UUID, moment: datetime) -> UUID | None:
    place = Q(valid_from__lte=moment) & (Q(valid_to__isnull=True) | Q(valid_to__gt=moment))
    memberships = BrokerMembership.objects.filter(place, broker_id=ib_id)
    return memberships.values_list("parent_id", flat=True).first()


def codes_at(ib_id: UUID, moment: datetime) -> list[str]:
    """The codes of a broker and everyone above it at a moment, nearest first."""
    chain = chain_at(ib_id, moment)
    codes = dict(IntroducingBroker.objects.filter(pk__in=chain).values_list("pk", "code"))
    return [codes[each] for each in chain]

"""Reading introducing brokers and their hierarchy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from crm.models import BrokerMembership, IntroducingBroker, Introduction
from crm.rules.brokers import canonical_code, chain_upward
from fintech.journal import Refusal

_PLACE: Final = ("broker_id", "parent_id")


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
    memberships = BrokerMembership.objects.filter(_in_effect(moment), broker_id=ib_id)
    return memberships.values_list("parent_id", flat=True).first()


def codes_at(ib_id: UUID, moment: datetime) -> list[str]:
    """The codes of a broker and everyone above it at a moment, nearest first."""
    return hierarchies_at([ib_id], moment)[ib_id]


def hierarchies_at(ib_ids: Iterable[UUID], moment: datetime) -> dict[UUID, list[str]]:
    """As `codes_at`, for several brokers: one look for each level of the hierarchy."""
    asked = list(ib_ids)
    parents: dict[UUID, UUID | None] = {}
    level = set(asked)
    while level:
        found = dict(BrokerMembership.objects.filter(_in_effect(moment), broker_id__in=level).values_list(*_PLACE))
        parents |= {each: found.get(each) for each in level}
        level = {parent for parent in found.values() if parent is not None} - parents.keys()
    codes = dict(IntroducingBroker.objects.filter(pk__in=parents).values_list("pk", "code"))
    return {each: [codes[one] for one in chain_upward(each, parents)] for each in asked}


def places_of(ib_id: UUID) -> QuerySet[BrokerMembership]:
    """A broker's places in the hierarchy, the latest first."""
    return BrokerMembership.objects.filter(broker_id=ib_id).select_related("parent").order_by("-valid_from")


def introductions_of(client_id: UUID) -> QuerySet[Introduction]:
    """Who a client counted for, and when; the latest first."""
    return Introduction.objects.filter(client_id=client_id).select_related("broker").order_by("-valid_from")


def _in_effect(moment: datetime) -> Q:
    return Q(valid_from__lte=moment) & (Q(valid_to__isnull=True) | Q(valid_to__gt=moment))

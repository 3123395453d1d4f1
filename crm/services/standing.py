"""A client's standing: how it changes, and how others are told.

Every verb that touches category, risk, status, identity or what comes before trading goes through
`changing_standing`, so none of them can forget the fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from crm.models import Client
from crm.rules.standing import Category, Risk, Status, may_trade, status_may_become
from crm.selectors.standing import before_trading, standing_of
from fintech.factlog import record
from fintech.facts.crm import ClientStandingChanged
from fintech.journal import Refusal, inside_decision, verb


def locked_client(client_id: UUID) -> Client:
    """The client's row under lock, for the rest of the decision. Refuses an unknown client."""
    inside_decision("crm")
    client = Client.objects.select_for_update().filter(pk=client_id).first()
    if client is None:
        raise Refusal("client-unknown", "There is no such client.", status=404)
    return client


@contextmanager
def changing_standing(client_id: UUID) -> Iterator[Client]:
    """The client under lock: what the block changes on it is saved, and another standing than before is recorded."""
    client = locked_client(client_id)
    before = standing_of(client)
    yield client
    restate(client)
    client.save()
    if replace(standing_of(client), since=before.since) != before:
        _record(client)


def restate(client: Client) -> None:
    """Judge anew whether the client may trade."""
    decision = inside_decision("crm")
    standing = standing_of(client)
    judged = may_trade(standing.category, before_trading(client, decision.recorded_at))
    client.may_trade = judged


def record_first_standing(client: Client) -> None:
    """Tell the standing with which a client begins."""
    restate(client)
    client.save(update_fields=["may_trade"])
    _record(client)


def _record(client: Client) -> None:
    client.standing_since = inside_decision("crm").recorded_at
    client.save(update_fields=["standing_since"])
    standing = standing_of(client)
    record(
        ClientStandingChanged(
            client_id=client.pk,
            entity=standing.entity,
            category=standing.category,
            status=standing.status,
            verified=standing.verified,
            risk=standing.risk,
            may_trade=standing.may_trade,
            since=standing.since,
        ),
        subject=("client", client.pk),
    )


@verb("crm")
def set_category(*, key: str, reason: str, client_id: UUID, category: Category) -> UUID:
    """Put a client into another category of protection."""
    with changing_standing(client_id) as client:
        _refuse_closed(client)
        client.category = Client.Category(category)
    return client_id


@verb("crm")
def set_risk_rating(*, key: str, reason: str, client_id: UUID, risk: Risk) -> UUID:
    """Rate a client's risk of money laundering."""
    with changing_standing(client_id) as client:
        _refuse_closed(client)
        client.risk = Client.Risk(risk)
    return client_id


@verb("crm")
def suspend_client(*, key: str, reason: str, client_id: UUID) -> UUID:
    """Let a client close positions and nothing else, until lifted."""
    return _set_status(client_id, "suspended")


@verb("crm")
def lift_suspension(*, key: str, reason: str, client_id: UUID) -> UUID:
    """Let a suspended client act again."""
    return _set_status(client_id, "active")


def _set_status(client_id: UUID, status: Status) -> UUID:
    with changing_standing(client_id) as client:
        now = standing_of(client).status
        if not status_may_become(now, status):
            raise Refusal("client-status-unchangeable", f"The client is {now}.", now=now, asked=status)
        client.status = Client.Status(status)
    return client_id


def _refuse_closed(client: Client) -> None:
    if client.status == Client.Status.CLOSED:
        raise Refusal("client-closed", "The relationship with this client has ended.")

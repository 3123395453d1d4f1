"""A client's standing: whose it is, and which step may follow which."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from crm.models import Client
from crm.services.standing import lift_suspension, set_category, set_risk_rating, suspend_client
from crm.tests.portal import App
from fintech.cells import Actor, cell
from fintech.journal import Refusal

pytestmark = pytest.mark.usefixtures("both_cells")


def decided(decide: Any, client_id: UUID, **what: str) -> str:
    """The code of the refusal that a staff member's decision ends in; empty where it stands."""
    with cell("eu", actor=Actor.staff(uuid4())):
        try:
            decide(key=str(uuid4()), reason="asked by compliance", client_id=client_id, **what)
        except Refusal as refusal:
            return refusal.code
    return ""


def test_a_client_is_suspended_once_and_lifted_once() -> None:
    client_id = App().registered().client_id
    assert decided(lift_suspension, client_id) == "client-status-unchangeable"
    assert decided(suspend_client, client_id) == ""
    assert decided(suspend_client, client_id) == "client-status-unchangeable"
    assert decided(lift_suspension, client_id) == ""


def test_nothing_changes_about_a_client_whose_relationship_has_ended() -> None:
    client_id = App().registered().client_id
    with cell("eu", actor=Actor.system("test")):
        Client.objects.filter(pk=client_id).update(status="closed", ended_at=timezone.now())
    assert decided(set_category, client_id, category="professional") == "client-closed"
    assert decided(set_risk_rating, client_id, risk="high") == "client-closed"
    assert decided(lift_suspension, client_id) == "client-status-unchangeable"


def test_a_client_whom_nobody_registered_is_unknown() -> None:
    assert decided(suspend_client, uuid4()) == "client-unknown"

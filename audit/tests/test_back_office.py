"""The audit log in the back office: to look at and to search, never to change."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import RequestFactory

from audit.models import AuditCheckpoint, AuditEntry
from audit.tests.logs import CLIENT, Log
from audit.tests.urls import site
from tests.clusters import TestClusters


@pytest.fixture
def shown_log(clusters: TestClusters, signed_log: Log, settings: Any) -> Log:
    """The log, once the replica has it as well: lists are read there."""
    settings.ROOT_URLCONF = "audit.tests.urls"
    clusters.replicate("eu")
    return signed_log


def page(view: str, model: type, *arguments: str, method: str = "get", **query: str) -> HttpResponse:
    request = getattr(RequestFactory(), method)("/admin/", query)
    request.user = get_user_model()(is_active=True, is_staff=True, is_superuser=True)
    response = getattr(site.get_model_admin(model), view)(request, *arguments)
    return response.render() if hasattr(response, "render") else response


def test_entries_are_listed_newest_first(shown_log: Log) -> None:
    text = page("changelist_view", AuditEntry).content.decode()
    assert "crm.thing.happened" in text
    assert text.index(">29<") < text.index(">0<")
    assert "30 audit entries" in text


@pytest.mark.parametrize(("term", "found"), [(str(CLIENT), 30), ("thing/7", 3), ("thing", 0), ("", 30)])
def test_entries_are_found_by_client_or_subject(shown_log: Log, term: str, found: int) -> None:
    text = page("changelist_view", AuditEntry, q=term).content.decode()
    assert text.count('class="field-source"') == found


def test_an_entry_shows_its_exact_bytes(shown_log: Log) -> None:
    text = page("change_view", AuditEntry, "13").content.decode()
    assert "&quot;format&quot;:1" in text
    assert bytes(shown_log.rows()[13]["leaf_hash"]).hex() in text


def test_checkpoints_are_shown_with_their_signatures(shown_log: Log) -> None:
    assert page("changelist_view", AuditCheckpoint).content.decode().count('class="field-size"') == 3
    assert "— audit.localhost/eu " in page("change_view", AuditCheckpoint, "20").content.decode()


@pytest.mark.parametrize("model", [AuditEntry, AuditCheckpoint])
def test_nobody_may_add_change_or_delete(model: type) -> None:
    request = RequestFactory().get("/admin/")
    request.user = get_user_model()(is_active=True, is_staff=True, is_superuser=True)
    admin = site.get_model_admin(model)
    assert admin.has_view_permission(request)
    assert not admin.has_add_permission(request)
    assert not admin.has_change_permission(request)
    assert not admin.has_delete_permission(request)
    assert admin.get_actions(request) == {}

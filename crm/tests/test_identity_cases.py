"""Proving identity: the client's side of a case, and what the database refuses of everybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, connections, transaction

from crm.models import IdentityCase, IdentityDocument
from crm.selectors.identity_cases import document_content
from crm.services.identity_cases import approve_identity_case, reject_identity_case
from crm.tests.portal import PNG, App
from fintech.cells import Actor, cell
from fintech.factlog.reading import read_subject
from fintech.journal import Refusal

pytestmark = pytest.mark.usefixtures("both_cells")


@pytest.fixture
def app() -> App:
    return App().registered()


def opened(app: App) -> str:
    return str(app.post("identity-cases").json()["id"])


def test_a_case_is_opened_filled_and_handed_in(app: App) -> None:
    case_id = opened(app)
    response = app.upload(case_id, PNG)
    assert response.status_code == 201
    assert response.json()["media_type"] == "image/png"
    assert app.post(f"identity-cases/{case_id}/submit").json()["state"] == "submitted"
    (case,) = app.get("identity-cases")["items"]
    assert (case["state"], [each["kind"] for each in case["documents"]]) == ("submitted", ["passport"])
    assert app.get("profile")["next_steps"][-1] == {"step": "prove_identity", "holder": "compliance"}
    with cell("eu", actor=Actor.system("test")):
        told = read_subject("crm", ("client", str(app.client_id)), after_seq=0, limit=100)
    assert [entry.kind for entry in told][-3:] == [
        "crm.identity_case.opened",
        "crm.document.uploaded",
        "crm.identity_case.submitted",
    ]


def test_the_stored_document_is_sealed_and_opens_for_its_own_client_only(app: App) -> None:
    app.upload(opened(app), PNG)
    with cell("eu", actor=Actor.system("test")):
        document = IdentityDocument.objects.get(case__client_id=app.client_id)
        stored = Path(settings.FINTECH_DOCUMENTS.removeprefix("file://")) / "eu" / document.stored_as
        assert PNG[:8] not in stored.read_bytes()
        assert stored.stat().st_mode & 0o077 == 0
        assert document_content(document) == PNG


def test_a_case_without_a_proof_of_identity_is_not_handed_in(app: App) -> None:
    case_id = opened(app)
    app.upload(case_id, PNG, kind="proof_of_address")
    response = app.post(f"identity-cases/{case_id}/submit")
    assert response.status_code == 409
    assert response.json()["params"] == {"uploaded": ["proof_of_address"]}


def test_a_handed_in_case_takes_no_more_documents(app: App) -> None:
    case_id = opened(app)
    app.upload(case_id, PNG)
    app.post(f"identity-cases/{case_id}/submit")
    assert app.upload(case_id, PNG).json()["type"] == "/problems/identity-case-state"


def test_what_a_browser_would_run_is_refused_whatever_it_is_called(app: App) -> None:
    response = app.upload(opened(app), b"<html><script>alert(1)</script></html>")
    assert response.status_code == 415
    assert response.json()["type"] == "/problems/document-type-unknown"


def test_a_document_above_ten_megabytes_is_refused(app: App) -> None:
    response = app.upload(opened(app), PNG[:-8] + b"\0" * (10 * 1024 * 1024) + PNG[-8:])
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"


def test_one_case_at_a_time(app: App) -> None:
    opened(app)
    assert app.post("identity-cases").json()["type"] == "/problems/identity-case-open-already"


def test_who_is_verified_opens_no_other_case(app: App) -> None:
    case_id = opened(app)
    app.upload(case_id, PNG)
    app.post(f"identity-cases/{case_id}/submit")
    with cell("eu", actor=Actor.staff(uuid4())):
        approve_identity_case(key=str(uuid4()), reason="passport matches", case_id=UUID(case_id))
    assert app.post("identity-cases").json()["type"] == "/problems/identity-verified-already"


def test_staff_alone_decide_with_a_reason_and_only_on_what_was_handed_in(app: App) -> None:
    case_id = opened(app)
    app.upload(case_id, PNG)

    def refused(decide: Any, actor: Actor, reason: str) -> str:
        with cell("eu", actor=actor), pytest.raises(Refusal) as refusal:
            decide(key=str(uuid4()), reason=reason, case_id=UUID(case_id))
        return refusal.value.code

    somebody = Actor.staff(uuid4())
    for decide in (approve_identity_case, reject_identity_case):
        assert refused(decide, somebody, "not yet handed in") == "identity-case-state"
    app.post(f"identity-cases/{case_id}/submit")
    for decide in (approve_identity_case, reject_identity_case):
        assert refused(decide, Actor.client(app.client_id), "it is mine") == "staff-only"
        assert refused(decide, somebody, " ") == "reason-missing"
    assert app.get(f"identity-cases/{case_id}")["state"] == "submitted"


def test_anothers_case_is_unknown(app: App) -> None:
    case_id = opened(app)
    stranger = App().registered()
    assert stranger.call("GET", f"/api/v1/identity-cases/{case_id}").status_code == 404
    assert stranger.upload(case_id, PNG).json()["type"] == "/problems/identity-case-unknown"
    assert stranger.get("identity-cases")["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE crm_identity_case SET state = 'approved', submitted_at = now(), decided_at = now(), "
        "decided_by = gen_random_uuid(), decision_reason = 'x' WHERE id = %s",
        "UPDATE crm_identity_case SET state = 'rejected', submitted_at = now(), decided_at = now(), "
        "decided_by = gen_random_uuid(), decision_reason = 'x' WHERE id = %s",
        "UPDATE crm_identity_case SET client_id = gen_random_uuid() WHERE id = %s",
        "DELETE FROM crm_identity_case WHERE id = %s",
    ],
)
def test_the_database_refuses_every_way_around(app: App, change: str) -> None:
    case_id = opened(app)
    with (
        cell("eu", actor=Actor.system("test")),
        connections["eu_crm"].cursor() as cursor,
        pytest.raises(DatabaseError),
    ):
        cursor.execute(change, [case_id])


def test_the_database_refuses_a_case_that_begins_approved(app: App) -> None:
    with cell("eu", actor=Actor.system("test")), pytest.raises(DatabaseError, match="begins as a draft"):
        IdentityCase.objects.create(
            client_id=app.client_id, state="submitted", opened_at="2026-01-01T00:00Z", submitted_at="2026-01-01T00:00Z"
        )


def test_a_decision_without_a_reason_does_not_stand(app: App) -> None:
    case_id = opened(app)
    app.upload(case_id, PNG)
    app.post(f"identity-cases/{case_id}/submit")
    with (
        cell("eu", actor=Actor.system("test")),
        pytest.raises(DatabaseError, match="decision_is_complete"),
        transaction.atomic(using="eu_crm"),
    ):
        IdentityCase.objects.filter(pk=UUID(case_id)).update(state="approved")

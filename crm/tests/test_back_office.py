"""The back office: staff sign in, see what waits, decide with a reason, and every look is on record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connections
from django.test import RequestFactory

from crm.models import Client, IdentityCase, IdentityDocument
from crm.tests.portal import PNG, App, BackOffice
from fintech.cells import Actor, cell
from fintech.factlog.followers import Followed
from fintech.factlog.reading import read_subject
from fintech.http.read_only import ReadOnly

pytestmark = pytest.mark.usefixtures("both_cells")


def told(app: App) -> list[Followed]:
    with cell("eu", actor=Actor.system("test")):
        return read_subject("crm", ("client", str(app.client_id)), after_seq=0, limit=200)


@pytest.fixture
def app() -> App:
    return App().registered()


@pytest.fixture
def case_id(app: App) -> str:
    case_id = str(app.post("identity-cases").json()["id"])
    app.upload(case_id, PNG)
    app.post(f"identity-cases/{case_id}/submit")
    return case_id


def test_compliance_approves_a_case_with_a_reason(app: App, case_id: str) -> None:
    office = BackOffice("compliance")
    assert b"Approve" in office.get(f"crm/identitycase/{case_id}/change/").content
    response = office.do(f"crm/identitycase/{case_id}/do/approve/", reason="passport matches")
    assert response.status_code == 302
    assert app.get("profile")["verified"] is True
    standing, approved = told(app)[-2:]
    assert (standing.kind, standing.data["verified"]) == ("crm.client.standing_changed", True)
    assert (approved.kind, approved.reason) == ("crm.identity_case.approved", "passport matches")
    assert approved.actor == f"staff:{office.user_id}"
    assert b"Approve" not in office.get(f"crm/identitycase/{case_id}/change/").content


def test_a_rejected_client_sees_the_reason_and_may_try_again(app: App, case_id: str) -> None:
    BackOffice("compliance").do(f"crm/identitycase/{case_id}/do/reject/", reason="The picture is unreadable.")
    case = app.get(f"identity-cases/{case_id}")
    assert (case["state"], case["decision_reason"]) == ("rejected", "The picture is unreadable.")
    assert app.post("identity-cases").status_code == 201


def test_a_double_click_is_one_decision(app: App, case_id: str) -> None:
    office = BackOffice("compliance")
    path = f"crm/identitycase/{case_id}/do/approve/"
    key = office.form_key(path)

    def click(_: int) -> int:
        try:
            return office.do(path, key=key).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as clicks:
        assert set(clicks.map(click, range(4))) == {302}
    assert [entry.kind for entry in told(app)].count("crm.identity_case.approved") == 1


def test_a_second_decision_is_refused_in_words(app: App, case_id: str) -> None:
    path = f"crm/identitycase/{case_id}/do"
    office, other = BackOffice("compliance"), BackOffice("compliance")
    key = other.form_key(f"{path}/reject/")
    office.do(f"{path}/approve/")
    response = other.do(f"{path}/reject/", key=key)
    assert response.status_code == 400
    assert b"The case is approved." in response.content
    assert key.encode() not in response.content


def test_a_decision_needs_a_reason(case_id: str) -> None:
    response = BackOffice("compliance").do(f"crm/identitycase/{case_id}/do/approve/", reason=" ")
    assert response.status_code == 400
    with cell("eu", actor=Actor.system("test")):
        assert IdentityCase.objects.get(pk=case_id).state == "submitted"


def test_other_groups_neither_decide_nor_see_documents(app: App, case_id: str) -> None:
    office = BackOffice("support")
    assert office.get(f"crm/identitycase/{case_id}/do/approve/").status_code == 403
    with cell("eu", actor=Actor.system("test")):
        document = IdentityDocument.objects.get(case_id=case_id)
    assert office.get(f"crm/identitycase/documents/{document.pk}/").status_code == 403


def test_opening_a_document_is_on_record(app: App, case_id: str) -> None:
    office = BackOffice("compliance")
    with cell("eu", actor=Actor.system("test")):
        document = IdentityDocument.objects.get(case_id=case_id)
    response = office.get(f"crm/identitycase/documents/{document.pk}/")
    assert response.content == PNG
    assert response["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert "no-store" in response["Cache-Control"]
    read = told(app)[-1]
    assert (read.kind, read.actor) == ("crm.document.read", f"staff:{office.user_id}")
    assert read.data["document_id"] == str(document.pk)


def test_the_list_names_nobody_and_the_page_is_a_look_on_record(app: App) -> None:
    office = BackOffice("support")
    listed = office.get(f"crm/client/?q={app.client_id}")
    assert str(app.client_id).encode() in listed.content
    assert b"Maria" not in listed.content
    assert app.email.encode() not in listed.content
    assert told(app)[-1].kind != "crm.client.read"
    page = office.get(f"crm/client/{app.client_id}/change/")
    assert b"Maria Rossi" in page.content
    assert (told(app)[-1].kind, told(app)[-1].actor) == ("crm.client.read", f"staff:{office.user_id}")


def test_who_may_not_read_personal_data_sees_the_client_without_it(app: App) -> None:
    page = BackOffice("dealing").get(f"crm/client/{app.client_id}/change/")
    assert page.status_code == 200
    assert b"Maria" not in page.content
    assert app.email.encode() not in page.content
    assert told(app)[-1].kind != "crm.client.read"


def test_a_client_is_found_by_the_whole_address(app: App) -> None:
    office = BackOffice("support")
    assert str(app.client_id).encode() in office.get(f"crm/client/?q={app.email}").content


def test_suspending_a_client_changes_the_standing(app: App) -> None:
    office = BackOffice("compliance")
    assert office.do(f"crm/client/{app.client_id}/do/suspend/").status_code == 302
    assert told(app)[-1].data["status"] == "suspended"
    assert office.do(f"crm/client/{app.client_id}/do/lift-suspension/").status_code == 302
    assert told(app)[-1].data["status"] == "active"
    assert office.do(f"crm/client/{app.client_id}/do/set-category/", category="professional").status_code == 302
    assert (told(app)[-1].data["category"], told(app)[-1].data["may_trade"]) == ("professional", True)
    assert office.do(f"crm/client/{app.client_id}/do/set-risk-rating/", risk="high").status_code == 302
    assert told(app)[-1].data["risk"] == "high"


def test_the_home_page_says_where_one_is_and_what_waits(case_id: str) -> None:
    home = BackOffice("compliance").get("").content.decode()
    assert "Example Markets (Europe) Ltd" in home
    assert "cell eu" in home
    assert "Identity cases" in home


def test_lists_say_as_of_when() -> None:
    assert b"As of 20" in BackOffice("compliance").get("crm/identitycase/").content


def test_the_history_shows_who_changed_what_and_no_sealed_value(app: App) -> None:
    office = BackOffice("compliance")
    office.do(f"crm/client/{app.client_id}/do/suspend/", reason="a complaint")
    history = office.get(f"crm/client/{app.client_id}/history/").content.decode()
    assert "status: active → suspended" in history
    assert "a complaint" in history
    assert "full name: - → (sealed)" in history


def test_clients_have_no_business_in_the_back_office(app: App) -> None:
    from django.test import Client as HttpClient

    from crm.tests.portal import PASSWORD

    http = HttpClient(headers={"host": "eu.localhost"}, REMOTE_ADDR=app.network_address)
    response = http.post("/admin/login/", {"username": app.email, "password": PASSWORD})
    assert response.status_code == 200
    assert http.get("/admin/").status_code == 302


def test_staff_of_one_cell_are_unknown_in_the_other() -> None:
    from django.test import Client as HttpClient

    from crm.tests.portal import PASSWORD

    office = BackOffice("compliance")
    http = HttpClient(headers={"host": "au.localhost"}, REMOTE_ADDR="10.9.9.9")
    assert http.post("/admin/login/", {"username": office.email, "password": PASSWORD}).status_code == 200
    http.cookies = office.http.cookies
    assert http.get("/admin/").status_code == 302


def test_a_broker_s_page_opens_its_name_on_record() -> None:
    from crm.services.introducing_brokers import register_introducing_broker

    office = BackOffice("compliance")
    with cell("eu", actor=Actor.system("test")):
        code = f"AB-{uuid4().hex[:8].upper()}"
        ib_id = register_introducing_broker(key=code, code=code, name="Rossi Partners")
    assert b"Rossi" not in office.get(f"crm/introducingbroker/?q={code}").content
    assert b"Rossi Partners" in office.get(f"crm/introducingbroker/{ib_id}/change/").content
    with cell("eu", actor=Actor.system("test")):
        told = read_subject("crm", ("introducing_broker", str(ib_id)), after_seq=0, limit=10)
    assert told[-1].kind == "crm.introducing_broker.read"


def test_nothing_can_be_added_changed_or_deleted_by_the_admin_itself(app: App) -> None:
    office = BackOffice("compliance")
    for path in ("crm/client/add/", f"crm/client/{app.client_id}/delete/"):
        assert office.get(path).status_code == 404
    response = office.http.post(f"/admin/crm/client/{app.client_id}/change/", {"status": "closed"})
    assert response.status_code == 405
    request = RequestFactory().get("/")
    for shown in admin.site._registry.values():
        assert isinstance(shown, ReadOnly)
        assert not shown.has_add_permission(request)
        assert not shown.has_change_permission(request)
        assert not shown.has_delete_permission(request)
    with cell("eu", actor=Actor.system("test")):
        assert not LogEntry.objects.exists()
        assert Client.objects.get(pk=app.client_id).status == "active"


def test_the_journal_of_each_database_can_be_read(app: App) -> None:
    office = BackOffice("compliance")
    page = office.get("journal/journalentry/?q=register_client").content
    assert b"crm.register_client" in page
    assert office.get("journal/journalentry/?concern=payments").status_code == 200
    assert office.get("crm/user/").status_code == 200


def test_a_journal_entry_opens_by_database_and_number() -> None:
    import re

    office = BackOffice("compliance")
    found = re.search(
        rb'href="(/admin/journal/journalentry/crm-\d+/change/)"', office.get("journal/journalentry/").content
    )
    assert found
    page = office.http.get(found[1].decode()).content
    assert b"payload_hash" not in page
    assert b"crm." in page

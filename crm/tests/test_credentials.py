"""Browsers' sessions, changed passwords and changed addresses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import connections
from django.test import Client as HttpClient

from crm.models import User
from crm.services.registration import register_client
from crm.tests.portal import PASSWORD, App, BackOffice, code_in, mails_to
from fintech.cells import Actor, cell
from fintech.factlog.reading import read_subject
from fintech.journal import Refusal

pytestmark = pytest.mark.usefixtures("both_cells")

NEW_PASSWORD = "another-horse-8-battery"


def kinds_of_user(email: str) -> list[str]:
    with cell("eu", actor=Actor.system("test")):
        user_id = User.objects.get(email=email).pk
        return [entry.kind for entry in read_subject("crm", ("user", str(user_id)), after_seq=0, limit=100)]


def test_a_browser_uses_its_cookie_and_changes_things_only_with_a_csrf_token() -> None:
    app = App().registered()
    browser = HttpClient(enforce_csrf_checks=True, headers={"host": "eu.localhost"}, REMOTE_ADDR=app.network_address)
    browser.get("/_allauth/browser/v1/config")
    token = browser.cookies["csrftoken"].value
    body = {"email": app.email, "password": PASSWORD}
    options = {"content_type": "application/json"}
    signed_in = browser.post("/_allauth/browser/v1/auth/login", body, headers={"X-CSRFToken": token}, **options)
    assert signed_in.status_code == 200
    assert browser.get("/api/v1/profile").json()["client_id"] == str(app.client_id)
    change = {"phone": "+390212345"}
    assert browser.patch("/api/v1/profile", change, **options).status_code == 403
    token = browser.cookies["csrftoken"].value
    changed = browser.patch("/api/v1/profile", change, headers={"X-CSRFToken": token}, **options)
    assert changed.status_code == 200


def test_staff_are_no_clients_at_the_portal() -> None:
    office = BackOffice("support")
    response = office.http.get("/api/v1/profile")
    assert response.status_code == 403
    assert response.json()["type"] == "/problems/permission-denied"


def test_staff_dont_come_in_at_the_portal_s_door_and_get_no_address_to_prove_there() -> None:
    office = BackOffice("support")
    answer = App(email=office.email).sign_in()
    assert answer.status_code == 401
    assert not any(flow.get("is_pending") for flow in answer.json()["data"]["flows"])
    with cell("eu", actor=Actor.system("test")):
        assert not EmailAddress.objects.filter(user_id=office.user_id).exists()
    # An address that isn't proved would have this answered with 409, as if staff could go on here once it is.
    assert office.http.get("/_allauth/browser/v1/account/authenticators/webauthn").status_code == 403


def test_a_client_changes_the_password() -> None:
    app = App().registered()
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert app.call("POST", "/_allauth/app/v1/account/password/change", body).status_code == 200
    assert App(email=app.email).sign_in(PASSWORD).status_code == 400
    assert App(email=app.email).sign_in(NEW_PASSWORD).status_code == 200
    assert "crm.user.password_changed" in kinds_of_user(app.email)


def test_a_forgotten_password_is_replaced_by_a_code_from_the_mailbox() -> None:
    app = App().registered()
    forgetful = App(email=app.email)
    asked = forgetful.call("POST", "/_allauth/app/v1/auth/password/request", {"email": app.email})
    forgetful.token = asked.json()["meta"]["session_token"]
    body = {"key": code_in(mails_to("eu", app.email)[-1].body), "password": NEW_PASSWORD}
    assert forgetful.call("POST", "/_allauth/app/v1/auth/password/reset", body).status_code in (200, 401)
    assert App(email=app.email).sign_in(NEW_PASSWORD).status_code == 200
    assert "crm.user.password_changed" in kinds_of_user(app.email)


def test_a_stranger_s_address_gets_no_mail_and_the_same_answer() -> None:
    known, stranger = App().registered(), App()
    answers = [
        App().call("POST", "/_allauth/app/v1/auth/password/request", {"email": each.email})
        for each in (known, stranger)
    ]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert mails_to("eu", stranger.email) == []


def test_a_staff_member_changes_the_password() -> None:
    office = BackOffice("support")
    response = office.http.post(
        "/admin/password_change/",
        {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    )
    assert response.status_code == 302
    assert kinds_of_user(office.email)[-1] == "crm.user.password_changed"
    assert office.get("").status_code == 200


def test_a_client_changes_the_address_to_sign_in_with() -> None:
    app = App().registered()
    new = f"new.{uuid4().hex[:10]}@example.com"
    app.call("POST", "/_allauth/app/v1/auth/reauthenticate", {"password": PASSWORD})
    assert app.call("POST", "/_allauth/app/v1/account/email", {"email": new}).status_code == 200
    code = code_in(mails_to("eu", new)[-1].body)
    assert app.call("POST", "/_allauth/app/v1/auth/email/verify", {"key": code}).status_code == 200
    body = {"email": new, "primary": True}
    assert app.call("PATCH", "/_allauth/app/v1/account/email", body).status_code == 200
    assert kinds_of_user(new)[-1] == "crm.user.email_changed"
    assert App(email=new).sign_in().status_code == 200


def test_two_registrations_of_one_address_at_once_make_one_client() -> None:
    email = f"{uuid4().hex}@example.com"

    def register(number: int) -> str:
        try:
            with cell("eu", actor=Actor.system(f"visitor-{number}")):
                register_client(
                    key=str(uuid4()),
                    entity="eu-main",
                    email=email,
                    password_hash="!",
                    full_name="Maria Rossi",
                    country="IT",
                    date_of_birth=date(1985, 4, 12),
                    address="Via Garibaldi 7",
                )
        except Refusal as refusal:
            return refusal.code
        finally:
            with cell("eu", actor=Actor.system("test")):
                connections.close_all()
        return "registered"

    with ThreadPoolExecutor(4) as visitors:
        assert sorted(visitors.map(register, range(4))) == ["email-taken"] * 3 + ["registered"]

"""A person registers, proves the e-mail address, and signs in; in one cell, and there alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crm.models import Client, User
from crm.tests.portal import App, code_in, forget_limit_on_codes, mails_to
from fintech.cells import Actor, cell
from fintech.factlog.reading import read_subject

pytestmark = pytest.mark.usefixtures("both_cells")


def kinds(concern: str, subject: tuple[str, object]) -> list[str]:
    return [entry.kind for entry in read_subject(concern, (subject[0], str(subject[1])), after_seq=0, limit=100)]


def test_signing_up_confirming_and_using_the_api() -> None:
    app = App()
    response = app.sign_up()
    assert response.status_code == 401
    assert [flow["id"] for flow in response.json()["data"]["flows"] if flow.get("is_pending")] == ["verify_email"]
    assert app.confirm_email().status_code == 200
    profile = app.get("profile")
    assert profile["full_name"] == "Maria Rossi"
    assert profile["entity"]["code"] == "eu-main"
    assert profile["verified"] is False
    assert [step["step"] for step in profile["next_steps"]] == [
        "answer_questions",
        "accept_risk_warning",
        "prove_identity",
    ]


def test_registration_is_told_by_facts_with_ids_only() -> None:
    app = App().registered()
    with cell("eu", actor=Actor.system("test")):
        told = kinds("crm", ("client", app.client_id))
        user_id = Client.objects.get(pk=app.client_id).user_id
        assert told == ["crm.client.registered", "crm.client.standing_changed", "crm.client.email_confirmed"]
        assert kinds("crm", ("user", user_id)) == ["crm.user.signed_in"]


def test_nobody_uses_the_api_before_the_address_is_proved() -> None:
    app = App()
    app.sign_up()
    response = app.call("GET", "/api/v1/profile")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


def test_a_wrong_code_confirms_nothing() -> None:
    app = App()
    app.sign_up()
    assert app.call("POST", "/_allauth/app/v1/auth/email/verify", {"key": "AAA-AAA"}).status_code == 400
    with cell("eu", actor=Actor.system("test")):
        assert Client.objects.get(pk=app.client_id).email_confirmed_at is None


def test_signing_in_again_and_out() -> None:
    app = App().registered()
    app.token = None
    assert app.sign_in().status_code == 200
    assert app.get("profile")["client_id"] == str(app.client_id)
    assert app.call("DELETE", "/_allauth/app/v1/auth/session").status_code == 401
    assert app.call("GET", "/api/v1/profile").status_code == 401
    with cell("eu", actor=Actor.system("test")):
        user_id = User.objects.get(email=app.email).pk
        assert kinds("crm", ("user", user_id))[-2:] == ["crm.user.signed_in", "crm.user.signed_out"]


def test_a_failed_sign_in_is_on_record_for_a_user_that_there_is() -> None:
    app = App().registered()
    assert App(email=app.email).sign_in("wrong-password-9").status_code == 400
    with cell("eu", actor=Actor.system("test")):
        user_id = User.objects.get(email=app.email).pk
        assert kinds("crm", ("user", user_id))[-1] == "crm.user.sign_in_failed"
    assert App().sign_in("wrong-password-9").status_code == 400


def test_a_token_of_one_cell_is_unknown_in_the_other() -> None:
    app = App().registered()
    stranger = App(cell_name="au", token=app.token)
    assert stranger.call("GET", "/api/v1/profile").status_code == 401
    assert stranger.call("GET", "/_allauth/app/v1/auth/session").status_code == 410
    with cell("au", actor=Actor.system("test")):
        assert not User.objects.filter(email=app.email).exists()


def test_one_person_may_be_a_client_in_both_jurisdictions() -> None:
    european = App().registered()
    australian = App(cell_name="au", email=european.email).registered()
    assert european.get("profile")["entity"]["code"] == "eu-main"
    assert australian.get("profile")["entity"]["code"] == "au-main"


def test_a_second_registration_with_the_same_address_learns_nothing_and_makes_nothing() -> None:
    first = App().registered()
    forget_limit_on_codes("eu", first.email)
    second = App(email=first.email)
    answer, usual = second.sign_up(full_name="Somebody Else"), App().sign_up()
    assert answer.status_code == usual.status_code == 401
    assert answer.json()["data"]["flows"] == usual.json()["data"]["flows"]
    assert "already" in mails_to("eu", first.email)[-1].body
    assert first.get("profile")["full_name"] == "Maria Rossi"


@pytest.mark.parametrize(
    ("changes", "member", "code"),
    [
        ({"country": "XX"}, "country", "unknown-country"),
        ({"date_of_birth": f"{datetime.now(UTC).year - 17}-12-31"}, "date_of_birth", "under-age"),
        ({"date_of_birth": "12/04/1985"}, "date_of_birth", "invalid"),
        ({"full_name": ""}, "full_name", "required"),
        ({"address": "Via Garibaldi\r\nBcc: x@example.com"}, "address", "control-characters"),
        ({"ib_code": "NOBODY"}, "ib_code", "introducing-broker-unknown"),
        ({"password": "short"}, "password", "password_too_short"),
    ],
)
def test_what_is_not_acceptable_is_named(changes: dict[str, str], member: str, code: str) -> None:
    response = App().sign_up(**changes)
    assert response.status_code == 400
    assert (member, code) in [(error["param"], error["code"]) for error in response.json()["errors"]]


def test_the_mail_comes_from_the_entity_and_is_forgotten_once_sent() -> None:
    from crm.models import OutgoingMail

    app = App()
    app.sign_up()
    message = mails_to("eu", app.email)[-1]
    assert message.subject.startswith("Example Markets (Europe) Ltd")
    assert code_in(message.body)
    with cell("eu", actor=Actor.system("test")):
        mail = OutgoingMail.objects.get(person_id=app.client_id)
        assert mail.sent_at is not None
        assert mail.text_sealed is mail.recipient_sealed is None

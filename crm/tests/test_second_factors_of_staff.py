"""The back office opens with a second factor only; a lost one is reset by a colleague."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client as HttpClient

from crm.models import User
from crm.services.second_factors import enrol_staff_totp, remove_staff_factor
from crm.services.staff import create_staff
from crm.signing_in.deployment_checks import second_factors_are_on
from crm.tests.portal import PASSWORD, SEED, App, BackOffice, mails_to, some_address
from crm.tests.software_authenticator import SoftwareAuthenticator
from fintech.cells import Actor, cell
from fintech.factlog.followers import Followed
from fintech.factlog.reading import read_subject
from fintech.journal import Refusal
from fintech.journey.one_time_codes import code_of, step_now

pytestmark = pytest.mark.usefixtures("both_cells")

STEP = "/admin/second-factor/"


class Newcomer:
    """A staff member without a second factor, at the browser."""

    def __init__(self, *groups: str) -> None:
        self.email = f"staff.{uuid4().hex[:12]}@example.com"
        with cell("eu", actor=Actor.system("test")):
            self.user_id = create_staff(
                key=str(uuid4()), email=self.email, password_hash=make_password(PASSWORD), groups=groups or ("support",)
            )
        self.http = a_browser()
        self.password = self.http.post("/admin/login/", {"username": self.email, "password": PASSWORD})


def a_browser() -> HttpClient:
    return HttpClient(headers={"host": "eu.localhost"}, REMOTE_ADDR=some_address())


def told(user_id: Any) -> list[Followed]:
    with cell("eu", actor=Actor.system("test")):
        return read_subject("crm", ("user", str(user_id)), after_seq=0, limit=200)


def passkey_options(page: HttpResponse) -> dict[str, Any]:
    found = re.search(r'<script id="passkey-options" type="application/json">(.*?)</script>', page.content.decode())
    assert found
    options: dict[str, Any] = json.loads(found[1])
    return options


def seed_on(page: HttpResponse) -> str:
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.content.decode())
    assert found
    return found[1].replace(" ", "")


def forget_last_code(office: BackOffice) -> None:
    """As if minutes had passed since the last code."""
    with cell("eu", actor=Actor.system("test")):
        row = Authenticator.objects.get(user_id=office.user_id, type="totp")
        row.data["last_step"] = 0
        row.save()


def make_older(http: HttpClient, name: str, *, seconds: int) -> None:
    """As if what the session knows had happened so much earlier."""
    with cell("eu", actor=Actor.system("test")):
        session = http.session
        session[name] = {**session[name], "at": session[name]["at"] - seconds}
        session.save()


def add_passkey(office: BackOffice, device: SoftwareAuthenticator) -> HttpResponse:
    options = passkey_options(office.get("second-factor/passkey/"))
    sent = {"name": "Office key", "credential": json.dumps(device.create(options))}
    return office.http.post(f"{STEP}passkey/", sent)


def test_who_has_no_factor_is_led_to_set_one_up_before_anything_opens() -> None:
    new = Newcomer()
    assert new.password["Location"] == STEP
    for path in (
        "",
        "crm/client/",
        "password_change/",
        "second-factor/own/",
        "second-factor/recovery-codes/",
        "rules/",
    ):
        assert new.http.get(f"/admin/{path}")["Location"].startswith("/admin/login/"), path
    assert new.http.get("/_allauth/browser/v1/auth/session").status_code == 401
    assert new.http.get(STEP)["Location"] == f"{STEP}enrol/"
    page = new.http.get(f"{STEP}enrol/")
    assert b'src="data:image/svg+xml;base64,' in page.content
    assert "no-store" in page["Cache-Control"]
    assert new.http.post(f"{STEP}enrol/", {"code": "000000"}).status_code == 400
    assert new.http.get("/admin/").status_code == 302
    assert not [entry for entry in told(new.user_id) if entry.kind == "crm.user.signed_in"]


def test_setting_one_up_signs_in_and_shows_recovery_codes_once() -> None:
    new = Newcomer()
    seed = seed_on(new.http.get(f"{STEP}enrol/"))
    done = new.http.post(f"{STEP}enrol/", {"code": code_of(seed, step_now())})
    assert done["Location"] == f"{STEP}recovery-codes/"
    codes = re.findall(r"<li><code>(\d{10})</code>", new.http.get(done["Location"]).content.decode())
    assert len(codes) == 10
    assert codes[0] not in new.http.get(done["Location"]).content.decode()
    assert new.http.get("/admin/").status_code == 200
    assert [(entry.kind, entry.actor) for entry in told(new.user_id)][1:] == [
        (kind, f"staff:{new.user_id}")
        for kind in ("crm.user.factor_added", "crm.user.recovery_codes_made", "crm.user.signed_in")
    ]
    assert not any(secret in json.dumps([entry.data for entry in told(new.user_id)]) for secret in (seed, *codes))
    assert [message.subject for message in mails_to("eu", new.email)] == [
        "Example Markets (Europe) Ltd: Authenticator App Activated"
    ]
    with cell("eu", actor=Actor.system("test")):
        kept = json.dumps(list(Authenticator.objects.filter(user_id=new.user_id).values_list("data", flat=True)))
    assert seed not in kept
    # A recovery code opens once in place of the app.
    for expected in (302, 400):
        http = a_browser()
        http.post("/admin/login/", {"username": new.email, "password": PASSWORD})
        assert http.post(STEP, {"code": codes[0]}).status_code == expected


def test_the_password_alone_opens_nothing_and_a_code_is_taken_once() -> None:
    office = BackOffice("compliance")
    http = a_browser()
    office.give_password(http)
    assert http.get("/admin/").status_code == 302
    assert http.get(f"{STEP}enrol/")["Location"].startswith(STEP), "who has a factor can't set up another in its place"
    wrong = http.post(STEP, {"code": "000000"})
    assert wrong.status_code == 400
    assert b"Incorrect code." in wrong.content
    used = http.post(STEP, {"code": code_of(SEED, step_now())})
    assert used.status_code == 400, "it opened the first session"
    forget_last_code(office)
    assert http.post(STEP, {"code": code_of(SEED, step_now())})["Location"] == "/admin/"
    assert http.get("/admin/").status_code == 200
    kinds = [entry.kind for entry in told(office.user_id)]
    assert kinds[-4:] == [
        "crm.user.factor_failed",
        "crm.user.factor_failed",
        "crm.user.factor_used",
        "crm.user.signed_in",
    ]


def test_a_second_person_s_guesses_are_limited() -> None:
    office = BackOffice("support")
    http = a_browser()
    office.give_password(http)
    pages = [http.post(STEP, {"code": "000000"}) for _ in range(6)]
    assert b"Too many failed login attempts" in pages[-1].content
    forget_last_code(office)
    assert http.post(STEP, {"code": code_of(SEED, step_now())}).status_code == 400


def test_the_step_of_the_password_is_over_after_ten_minutes() -> None:
    office = BackOffice("support")
    http = a_browser()
    office.give_password(http)
    make_older(http, "back_office.waiting", seconds=601)
    assert http.post(STEP, {"code": code_of(SEED, step_now())})["Location"] == "/admin/login/"


def test_a_session_in_which_no_second_factor_was_given_opens_no_page_of_the_back_office() -> None:
    """However it came about: the portal's door makes none for staff."""
    new, http = Newcomer(), a_browser()
    assert App(email=new.email).sign_in().status_code == 401
    with cell("eu", actor=Actor.system("test")):
        http.force_login(User.objects.get(pk=new.user_id))
    assert http.get("/_allauth/browser/v1/auth/session").status_code == 200
    assert http.get("/admin/")["Location"].startswith("/admin/login/")
    assert http.get(STEP)["Location"] == "/admin/login/"


def test_a_passkey_is_added_asked_for_and_removed() -> None:
    office, device = BackOffice("support"), SoftwareAuthenticator()
    assert add_passkey(office, device)["Location"] == f"{STEP}own/"
    assert b"Passkey Office key" in office.get("second-factor/own/").content
    http = a_browser()
    office.give_password(http)
    thief = SoftwareAuthenticator(credential_id=device.credential_id, user_handle=device.user_handle)
    stolen = json.dumps(thief.get(passkey_options(http.get(STEP))))
    assert http.post(STEP, {"credential": stolen}).status_code == 400
    assert http.post(STEP, {"credential": "no JSON"}).status_code == 400
    given = json.dumps(device.get(passkey_options(http.get(STEP))))
    assert http.post(STEP, {"credential": given})["Location"] == "/admin/"
    assert http.get("/admin/").status_code == 200
    with cell("eu", actor=Actor.system("test")):
        passkey = Authenticator.objects.get(user_id=office.user_id, type="webauthn")
    office.http.post(f"{STEP}own/", {"remove": str(passkey.pk)})
    removed = told(office.user_id)[-1]
    assert (removed.kind, removed.data["factor"]) == ("crm.user.factor_removed", "passkey")
    subjects = {message.subject.partition(": ")[2] for message in mails_to("eu", office.email)}
    assert subjects == {"Security Key Added", "Security Key Removed"}


def test_the_last_factor_stays() -> None:
    office = BackOffice("support")
    with cell("eu", actor=Actor.system("test")):
        totp = Authenticator.objects.get(user_id=office.user_id, type="totp")
    page = office.http.post(f"{STEP}own/", {"remove": str(totp.pk)}, follow=True)
    assert b"This is the only second factor" in page.content
    with cell("eu", actor=Actor.system("test")):
        assert Authenticator.objects.filter(pk=totp.pk).exists()


def test_a_factor_beside_the_first_a_colleague_s_and_a_client_s_are_refused() -> None:
    office, colleague, client = BackOffice("support"), BackOffice("support"), App().registered()
    with cell("eu", actor=Actor.system("test")):
        theirs = Authenticator.objects.get(user_id=colleague.user_id, type="totp").pk
        clients_user = User.objects.get(email=client.email).pk

    def refused(decide: Any, **what: Any) -> str:
        with cell("eu", actor=Actor.staff(office.user_id)), pytest.raises(Refusal) as refusal:
            decide(key=str(uuid4()), **what)
        return refusal.value.code

    enrolled = {"secret": SEED, "step": 1}
    assert refused(enrol_staff_totp, user_id=office.user_id, replace=False, **enrolled) == "second-factor-exists"
    assert refused(remove_staff_factor, user_id=office.user_id, factor_id=theirs) == "factor-unknown"
    assert refused(enrol_staff_totp, user_id=clients_user, replace=True, **enrolled) == "staff-unknown"


def test_a_change_asks_for_a_factor_that_was_given_lately() -> None:
    office = BackOffice("support")
    make_older(office.http, "back_office.second_factor", seconds=301)
    confirm = office.http.post(f"{STEP}own/", {"renew": "yes"})
    assert confirm["Location"] == f"{STEP}?next=%2Fadmin%2Fsecond-factor%2Fown%2F"
    assert office.get("second-factor/passkey/").status_code == 302
    assert office.get("second-factor/enrol/").status_code == 302
    forget_last_code(office)
    sent = {"code": code_of(SEED, step_now()), "next": f"{STEP}own/"}
    assert office.http.post(confirm["Location"], sent)["Location"] == f"{STEP}own/"
    assert office.http.post(f"{STEP}own/", {"renew": "yes"})["Location"] == f"{STEP}recovery-codes/"
    assert told(office.user_id)[-1].kind == "crm.user.recovery_codes_made"
    used = next(entry for entry in reversed(told(office.user_id)) if entry.kind == "crm.user.factor_used")
    assert used.data["purpose"] == "reauthentication"


def test_another_telephone_takes_the_place_of_the_first() -> None:
    office = BackOffice("support")
    seed = seed_on(office.get("second-factor/enrol/"))
    assert office.http.post(f"{STEP}enrol/", {"code": code_of(seed, step_now())}).status_code == 302
    http = a_browser()
    office.give_password(http)
    assert http.post(STEP, {"code": code_of(SEED, step_now() + 1)}).status_code == 400
    assert http.post(STEP, {"code": code_of(seed, step_now() + 1)}).status_code == 302


def test_a_colleague_resets_a_lost_factor_and_ends_the_sessions() -> None:
    lost, colleague = BackOffice("payments"), BackOffice("compliance")
    path = f"crm/user/{lost.user_id}/do/reset-second-factor/"
    assert b"Reset second factor" in colleague.get(f"crm/user/{lost.user_id}/change/").content
    assert colleague.do(path, reason="telephone stolen, known by voice").status_code == 302
    assert lost.http.get("/admin/").status_code == 302
    assert lost.http.get("/_allauth/browser/v1/auth/session").status_code == 401
    reset = told(lost.user_id)[-1]
    assert (reset.kind, reset.actor, reset.reason) == (
        "crm.staff.factors_reset",
        f"staff:{colleague.user_id}",
        "telephone stolen, known by voice",
    )
    assert reset.data["factors"] == ["totp", "recovery_codes"]
    assert mails_to("eu", lost.email)[-1].subject == "Example Markets (Europe) Ltd: Second factor reset"
    http = a_browser()
    lost.give_password(http)
    assert http.get(STEP)["Location"] == f"{STEP}enrol/"
    again = colleague.do(path, key=str(uuid4()))
    assert b"There is no second factor to reset." in again.content


def test_nobody_resets_their_own_and_others_have_no_right_to() -> None:
    office, support = BackOffice("compliance"), BackOffice("support")
    own = office.do(f"crm/user/{office.user_id}/do/reset-second-factor/")
    assert own.status_code == 400
    assert b"own-factor" in own.content
    assert support.get(f"crm/user/{office.user_id}/do/reset-second-factor/").status_code == 403
    assert office.http.get("/admin/").status_code == 200


def test_the_operator_resets_by_command() -> None:
    office = BackOffice("compliance")
    call_command(
        "staff", "reset-second-factor", "--cell", "eu", "--email", office.email, "--reason", "nobody else is left"
    )
    assert office.http.get("/admin/").status_code == 302
    assert told(office.user_id)[-1].actor == "system:operator"


def test_the_setting_turns_it_off_and_a_deployment_without_it_is_refused(settings: Any) -> None:
    assert second_factors_are_on() == []
    settings.FINTECH_STAFF_SECOND_FACTOR = False
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    settings.MFA_TOTP_INSECURE_BYPASS_CODE = "123456"
    assert [error.id for error in second_factors_are_on()] == ["crm.E001", "crm.E002", "crm.E003"]
    new = Newcomer()
    assert new.password["Location"] == "/admin/"
    assert new.http.get("/admin/").status_code == 200


def test_a_user_who_is_no_member_of_staff_any_more_gets_no_further() -> None:
    office = BackOffice("support")
    http = a_browser()
    office.give_password(http)
    forget_last_code(office)
    with cell("eu", actor=Actor.system("test")):
        User.objects.filter(pk=office.user_id).update(is_active=False)
    assert http.post(STEP, {"code": code_of(SEED, step_now())})["Location"] == "/admin/login/"
    assert len(mail.outbox) == 0

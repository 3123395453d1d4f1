"""A client's authenticator app, recovery codes and passkeys, through the portal's door."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.http import HttpResponse
from django.test import Client as HttpClient

from crm.models import User
from crm.tests.portal import PASSWORD, App, BackOffice, mails_to, some_address
from crm.tests.software_authenticator import SoftwareAuthenticator, base64url
from fintech.cells import Actor, cell
from fintech.factlog.followers import Followed
from fintech.factlog.reading import read_subject
from fintech.journey.one_time_codes import code_of, step_now

pytestmark = pytest.mark.usefixtures("both_cells")

TOTP = "account/authenticators/totp"
CODES = "account/authenticators/recovery-codes"
PASSKEYS = "account/authenticators/webauthn"


def ask(app: App, method: str, below: str, body: Any = None) -> HttpResponse:
    """Signing in and what belongs to it, keeping the token."""
    response = app.call(method, f"/_allauth/app/v1/{below}", body)
    app._keep_token(response)
    return response


def user_of(app: App) -> User:
    with cell(app.cell_name, actor=Actor.system("test")):
        return User.objects.get(email=app.email)


def told(app: App) -> list[Followed]:
    user = user_of(app)
    with cell(app.cell_name, actor=Actor.system("test")):
        return read_subject("crm", ("user", str(user.pk)), after_seq=0, limit=200)


def code_was_taken_long_ago(app: App) -> None:
    """As if minutes had passed since the last code."""
    user = user_of(app)
    with cell(app.cell_name, actor=Actor.system("test")):
        row = Authenticator.objects.get(user=user, type="totp")
        row.data["last_step"] = 0
        row.save()


def with_app(app: App) -> str:
    """Enrol an authenticator app; gives its seed."""
    seed = str(ask(app, "GET", TOTP).json()["meta"]["secret"])
    assert ask(app, "POST", "auth/reauthenticate", {"password": PASSWORD}).status_code == 200
    assert ask(app, "POST", TOTP, {"code": code_of(seed, step_now())}).status_code == 200
    return seed


def with_passkey(app: App, device: SoftwareAuthenticator) -> None:
    """Register a passkey that signs in by itself."""
    ask(app, "POST", "auth/reauthenticate", {"password": PASSWORD})
    options = ask(app, "GET", f"{PASSKEYS}?passwordless").json()["data"]["creation_options"]
    body = {"name": "My telephone", "passwordless": True, "credential": device.create(options)}
    response = ask(app, "POST", PASSKEYS, body)
    assert response.status_code == 200, response.content


def again(app: App) -> App:
    """The same person in another app, who has given the password."""
    other = App(cell_name=app.cell_name, email=app.email)
    assert other.sign_in().status_code == 401
    return other


def by_passkey(app: App, device: SoftwareAuthenticator) -> HttpResponse:
    """Sign in by a passkey alone."""
    options = ask(app, "GET", "auth/webauthn/login").json()["data"]["request_options"]
    return ask(app, "POST", "auth/webauthn/login", {"credential": device.get(options)})


@pytest.fixture
def app() -> App:
    return App().registered()


def test_an_app_is_enrolled_and_asked_for_at_the_next_sign_in(app: App) -> None:
    seed = with_app(app)
    other = again(app)
    assert other.call("GET", "/api/v1/profile").status_code == 401
    wrong = ask(other, "POST", "auth/2fa/authenticate", {"code": "000000"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "incorrect_code")
    right = ask(other, "POST", "auth/2fa/authenticate", {"code": code_of(seed, step_now() + 1)})
    assert right.status_code == 200
    assert other.get("profile")["client_id"] == str(app.client_id)
    kinds = [(entry.kind, entry.data.get("purpose")) for entry in told(app)][-3:]
    assert kinds == [
        ("crm.user.factor_failed", None),
        ("crm.user.factor_used", "second_factor"),
        ("crm.user.signed_in", None),
    ]
    assert {entry.actor for entry in told(app)[-3:]} == {f"client:{app.client_id}"}


def test_enrolment_needs_the_password_again_and_the_app_s_code(app: App) -> None:
    seed = str(ask(app, "GET", TOTP).json()["meta"]["secret"])
    assert ask(app, "POST", TOTP, {"code": code_of(seed, step_now())}).status_code == 401
    ask(app, "POST", "auth/reauthenticate", {"password": PASSWORD})
    assert ask(app, "POST", TOTP, {"code": "123"}).status_code == 400
    assert ask(app, "GET", "account/authenticators").json()["data"] == []


def test_a_code_is_taken_once_whatever_the_cache_remembers(app: App) -> None:
    from django.core.cache import cache

    seed = with_app(app)
    spent = ask(again(app), "POST", "auth/2fa/authenticate", {"code": code_of(seed, step_now())})
    assert spent.status_code == 400, "the code of the enrolment is spent"
    code_was_taken_long_ago(app)
    step = step_now()
    assert ask(again(app), "POST", "auth/2fa/authenticate", {"code": code_of(seed, step)}).status_code == 200
    with cell("eu", actor=Actor.system("test")):
        cache.clear()
    for before in (step, step - 1):
        assert ask(again(app), "POST", "auth/2fa/authenticate", {"code": code_of(seed, before)}).status_code == 400


def test_of_two_who_give_one_code_at_once_one_gets_in(app: App) -> None:
    seed = with_app(app)
    code_was_taken_long_ago(app)
    apps = [again(app) for _ in range(4)]
    code = code_of(seed, step_now())

    def give(other: App) -> int:
        try:
            return ask(other, "POST", "auth/2fa/authenticate", {"code": code}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as visitors:
        assert sorted(visitors.map(give, apps)) == [200, 400, 400, 400]


def test_guesses_are_limited(app: App) -> None:
    seed = with_app(app)
    other = again(app)
    answers = [ask(other, "POST", "auth/2fa/authenticate", {"code": "000000"}).json() for _ in range(6)]
    assert answers[-1]["errors"][0]["code"] == "too_many_login_attempts"
    # The right code isn't taken now either, from wherever it comes.
    elsewhere = again(app)
    right = ask(elsewhere, "POST", "auth/2fa/authenticate", {"code": code_of(seed, step_now() + 1)})
    assert right.status_code == 400


def test_recovery_codes_are_shown_once_and_each_opens_once(app: App) -> None:
    with_app(app)
    shown = ask(app, "GET", CODES).json()["data"]
    assert (len(shown["unused_codes"]), shown["total_code_count"]) == (10, 10)
    assert "unused_codes" not in ask(app, "GET", CODES).json()["data"]
    code = shown["unused_codes"][3]
    assert ask(again(app), "POST", "auth/2fa/authenticate", {"code": code}).status_code == 200
    assert ask(again(app), "POST", "auth/2fa/authenticate", {"code": code}).status_code == 400
    assert ask(app, "GET", CODES).json()["data"]["unused_code_count"] == 9
    used = [entry.data for entry in told(app) if entry.kind == "crm.user.factor_used"]
    assert [each["factor"] for each in used] == ["recovery_codes"]


def test_new_recovery_codes_make_the_old_ones_worthless(app: App) -> None:
    with_app(app)
    (old, *_) = ask(app, "GET", CODES).json()["data"]["unused_codes"]
    new = ask(app, "POST", CODES, {}).json()["data"]["unused_codes"]
    assert old not in new
    assert ask(again(app), "POST", "auth/2fa/authenticate", {"code": old}).status_code == 400
    assert ask(again(app), "POST", "auth/2fa/authenticate", {"code": new[0]}).status_code == 200
    assert [entry.kind for entry in told(app)].count("crm.user.recovery_codes_made") == 2


def test_who_has_a_factor_confirms_changes_by_it_and_not_by_the_password(app: App) -> None:
    seed = with_app(app)
    code_was_taken_long_ago(app)
    other = again(app)
    assert ask(other, "POST", "auth/2fa/authenticate", {"code": code_of(seed, step_now())}).status_code == 200
    assert ask(other, "POST", "auth/reauthenticate", {"password": PASSWORD}).status_code == 200
    assert ask(other, "DELETE", TOTP).status_code == 401
    email = {"email": f"new.{app.email}"}
    assert ask(other, "POST", "account/email", email).status_code == 401
    code = code_of(seed, step_now() + 1)
    assert ask(other, "POST", "auth/2fa/reauthenticate", {"code": code}).status_code == 200
    assert ask(other, "DELETE", TOTP).status_code == 200
    assert App(email=app.email).sign_in().status_code == 200
    removed = [entry.data["factor"] for entry in told(app) if entry.kind == "crm.user.factor_removed"]
    assert removed == ["totp", "recovery_codes"]


def test_each_change_is_told_by_mail_and_on_record_without_a_secret(app: App) -> None:
    seed = with_app(app)
    with_codes = ask(app, "GET", CODES).json()["data"]["unused_codes"]
    ask(app, "POST", CODES, {})
    ask(app, "DELETE", TOTP)
    subjects = {message.subject.partition(": ")[2] for message in mails_to("eu", app.email)}
    assert subjects >= {
        "Authenticator App Activated",
        "New Recovery Codes Generated",
        "Authenticator App Deactivated",
    }
    recorded = json.dumps([entry.data for entry in told(app)])
    assert [entry.kind for entry in told(app)][-5:] == [
        "crm.user.factor_added",
        "crm.user.recovery_codes_made",
        "crm.user.recovery_codes_made",
        "crm.user.factor_removed",
        "crm.user.factor_removed",
    ]
    assert not any(secret in recorded for secret in (seed, *with_codes))


def test_the_seed_stands_in_no_table_in_clear(app: App) -> None:
    seed = with_app(app)
    with cell("eu", actor=Actor.system("test")):
        row = Authenticator.objects.get(user=user_of(app), type="totp")
        assert row.data["secret"] != seed
        # Sealed as the row keeps it, so what follows finds what it looks for.
        assert tables_with("eu_crm", row.data["secret"]) == ["mfa_authenticator"]
        assert tables_with("eu_crm", seed) == []


def tables_with(alias: str, text: str) -> list[str]:
    """The tables of a database in some row of which a text stands, however deep; bytes are looked through as well."""
    found = []
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE %s OR t::text LIKE %s',
                [f"%{text}%", f"%{text.encode().hex()}%"],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_a_passkey_signs_in_alone_and_behind_the_password(app: App) -> None:
    device = SoftwareAuthenticator()
    with_passkey(app, device)
    alone = App(email=app.email)
    assert by_passkey(alone, device).status_code == 200
    assert alone.get("profile")["client_id"] == str(app.client_id)
    other = again(app)
    options = ask(other, "GET", "auth/webauthn/authenticate").json()["data"]["request_options"]
    assert ask(other, "POST", "auth/webauthn/authenticate", {"credential": device.get(options)}).status_code == 200
    used = [entry.data for entry in told(app) if entry.kind == "crm.user.factor_used"]
    assert [each["purpose"] for each in used] == ["passwordless", "second_factor"]
    added = next(entry.data for entry in told(app) if entry.kind == "crm.user.factor_added")
    assert {each["credential_sha256"] for each in used} == {added["credential_sha256"]}


def test_a_passkey_that_doesn_t_know_its_person_isn_t_enough_alone(app: App) -> None:
    device = SoftwareAuthenticator()
    with_passkey(app, device)
    device.verifies_user = False
    assert by_passkey(App(email=app.email), device).status_code == 400
    other = again(app)
    options = ask(other, "GET", "auth/webauthn/authenticate").json()["data"]["request_options"]
    assert ask(other, "POST", "auth/webauthn/authenticate", {"credential": device.get(options)}).status_code == 200


def test_an_answer_of_a_passkey_is_taken_once_and_from_its_owner_only(app: App) -> None:
    device, thief = SoftwareAuthenticator(), SoftwareAuthenticator()
    with_passkey(app, device)
    thief.credential_id, thief.user_handle = device.credential_id, device.user_handle
    assert by_passkey(App(email=app.email), thief).status_code == 400
    visitor = App(email=app.email)
    options = ask(visitor, "GET", "auth/webauthn/login").json()["data"]["request_options"]
    given = {"credential": device.get(options)}
    assert ask(visitor, "POST", "auth/webauthn/login", given).status_code == 200
    assert ask(App(email=app.email), "POST", "auth/webauthn/login", given).status_code == 400


def test_a_passkey_of_eu_is_worthless_at_au(app: App) -> None:
    device = SoftwareAuthenticator()
    with_passkey(app, device)
    assert by_passkey(App(cell_name="au", email=app.email), device).status_code == 400
    # Even the very same key of the very same person, registered at both: what it signs for one host is for that host.
    there = App(cell_name="au").registered()
    at_au = SoftwareAuthenticator(origin="http://au.localhost", rp_id="au.localhost")
    with_passkey(there, at_au)
    assert by_passkey(App(cell_name="au"), at_au).status_code == 200
    at_au.rp_id = "eu.localhost"
    assert by_passkey(App(cell_name="au"), at_au).status_code == 400
    at_au.rp_id, at_au.origin = "au.localhost", "http://eu.localhost"
    assert by_passkey(App(cell_name="au"), at_au).status_code == 400


def test_passkeys_are_named_listed_and_removed(app: App) -> None:
    with_passkey(app, SoftwareAuthenticator())
    (listed,) = [
        each for each in ask(app, "GET", "account/authenticators").json()["data"] if each["type"] == "webauthn"
    ]
    assert (listed["name"], listed["is_passwordless"]) == ("My telephone", True)
    renamed = ask(app, "PUT", PASSKEYS, {"id": listed["id"], "name": "My new telephone"})
    assert renamed.json()["data"]["name"] == "My new telephone"
    stranger = App().registered()
    with_passkey(stranger, SoftwareAuthenticator())
    assert ask(stranger, "DELETE", PASSKEYS, {"authenticators": [listed["id"]]}).status_code == 400
    assert ask(app, "DELETE", PASSKEYS, {"authenticators": [listed["id"]]}).status_code == 200
    assert ask(app, "GET", "account/authenticators").json()["data"] == []


def test_a_browser_enrols_and_signs_in_with_its_cookie(app: App) -> None:
    def browser() -> HttpClient:
        http = HttpClient(headers={"host": "eu.localhost"}, REMOTE_ADDR=some_address())
        body = {"email": app.email, "password": PASSWORD}
        http.post("/_allauth/browser/v1/auth/login", body, content_type="application/json")
        return http

    def send(http: HttpClient, below: str, body: dict[str, str]) -> int:
        path = f"/_allauth/browser/v1/{below}"
        return http.post(path, body, content_type="application/json").status_code

    http = browser()
    seed = http.get(f"/_allauth/browser/v1/{TOTP}").json()["meta"]["secret"]
    assert send(http, "auth/reauthenticate", {"password": PASSWORD}) == 200
    assert send(http, TOTP, {"code": code_of(seed, step_now())}) == 200
    other = browser()
    assert other.get("/api/v1/profile").status_code == 401
    assert send(other, "auth/2fa/authenticate", {"code": code_of(seed, step_now() + 1)}) == 200
    assert other.get("/api/v1/profile").json()["client_id"] == str(app.client_id)


REMOVED = object()
CLIENT_DATA = base64url(b'{"type": "webauthn.get", "challenge": "AAAA", "origin": "http://eu.localhost"}')
# CBOR in which three thousand lists stand inside of each other.
DEEP = base64url(b"\0" * 32 + b"\x80" + b"\0" * 4 + b"\x81" * 3000)
DEEP_ATTESTATION = base64url(b"\x81" * 3000)
BENT: tuple[Any, ...] = (
    {},
    {"rawId": REMOVED},
    {
        "response": {
            "clientDataJSON": CLIENT_DATA,
            "attestationObject": DEEP_ATTESTATION,
            "authenticatorData": DEEP,
            "signature": "AA",
        }
    },
    {"id": 5},
    {"type": "password"},
    {"rawId": "AAAA"},
    {"response": None},
    {"response": {"clientDataJSON": "e30", "attestationObject": "AAAA", "authenticatorData": "", "signature": ""}},
    {"response": {"clientDataJSON": "_w", "attestationObject": "oA", "authenticatorData": "AA", "signature": "AA"}},
    {"response": {"clientDataJSON": "a" * 30_000}},
    {"response": {"clientDataJSON": "e30", "userHandle": base64url(b"nobody")}},
    "text",
    [],
    None,
    7,
)


def test_what_no_passkey_gives_is_refused_and_breaks_nothing(app: App) -> None:
    device = SoftwareAuthenticator()
    ask(app, "POST", "auth/reauthenticate", {"password": PASSWORD})
    for bent in BENT:
        options = ask(app, "GET", PASSKEYS).json()["data"]["creation_options"]
        body = {"name": "x", "credential": bent_from(device.create(options), bent)}
        assert ask(app, "POST", PASSKEYS, body).status_code == 400, bent
        visitor = App()
        options = ask(visitor, "GET", "auth/webauthn/login").json()["data"]["request_options"]
        body = {"credential": bent_from(device.get(options), bent)}
        assert ask(visitor, "POST", "auth/webauthn/login", body).status_code == 400, bent


def bent_from(whole: dict[str, Any], bent: Any) -> Any:
    if not isinstance(bent, dict) or not bent:
        return bent
    return {name: value for name, value in {**whole, **bent}.items() if value is not REMOVED}


def test_further_members_of_a_passkey_are_not_kept(app: App) -> None:
    device = SoftwareAuthenticator()
    ask(app, "POST", "auth/reauthenticate", {"password": PASSWORD})
    credential = device.create(ask(app, "GET", PASSKEYS).json()["data"]["creation_options"])
    credential |= {"further": "x\u0000y"}
    assert ask(app, "POST", PASSKEYS, {"name": "x", "credential": credential}).status_code == 200
    with cell("eu", actor=Actor.system("test")):
        row = Authenticator.objects.get(user=user_of(app), type="webauthn")
    assert "further" not in row.data["credential"]


def test_without_the_cache_nobody_gets_in_by_guessing(app: App, settings: Any) -> None:
    seed = with_app(app)
    other = again(app)
    nowhere = re.sub(r":\d+/", ":1/", settings.CACHES["default"]["LOCATION"])
    closed = {**settings.CACHES["default"], "LOCATION": nowhere}
    settings.CACHES = {"default": closed}
    http = HttpClient(headers={"host": "eu.localhost", "X-Session-Token": other.token}, raise_request_exception=False)
    path, body = "/_allauth/app/v1/auth/2fa/authenticate", {"code": code_of(seed, step_now() + 1)}
    assert http.post(path, body, content_type="application/json").status_code >= 500
    assert other.call("GET", "/api/v1/profile").status_code in (401, 500, 503)


def test_staff_change_nothing_at_the_portal_s_door() -> None:
    office = BackOffice("support")
    http = office.http
    path = f"/_allauth/browser/v1/{TOTP}"
    assert http.delete(path).status_code == 403
    assert (
        http.post("/_allauth/browser/v1/auth/reauthenticate", {"password": PASSWORD}, "application/json").status_code
        == 200
    )
    assert http.delete(path).status_code == 403
    assert http.post(f"/_allauth/browser/v1/{CODES}", {}, "application/json").status_code == 403
    assert http.get(f"/_allauth/browser/v1/{PASSKEYS}").status_code == 403

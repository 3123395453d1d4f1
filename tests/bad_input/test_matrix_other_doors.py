"""The doors of the service `api` beside the API: signing in, the PSPs' webhooks, the pages of problems, the schema.

Signing in is django-allauth's own protocol: 401 with what can be done (`flows`) to whom nobody knows, 410 for a token
that isn't good here, 409 for a step that isn't due. The tables give the status for GET, POST, PUT, PATCH, DELETE, each
with an empty JSON object; a new address has to be entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client as HttpClient

from crm.tests.portal import some_address
from tests.bad_input.cast import Cast
from tests.bad_input.endpoints import patterns

pytestmark = pytest.mark.exhaustive

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Address below /_allauth/<app or browser>/v1/: to nobody; to somebody signed in, client or staff.
SIGNING_IN = {
    "config": ("200 405 405 405 405", "200 405 405 405 405"),
    "auth/session": ("401 405 405 405 401", "200 405 405 405 401"),
    "auth/reauthenticate": ("401 401 401 401 401", "405 400 400 400 400"),
    "auth/password/request": ("405 400 400 400 400", "405 400 400 400 400"),
    "auth/password/reset": ("409 409 409 409 409", "409 409 409 409 409"),
    "auth/login": ("405 400 400 400 400", "405 400 400 400 400"),
    "auth/signup": ("405 400 405 405 405", "405 400 405 405 405"),
    "auth/email/verify": ("409 409 409 409 409", "409 409 409 409 409"),
    "auth/email/verify/resend": ("405 409 405 405 405", "405 409 405 405 405"),
    "account/password/change": ("401 401 401 401 401", "405 400 400 400 400"),
    "account/email": ("401 409 401 401 401", "200 400 400 400 400"),
    "auth/2fa/authenticate": ("401 401 401 401 401", "401 401 401 401 401"),
    "auth/2fa/reauthenticate": ("401 401 401 401 401", "405 400 400 400 400"),
    "auth/webauthn/authenticate": ("401 401 401 401 401", "401 401 401 401 401"),
    "auth/webauthn/reauthenticate": ("401 401 401 401 401", "200 400 405 405 405"),
    "auth/webauthn/login": ("200 400 405 405 405", "200 400 405 405 405"),
    "account/authenticators": ("401 401 401 401 401", "200 405 405 405 405"),
    "account/authenticators/totp": ("401 401 401 401 401", "404 400 405 405 200"),
    "account/authenticators/recovery-codes": ("401 401 401 401 401", "404 400 400 400 400"),
    "account/authenticators/webauthn": ("401 401 401 401 401", "401 400 400 405 400"),
    "auth/sessions": ("401 401 401 401 401", "200 405 405 405 400"),
}
# Staff change their second factors in the back office only; what they see here is their own.
TO_STAFF = {
    "account/authenticators/totp": "200 400 405 405 403",
    "account/authenticators/recovery-codes": "403 403 405 405 405",
    "account/authenticators/webauthn": "403 400 400 405 400",
}
# Of allauth's, and not served: whoever asks finds nothing.
NOT_SERVED = ("auth/phone/verify", "auth/phone/verify/resend", "account/phone", "auth/code/confirm", "tokens/refresh")
OPEN = {
    "/api/v1/openapi.json": "200 405 405 405 405",
    "/webhooks/{psp}/": "405 401 405 405 405",
    "/problems/": "200 405 405 405 405",
    "/problems/{code}": "200 405 405 405 405",
}


def test_the_tables_name_each_address() -> None:
    from fintech.project.urls_api import urlpatterns

    served = {address for address, _ in patterns(urlpatterns) if not address.startswith("/api/v1/")}
    signing_in = {f"/_allauth/{kind}/v1/{below}" for kind in ("app", "browser") for below in (*SIGNING_IN, *NOT_SERVED)}
    signing_in.remove("/_allauth/browser/v1/tokens/refresh")
    switched_off = {address for address in served if "(?:app|browser)" in address}
    assert served - switched_off == {*signing_in, *(OPEN.keys() - {"/api/v1/openapi.json"})}


# One for all, since each loads the middleware anew.
_http = HttpClient(raise_request_exception=False)


def asked(
    cast: Cast, method: str, address: str, *, token: str | None = None, cookie: str | None = None
) -> HttpResponse:
    _http.cookies.clear()
    if cookie is not None:
        _http.cookies["sessionid"] = cookie
    headers = {"Host": f"{cast.cell_name}.localhost", **({"X-Session-Token": token} if token else {})}
    body = b"" if method == "GET" else b"{}"
    return _http.generic(
        method, address, body, content_type="application/json", headers=headers, REMOTE_ADDR=some_address()
    )


def again(cast: Cast, credential: str) -> str:
    """Another session like this one, since some of what is tried ends it."""
    with cast.inside():
        copy = SessionStore()
        copy.update(dict(SessionStore(session_key=credential).items()))
        copy.create()
        return str(copy.session_key)


@pytest.mark.parametrize("below", [*SIGNING_IN, *NOT_SERVED])
def test_signing_in(below: str, cast: Cast, casts: Mapping[str, Cast], tried: Counter[str]) -> None:
    to_nobody, to_somebody = SIGNING_IN.get(below, ("404 404 404 404 404",) * 2)
    (other,) = (each for each in casts.values() if each is not cast)
    app, browser = (f"/_allauth/{kind}/v1/{below}" for kind in ("app", "browser"))
    not_good_here = to_nobody if below in NOT_SERVED else "410 410 410 410 410"
    answers: dict[str, tuple[str, str]] = {}
    for who, expected, address, credential in (
        ("nobody", to_nobody, app, {}),
        ("a made-up token", not_good_here, app, {"token": "a" * 32}),
        ("a client of the other cell", not_good_here, app, {"token": other.client.token}),
        ("nobody", to_nobody, browser, {}),
        ("a client of the other cell", to_nobody, browser, {"cookie": other.client.token}),
    ):
        told = " ".join(str(asked(cast, method, address, **credential).status_code) for method in METHODS)
        answers[f"{who} at {address}"] = (told, expected)
    with cast.inside():
        # allauth gives an address to staff who look at theirs; whether another test has looked says nothing here.
        EmailAddress.objects.filter(user__is_staff=True).delete()
    signed_in = {role: office.http.cookies["sessionid"].value for role, office in cast.staff.items()}
    for who, credential in {"a client": str(cast.neighbour.token), **signed_in}.items():
        due = TO_STAFF.get(below, to_somebody) if who in signed_in else to_somebody
        for address, name in ((app, "token"), (browser, "cookie")):
            told = " ".join(
                str(asked(cast, method, address, **{name: again(cast, credential)}).status_code) for method in METHODS
            )
            # Only so many changes of a password are taken in a minute: more are refused for that.
            answers[f"{who} at {address}"] = (told.replace("429", "400"), due)
    tried["signing in"] += len(answers) * len(METHODS)
    assert {who: told for who, (told, _) in answers.items()} == {who: due for who, (_, due) in answers.items()}


@pytest.mark.parametrize("address", OPEN)
def test_what_is_open_is_the_same_to_everybody(
    address: str, cast: Cast, casts: Mapping[str, Cast], tried: Counter[str]
) -> None:
    filled = address.format(psp="sandbox", code="not-found")
    tokens = [None, "a" * 32, *(each.client.token for each in casts.values())]
    cookies = [office.http.cookies["sessionid"].value for office in cast.staff.values()]
    for credential in [*({"token": token} for token in tokens), *({"cookie": cookie} for cookie in cookies)]:
        told = " ".join(str(asked(cast, method, filled, **credential).status_code) for method in METHODS)
        tried["open doors"] += len(METHODS)
        assert told == OPEN[address], credential


@pytest.mark.parametrize(
    "host", ["", "localhost", "127.0.0.1", "uk.localhost", "eu.localhost.example.com", "eu@localhost", "*"]
)
def test_a_host_that_is_nobodys_reaches_no_door(host: str, casts: Mapping[str, Cast], tried: Counter[str]) -> None:
    from fintech.project.urls import urlpatterns

    token = str(casts["eu"].client.token)
    for address, _ in patterns(urlpatterns):
        response = _http.get(address, headers={"host": host, "X-Session-Token": token})
        tried["wrong hosts"] += 1
        assert response.status_code == 421
        assert response.json()["type"] == "/problems/misdirected-request"

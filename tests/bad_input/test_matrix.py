"""Every endpoint, everybody, both cells: who gets in, and what the others are told.

For the API the rule is short. An operation is private unless it stands in PUBLIC; then

    nobody                              401 not-authenticated
    a made-up, expired or revoked token 401 authentication-failed
    a client of the other cell          401 authentication-failed
    staff of any group, by cookie or by their session's key as a token   403 permission-denied
    another client of this cell         404 where the request names something of the client's, else an answer of its own
    the client                          yes, as `right_requests.RIGHT` has it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.utils import timezone

from crm.tests.portal import App
from tests.bad_input.cast import STAFF_ROLES, Cast
from tests.bad_input.endpoints import operations_by_schema, operations_by_url
from tests.bad_input.right_requests import RIGHT, Ask, own
from tests.bad_input.rows import RowWatch

OPERATIONS = sorted(RIGHT)
pytestmark = pytest.mark.exhaustive

NOT_AUTHENTICATED = (401, "/problems/not-authenticated")
AUTHENTICATION_FAILED = (401, "/problems/authentication-failed")
PERMISSION_DENIED = (403, "/problems/permission-denied")


@pytest.fixture(scope="module")
def dead_tokens(casts: Mapping[str, Cast]) -> Mapping[str, Mapping[str, str]]:
    """In each cell tokens that were good once: signed out from, run out, and of a person who was deactivated."""
    return {name: _dead_tokens(cast) for name, cast in casts.items()}


def _dead_tokens(cast: Cast) -> Mapping[str, str]:
    revoked, expired = (_signed_in_again(cast.client) for _ in range(2))
    assert revoked.call("DELETE", "/_allauth/app/v1/auth/session").status_code == 401
    with cast.inside():
        assert Session.objects.filter(pk=expired.token).update(expire_date=timezone.now()) == 1
    return {"revoked": str(revoked.token), "expired": str(expired.token)}


def _signed_in_again(app: App) -> App:
    other = App(cell_name=app.cell_name, email=app.email)
    assert other.sign_in().status_code == 200
    return other


def outcome(response: HttpResponse) -> tuple[int, str]:
    """Status and type of problem; the form of a problem is checked on the way."""
    if response.status_code < 400:
        return response.status_code, ""
    assert response["Content-Type"] == "application/problem+json", response.content
    problem: dict[str, Any] = response.json()  # type: ignore[attr-defined]
    assert problem["status"] == response.status_code
    assert HTTPStatus(problem["status"])
    assert problem["title"]
    assert problem["detail"]
    return response.status_code, str(problem["type"])


def test_each_operation_has_a_right_request_and_stands_in_the_schema() -> None:
    assert operations_by_url() == operations_by_schema() == RIGHT.keys()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_may_ask_what(
    operation: str,
    cast: Cast,
    watch: RowWatch,
    casts: Mapping[str, Cast],
    dead_tokens: Mapping[str, Mapping[str, str]],
    tried: Counter[str],
) -> None:
    host = f"{cast.cell_name}.localhost"
    (foreign,) = (other.client for other in casts.values() if other is not cast)
    ask = Ask.rightly(operation, cast)
    refused = {
        "nobody": ({}, NOT_AUTHENTICATED),
        "a made-up token": ({"X-Session-Token": "a" * 32}, AUTHENTICATION_FAILED),
        "a token with a NUL": ({"X-Session-Token": "a\0b"}, AUTHENTICATION_FAILED),
        "a client of the other cell": (own(foreign), AUTHENTICATION_FAILED),
        **{
            f"{why} token": ({"X-Session-Token": token}, AUTHENTICATION_FAILED)
            for why, token in dead_tokens[cast.cell_name].items()
        },
        **{
            f"{role}, by a session's key": (
                {"X-Session-Token": cast.staff[role].http.cookies["sessionid"].value},
                PERMISSION_DENIED,
            )
            for role in STAFF_ROLES
        },
    }
    with watch.nothing_written():
        for who, (headers, expected) in refused.items():
            assert outcome(ask.send(host=host, headers=headers)) == expected, who
            tried["API"] += 1
        for role in STAFF_ROLES:
            assert outcome(ask.send(host=host, http=cast.staff[role].http)) == PERMISSION_DENIED, role
            tried["API"] += 1
    # Looked at by whom it doesn't belong to; whatever verb says no to it keeps the refusal, and nothing else.
    told = outcome(ask.send(host=host, headers=own(cast.neighbour)))
    tried["API"] += 1
    if RIGHT[operation].theirs:
        assert told[0] == 404
        assert told[1] in NOT_THERE
    else:
        assert told[0] in (RIGHT[operation].status, 409), told
    ask.key = str(uuid4())
    mine = ask.send(host=host, headers=own(getattr(cast, RIGHT[operation].by)))
    tried["API"] += 1
    assert (mine.status_code, mine.content) == (RIGHT[operation].status, mine.content)


NOT_THERE = {
    f"/problems/{code}"
    for code in ("not-found", "wallet-unknown", "trading-account-unknown", "position-unknown", "identity-case-unknown",
                 "withdrawal-unknown", "deposit-unknown")
}  # fmt: skip

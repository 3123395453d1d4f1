"""What is asked of a body before any view, below the addresses of signing in also what its own views would overlook."""

from __future__ import annotations

import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from fintech.http.bodies import BodyMiddleware
from fintech.http.parsers import MAX_BYTES

SIGNING_IN = "/_allauth/app/v1/auth/login"
middleware = BodyMiddleware(lambda _: HttpResponse("answered"))


def sent(body: bytes, path: str = SIGNING_IN) -> HttpRequest:
    return RequestFactory().post(path, body, content_type="application/json")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'["a", "list"]', 400),
        (b'"text"', 400),
        (b'{"a": NaN}', 400),
        (b'{"a": 1, "a": 2}', 400),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}', 413),
    ],
    ids=["list", "text", "NaN", "twice", "large"],
)
def test_signing_in_takes_no_body_that_the_api_wouldnt(body: bytes, status: int) -> None:
    refused = middleware.process_view(sent(body))
    assert refused is not None
    assert (refused.status_code, json.loads(refused.content)["status"]) == (status, status)


def test_what_is_json_or_nothing_goes_on_to_the_view() -> None:
    assert middleware.process_view(sent(b'{"email": "ada@example.com"}')) is None
    assert middleware.process_view(sent(b"")) is None


def test_other_views_look_at_their_bodies_themselves() -> None:
    assert middleware.process_view(sent(b"[]", "/api/v1/deposits")) is None


def test_a_body_of_no_announced_length_is_refused_wherever_it_goes() -> None:
    request = sent(b"{}", "/api/v1/deposits")
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["CONTENT_LENGTH"] = ""
    assert middleware(request).status_code == 411
    request.META["CONTENT_LENGTH"] = "2"
    assert middleware(request).content == b"answered"

"""One id goes with a request through answer, log, journal and facts."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from fintech.http.request_ids import RequestIdMiddleware, acceptable_request_id
from fintech.http.tests.conftest import Api
from fintech.observability.correlation import current_request_id


@pytest.mark.parametrize("received", ["0198e0a2-6d3c-7d2f-8a52-5b1f9d1c0c11", "order.2026_03-31", "a" * 64])
def test_an_acceptable_id_of_the_caller_is_kept(api: Api, received: str) -> None:
    response = api.get("/api/v1/who", **{"X-Request-Id": received})
    assert response["X-Request-Id"] == received
    assert response.json()["request_id"] == received  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "received", ["", "short", "a" * 65, "white space", "a\tb-c-d-e-f", "<script>alert", "é" * 10, "-leading-"]
)
def test_any_other_id_is_replaced_by_one_of_ours(api: Api, received: str) -> None:
    assert acceptable_request_id(received) is None
    response = api.get("/api/v1/who", **{"X-Request-Id": received})
    assert UUID(response["X-Request-Id"]).version == 7
    assert response.json()["request_id"] == response["X-Request-Id"]  # type: ignore[attr-defined]


def test_two_requests_have_two_ids(api: Api) -> None:
    assert api.get("/api/v1/who")["X-Request-Id"] != api.get("/api/v1/who")["X-Request-Id"]


def test_a_response_that_streams_knows_its_request(api: Api) -> None:
    response = api.client.get("/streaming", headers={"X-Request-Id": "streaming-1"})
    assert b"".join(response.streaming_content) == b"streaming-1" * 2  # type: ignore[attr-defined]


def test_an_asynchronous_chain_carries_the_id_too() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(current_request_id())

    request = RequestFactory().get("/", headers={"X-Request-Id": "asynchronous-1"})
    response = asyncio.run(RequestIdMiddleware(view)(request))  # type: ignore[arg-type]
    assert response.content == b"asynchronous-1"
    assert response["X-Request-Id"] == "asynchronous-1"
    assert current_request_id() is None

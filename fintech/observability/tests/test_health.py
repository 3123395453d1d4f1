"""A process says whether it lives and whether it may be given work, and never why not to strangers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from fintech.observability import health
from fintech.observability.health import Probes
from fintech.observability.middleware import ProbeMiddleware


def fine() -> None:
    """Finds nothing wrong."""


def broken() -> None:
    raise ConnectionError("database at 10.1.2.3 is gone")


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Probes:
    """The probes of this process during the test: none yet."""
    fresh = Probes()
    monkeypatch.setattr("fintech.observability.doors.probes", fresh)
    return fresh


@pytest.fixture
def hanging() -> Iterator[Any]:
    """A probe that doesn't come back before the test ends."""
    ended = threading.Event()
    yield lambda: ended.wait(30)
    ended.set()


def asked(path: str, **more: Any) -> Any:
    # Those who look after processes name them by address, not by a jurisdiction's host name.
    return Client(HTTP_HOST="10.0.0.7:8001").get(path, **more)


def test_a_process_that_answers_is_alive_whatever_it_lacks(probes: Probes) -> None:
    probes.register("database", broken, essential=True)
    assert asked("/health/live").json() == {"status": "live"}


def test_a_process_is_ready_when_everything_essential_is_there(probes: Probes) -> None:
    probes.register("database", fine, essential=True)
    probes.register("replica", broken, essential=False)
    response = asked("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "probes": {"database": "passed", "replica": "failed"}}


def test_a_process_that_lacks_something_essential_is_unready_and_does_not_say_why(probes: Probes) -> None:
    probes.register("database", broken, essential=True)
    response = asked("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "unready", "probes": {"database": "failed"}}


def test_a_probe_that_hangs_counts_as_failed_and_is_not_started_twice(
    probes: Probes, hanging: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    probes.register("database", hanging, essential=True)
    probes.register("cache", fine, essential=True)
    started = time.monotonic()
    for _ in range(3):
        assert asked("/health/ready").json()["probes"] == {"database": "failed", "cache": "passed"}
    assert time.monotonic() - started < 5
    assert [thread.name for thread in threading.enumerate()].count("probe-database") == 1


def test_a_second_question_at_once_does_not_ask_the_stores_again(probes: Probes) -> None:
    looked: list[int] = []
    probes.register("database", lambda: looked.append(1), essential=True)
    for _ in range(5):
        asked("/health/ready")
    assert looked == [1]


def test_a_process_that_is_about_to_end_takes_no_more_requests_but_lives(probes: Probes) -> None:
    probes.register("database", fine, essential=True)
    probes.drain()
    assert asked("/health/ready").status_code == 503
    assert asked("/health/live").status_code == 200


def test_two_probes_have_two_names(probes: Probes) -> None:
    probes.register("database", fine, essential=True)
    with pytest.raises(ValueError, match="already"):
        probes.register("database", fine, essential=True)


def test_metrics_are_there_for_scrapers_inside() -> None:
    response = asked("/metrics", REMOTE_ADDR="10.1.2.3")
    assert response.status_code == 200
    assert b"fintech_probe_passed" in response.content


@pytest.mark.parametrize(
    "request_from",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.9"},
        {"REMOTE_ADDR": "not an address"},
    ],
)
def test_metrics_are_not_there_for_anybody_from_outside(request_from: dict[str, str]) -> None:
    assert asked("/metrics", **request_from).status_code == 404


def test_only_reading_reaches_these_doors() -> None:
    def behind(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("behind")

    request = RequestFactory().post("/metrics")
    assert ProbeMiddleware(behind)(request).content == b"behind"  # type: ignore[union-attr]


def test_an_asynchronous_service_has_the_same_doors_and_does_not_wait_in_its_loop(
    probes: Probes, hanging: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.3)
    probes.register("database", hanging, essential=True)

    async def behind(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("behind")

    async def ask() -> tuple[Any, bool]:
        question = asyncio.ensure_future(ProbeMiddleware(behind)(RequestFactory().get("/health/ready")))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        return await question, True

    response, _ = asyncio.run(ask())
    assert response.status_code == 503

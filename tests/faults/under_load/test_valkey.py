"""Valkey is lost under load: money goes on, quotes and tickets don't, and what was only to be rung for isn't lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from fintech.journey.expectations import await_that
from tests.faults.under_load.agreement import agree
from tests.faults.under_load.callers import Caller
from tests.faults.under_load.outside_record import Answer, now
from tests.faults.under_load.product import HEALED_SECONDS, RunningProduct
from tests.faults.under_load.sabotage import frozen
from tests.faults.under_load.traffic import MONEY, Traffic

pytestmark = pytest.mark.load

# What needs no broker, no cache and no quote.
GOES_ON = (*MONEY, "approval", "list", "back office")
NO_QUOTE = ("quotes-unavailable", "stale-quote")


def test_valkey_is_killed_and_started_again(product: RunningProduct, traffic: Traffic) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        assert product.stack.valkey.kill()
        product.heal_engines()
        flow.await_progress()
    agree(product, traffic)


@contextmanager
def stopped(product: RunningProduct) -> Iterator[None]:
    """Valkey is gone: connections to it are refused."""
    assert product.stack.valkey.stop()
    try:
        yield
    finally:
        product.heal_engines()


@contextmanager
def hanging(product: RunningProduct) -> Iterator[None]:
    """Valkey takes connections and answers nothing."""
    pid = product.stack.valkey.process.pid()
    assert pid is not None
    with frozen(pid):
        yield


@pytest.mark.parametrize("away", [stopped, hanging], ids=["stopped", "hanging"])
def test_without_valkey_money_goes_on_and_webhooks_are_applied_afterwards(
    product: RunningProduct,
    traffic: Traffic,
    away: Callable[[RunningProduct], AbstractContextManager[None]],
) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        before = product.metric("api", "fintech_throttle_failed_open_total", cell="eu")
        with away(product):
            lost = now()
            flow.await_answers("orders refused for want of a quote", refused_without_quote, count=2)
            flow.await_progress(GOES_ON)
            assert product.metric("api", "fintech_throttle_failed_open_total", cell="eu") > before
            assert stored_messages(product) > 0, "they wait in the database"
            assert ticket(product, traffic) == (503, "feed-unavailable")
            known = set(traffic.record.orders)
            flow.await_progress(("webhook",))
            assert set(traffic.record.orders) == known, "nobody deals without a quote"
        unforeseen = [
            answer for answer in traffic.record.since(lost) if answer.status >= 500 and answer.problem not in NO_QUOTE
        ]
        assert {answer.problem for answer in unforeseen} <= {"feed-unavailable"}, unforeseen
        await_that("every message applied", lambda: stored_messages(product) < 3, seconds=HEALED_SECONDS)
        flow.await_progress()
    agree(product, traffic)


def test_quotes_go_stale_when_prices_stand_still(product: RunningProduct, traffic: Traffic) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        with frozen(product.service("prices-eu").pid):
            flow.await_answers("orders refused", lambda answer: answer.problem == "stale-quote", count=2)
            flow.await_progress(GOES_ON)
        flow.await_progress()
    agree(product, traffic)


def refused_without_quote(answer: Answer) -> bool:
    """An order that nobody could price."""
    return answer.problem in NO_QUOTE


def stored_messages(product: RunningProduct) -> int:
    """The provider's messages that are stored, answered by 200, and not yet applied."""
    ((count,),) = product.rows("eu", "payments", "SELECT count(*) FROM payments_psp_event WHERE state = 'stored'")
    return int(count)


def ticket(product: RunningProduct, traffic: Traffic) -> tuple[int, str]:
    """How a request for a ticket to the feed is answered."""
    customer = traffic.trading
    caller = Caller(customer.place, customer.story.client.token or "", traffic.record, threading.Event())
    answer = caller.decide("feed-tickets", {})
    return answer.status, answer.problem

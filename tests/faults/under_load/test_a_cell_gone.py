"""All of eu's PostgreSQL is gone: au serves as ever, and eu's hosts say at once that they can't."""

from __future__ import annotations

import threading
from statistics import median

import pytest

from fintech.journey.expectations import await_that
from tests.faults.under_load.agreement import agree, await_rest, books_and_log_agree
from tests.faults.under_load.callers import Caller
from tests.faults.under_load.customers import Customer, pay_in
from tests.faults.under_load.outside_record import NO_ANSWER, OutsideRecord, now
from tests.faults.under_load.product import RunningProduct
from tests.faults.under_load.test_postgresql import QUICK_SECONDS, told_unavailable
from tests.faults.under_load.traffic import Traffic

pytestmark = pytest.mark.load


def test_one_cell_is_gone_and_the_other_serves_on(
    product: RunningProduct, traffic: Traffic, australian: Customer
) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        gone = now()
        product.stack.replica("eu").kill()
        product.stack.primary("eu").kill()
        flow.await_answers("problems", told_unavailable, count=4)
        main_money_moves(australian)
        flow.await_answers("problems", told_unavailable, count=4)
        answers = traffic.record.since(gone)
        product.heal_engines()
        flow.await_progress()
    told = [answer.seconds for answer in answers if told_unavailable(answer)]
    assert median(told) < QUICK_SECONDS, told
    assert NO_ANSWER not in {answer.status for answer in answers}
    agree(product, traffic)
    await_rest(product, "au")
    books_and_log_agree(product, "au")


def main_money_moves(customer: Customer) -> None:
    """A deposit by card, money to trading, an order and its close, and money back; every request answered well."""
    story, record = customer.story, OutsideRecord()
    caller = Caller(customer.place, story.client.token or "", record, threading.Event())
    pay_in(story, story.in_wallet + 100)
    body = {
        "direction": "to_trading",
        "wallet_id": customer.wallet_id,
        "trading_account_id": customer.trading_account_id,
        "amount": story.money(50),
    }
    assert caller.decide("transfers", body).status == 201
    order = {"trading_account_id": customer.trading_account_id, "instrument": "EURUSD", "side": "buy", "volume": "0.01"}
    dealt = await_that("an order filled", lambda: caller.decide("orders", order), lambda decision: decision.done)
    path = f"positions/{dealt.body['position_id']}/close"
    await_that("it closed", lambda: caller.decide(path, {}), lambda decision: decision.done)
    back = {"wallet_id": customer.wallet_id, "amount": story.money(50)}
    assert caller.decide(f"trading-accounts/{customer.trading_account_id}/transfers", back).status == 201
    assert {answer.status for answer in record.answers} <= {201, 409}

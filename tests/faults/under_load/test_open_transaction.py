"""A write transaction that stays open in crm holds back the logs of the whole cell: seen, named, and cut."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from fintech.journey.expectations import await_that
from tests.faults.under_load.agreement import agree
from tests.faults.under_load.product import HEALED_SECONDS, RunningProduct
from tests.faults.under_load.traffic import Traffic

pytestmark = pytest.mark.load

BEGUN = "SELECT pg_current_xact_id()"


def test_what_an_open_transaction_holds_back_is_seen_with_its_process_and_bounded(
    product: RunningProduct, traffic: Traffic
) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        with closing(product.connect("eu", "crm", role="crm_app")) as holding:
            holding.execute("BEGIN")
            holding.execute(BEGUN)
            pid = holding.info.backend_pid
            await_that("the holder's process", lambda: holder(product) == pid, seconds=HEALED_SECONDS)
            assert age(product) >= 5
            # All that was there before the holder has been followed by now.
            before = arrived(product)
            flow.await_answers("transfers still taken", lambda answer: answer.what == "POST /api/v1/transfers", count=3)
            assert f'"pid": {pid}' in product.layout.log("relay-eu").read_text(encoding="utf-8", errors="replace")
            assert arrived(product) == before, "what others may still precede isn't followed"
            flow.await_answers("orders refused, since standing is old", standing_is_old)
            flow.await_progress(("deposit", "webhook", "to trading", "withdrawal", "approval", "list", "back office"))
            # Nobody ends it: the limit of the application's own roles does (30 s).
            await_that("it cut", lambda: age(product) == 0 and is_gone(product, pid), seconds=HEALED_SECONDS)
            with pytest.raises(psycopg.errors.TransactionTimeout):
                holding.execute("SELECT 1")
        assert holder(product) == 0
        flow.await_progress()
    agree(product, traffic)


def age(product: RunningProduct) -> float:
    """For how long the logs have been held back, as the alert reads it."""
    return product.metric("relay-eu", "fintech_horizon_age_seconds", cell="eu")


def holder(product: RunningProduct) -> float:
    """The process that holds them back, as the relay tells it."""
    return product.metric("relay-eu", "fintech_horizon_holder_pid", cell="eu")


def is_gone(product: RunningProduct, pid: int) -> bool:
    """Whether the server has no such session any more."""
    return not product.rows("eu", "postgres", "SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])


def arrived(product: RunningProduct) -> int:
    """How far trading has followed what comes from wallets."""
    ((count,),) = product.rows(
        "eu", "trading", "SELECT last_id FROM factlog_bookmark WHERE follower = 'trading.receive_from_wallets'"
    )
    return int(count)


def standing_is_old(answer: object) -> bool:
    """A refusal to deal on a copy of standing that may be out of date."""
    return getattr(answer, "problem", "") == "standing-stale"

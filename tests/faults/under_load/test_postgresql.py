"""PostgreSQL is lost under load: the primary, the replica, and the room on its disk."""

from __future__ import annotations

import json
import urllib.request
from statistics import median

import pytest

from fintech.journey.expectations import await_that
from tests.faults.under_load.agreement import agree
from tests.faults.under_load.outside_record import NO_ANSWER, Answer, now
from tests.faults.under_load.product import HEALED_SECONDS, RunningProduct
from tests.faults.under_load.sabotage import DISK_FULL, refusing_rows, take_the_room
from tests.faults.under_load.traffic import Traffic

pytestmark = pytest.mark.load

UNAVAILABLE = "temporarily-unavailable"
# A pool that waited for its server would take 5 s for each.
QUICK_SECONDS = 3.0


def test_the_primary_is_killed_and_recovers_what_was_committed(product: RunningProduct, traffic: Traffic) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        killed = now()
        assert product.stack.primary("eu").kill()
        flow.await_answers("problems", told_unavailable, count=6)
        flow.await_answers("the back office saying so", lambda answer: (answer.door, answer.status) == ("web", 503))
        told = [answer.seconds for answer in traffic.record.since(killed) if told_unavailable(answer)]
        product.heal_engines()
        flow.await_progress()
    assert median(told) < QUICK_SECONDS, told
    assert NO_ANSWER not in {answer.status for answer in traffic.record.since(killed) if answer.door == "api"}
    agree(product, traffic)


def test_the_replica_is_killed_and_nobody_notices(product: RunningProduct, traffic: Traffic) -> None:
    with traffic.flowing() as flow:
        await_that("the replica in use", lambda: replica_is_used(product), seconds=HEALED_SECONDS)
        flow.await_progress()
        before = fallbacks(product)
        killed = now()
        assert product.stack.replica("eu").kill()
        flow.await_progress(by=4)
        assert fallbacks(product) > before
        assert not replica_is_used(product)
        product.heal_engines()
        flow.await_progress()
        await_that("the replica in use again", lambda: replica_is_used(product), seconds=HEALED_SECONDS)
    failed = [answer for answer in traffic.record.since(killed) if answer.status >= 500 or answer.status == NO_ANSWER]
    # One page of the back office may have been reading from it at that very moment.
    assert [answer.door for answer in failed] in ([], ["web"]), failed
    agree(product, traffic)


def test_no_file_of_the_primary_can_grow_and_it_goes_down_with_all_it_has_promised(
    product: RunningProduct, traffic: Traffic
) -> None:
    primary = product.stack.primary("eu")
    with traffic.flowing() as flow:
        flow.await_progress()
        full = now()
        take_the_room(product, "eu")
        flow.await_answers("problems", told_unavailable, count=6)
        # It tries to recover, which takes room, too; then it gives up.
        await_that("the server down", lambda: not primary.is_running(), seconds=HEALED_SECONDS)
        product.heal_engines()
        flow.await_progress()
    assert NO_ANSWER not in {answer.status for answer in traffic.record.since(full) if answer.door == "api"}
    assert "PANIC" in primary.log.read_text(encoding="utf-8", errors="replace")
    agree(product, traffic)


def test_no_table_of_money_can_grow_until_there_is_room_again(product: RunningProduct, traffic: Traffic) -> None:
    tables = {
        "payments": ("payments_deposit", "payments_psp_event", "ledger_transfer", "factlog_fact"),
        "trading": ("ledger_transfer", "trading_order"),
        "audit": ("audit_entry",),
    }
    with traffic.flowing() as flow:
        flow.await_progress()
        with refusing_rows(product, "eu", tables, sqlstate=DISK_FULL):
            flow.await_answers("problems", told_unavailable, count=6)
            flow.await_progress(("list", "back office"))
            stopped = product.metric("relay-eu", "fintech_followers_stopped", cell="eu")
        assert stopped == 0, "a full disk is no fault of the facts"
        flow.await_progress()
    agree(product, traffic)


def told_unavailable(answer: Answer) -> bool:
    """The API's word that a part is away for the moment."""
    return (answer.door, answer.status, answer.problem) == ("api", 503, UNAVAILABLE)


def fallbacks(product: RunningProduct) -> float:
    """Reads meant for the replica that the primary served because it was down."""
    return sum(
        product.metric(service, "fintech_replica_fallbacks_total", cell="eu", why="down") for service in ("api", "web")
    )


def replica_is_used(product: RunningProduct) -> bool:
    """Whether the API would read from the replicas now, as its own readiness tells."""
    address = f"http://127.0.0.1:{product.layout.port('api')}/health/ready"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bool(json.load(answer)["probes"]["replica"] == "passed")

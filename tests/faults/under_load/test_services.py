"""Each service is killed by SIGKILL in the middle of the load, and started again."""

from __future__ import annotations

import pytest

from fintech.journey.expectations import await_that
from tests.faults.under_load.agreement import agree
from tests.faults.under_load.product import HEALED_SECONDS, RunningProduct
from tests.faults.under_load.traffic import Traffic

pytestmark = pytest.mark.load

SERVICES = ("api", "web", "ws", "worker-eu", "relay-eu", "engine-eu", "prices-eu", "beat-eu", "psp")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_killed_under_load_and_serves_again(product: RunningProduct, traffic: Traffic, name: str) -> None:
    before = product.service(name)
    with traffic.flowing() as flow:
        flow.await_progress()
        after = product.kill_and_restart(name)
        assert after.pid != before.pid
        flow.await_progress()
        await_that(f"{name} at its work", lambda: at_work(product, name), seconds=HEALED_SECONDS)
    agree(product, traffic)


def at_work(product: RunningProduct, name: str) -> bool:
    """What progress of the load doesn't show by itself."""
    if name == "engine-eu":
        return product.metric(name, "fintech_engine_leading", cell="eu") == 1
    if name == "relay-eu":
        return product.metric(name, "fintech_relay_elections_total", cell="eu") >= 1
    if name == "beat-eu":
        return bool(product.metrics(name))
    return product.service(name).state == "ready"

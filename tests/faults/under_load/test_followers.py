"""A follower that throws: its subject waits and nobody else; the audit log's follower stops instead, and says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fintech.journey.back_office import StaffMember
from fintech.journey.cast import STAFF_PASSWORD, STAFF_SEED
from fintech.journey.expectations import NotSo, await_that
from tests.faults.under_load.agreement import agree
from tests.faults.under_load.product import HEALED_SECONDS, RunningProduct
from tests.faults.under_load.sabotage import refusing_rows
from tests.faults.under_load.traffic import Traffic

pytestmark = pytest.mark.load

RECEIVER = "trading.receive_from_wallets"


def test_a_fact_that_its_follower_throws_at_parks_its_subject_and_no_other(
    product: RunningProduct, traffic: Traffic
) -> None:
    ((account,),) = product.rows(
        "eu", "trading", "SELECT account_number FROM trading_account WHERE id = %s", [traffic.moving.trading_account_id]
    )
    support = StaffMember(product.place("eu"), "support", STAFF_PASSWORD, STAFF_SEED)
    support.sign_in()
    with traffic.flowing() as flow:
        flow.await_progress()
        with refusing_rows(product, "eu", {"trading": ("ledger_transfer",)}, when=f"NEW.credit = {account}"):
            await_that("facts parked", lambda: len(parked(product)) > 1, seconds=HEALED_SECONDS)
            flow.await_progress(("deposit", "order", "feed", "approval"))
            arrives_for_another(product, traffic)
            assert {subject for subject, _ in parked(product)} == {traffic.moving.client_id}
            assert "sabotage" in parked(product)[0][1]
            told = in_transit(product)
            assert sum(line["parked"] for line in told) > 0
            assert {line["difference"] for line in told} == {0}
            with pytest.raises(NotSo, match="0 applied, then"):
                retry(support)
        while parked(product):
            # What was parked while one retried waits for the next time.
            said = retry(support)
        assert "of this subject are applied" in said
        flow.await_progress()
    agree(product, traffic)


def test_the_audit_logs_follower_stops_at_what_it_can_t_append(product: RunningProduct, traffic: Traffic) -> None:
    with traffic.flowing() as flow:
        flow.await_progress()
        with refusing_rows(product, "eu", {"audit": ("audit_entry",)}, when="NEW.source = 'payments.fact'"):
            await_that("the alert's metric", lambda: stopped(product) == 1, seconds=HEALED_SECONDS)
            flow.await_progress()
        ended = marks(product)["audit.payments.fact"]
        assert stopped(product) == 1, "it begins again when somebody says so, not by itself"
        assert not product.rows("eu", "audit", "SELECT follower FROM factlog_parked")
        log = product.layout.log("relay-eu").read_text(encoding="utf-8", errors="replace")
        assert '"CRITICAL"' in log
        assert "a follower stopped" in log
        product.kill_and_restart("relay-eu")
        await_that("its bookmark moving on", lambda: marks(product)["audit.payments.fact"] > ended)
        assert stopped(product) == 0
        flow.await_progress()
    agree(product, traffic)


def parked(product: RunningProduct) -> list[tuple[str, str]]:
    """Subject and error of each fact that is set aside in trading."""
    return [
        (str(subject), str(error))
        for follower, subject, error in product.rows(
            "eu", "trading",
            "SELECT follower, subject_id, error FROM factlog_parked WHERE resolved_at IS NULL ORDER BY id",
        )
        if follower == RECEIVER
    ]  # fmt: skip


def retry(member: StaffMember) -> str:
    """Press the button beside the first parked fact."""
    listed = member.see("factlog/parked/", concern="trading", resolved_at__isempty="1")
    page = listed.link(r"factlog/parked/[^/]+/change/").partition("change/")[0]
    return member.press(f"{page}do/retry/", reason="The cause is gone")


def in_transit(product: RunningProduct) -> list[dict[str, Any]]:
    """What `ledger check` says of each direction."""
    well, output = product.console.run("ledger", "check", "--cell", "eu", "--json")
    assert well, output
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def arrives_for_another(product: RunningProduct, traffic: Traffic) -> None:
    """Another client's transfer reaches trading as ever."""
    customer = traffic.trading
    body = {
        "direction": "to_trading",
        "wallet_id": customer.wallet_id,
        "trading_account_id": customer.trading_account_id,
        "amount": customer.story.money(1),
    }
    sent = customer.story.client.post("transfers", body)
    traffic.record.note(lambda: traffic.record.to_trading.__setitem__(sent["id"], (customer.client_id, 100)))
    await_that(
        "the transfer booked in trading",
        lambda: product.rows(
            "eu", "trading", "SELECT 1 FROM ledger_transfer WHERE client_id = %s AND amount = 100 AND credit > 0",
            [customer.client_id],
        ),
    )  # fmt: skip


def stopped(product: RunningProduct) -> float:
    """How many followers have stopped, as the relay's metrics say."""
    return product.metric("relay-eu", "fintech_followers_stopped", cell="eu")


def marks(product: RunningProduct) -> dict[str, int]:
    """The bookmarks of the audit log's followers."""
    return {
        name: int(last) for name, last in product.rows("eu", "audit", "SELECT follower, last_id FROM factlog_bookmark")
    }

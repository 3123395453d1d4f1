"""What must hold after every fault: books, in-transit check, audit log, and the outside record agree."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from fintech.journey.expectations import await_that
from tests.faults.under_load.customers import FIRST_DEPOSIT, Customer
from tests.faults.under_load.outside_record import OutsideRecord
from tests.faults.under_load.product import RunningProduct
from tests.faults.under_load.traffic import Traffic

REST_SECONDS = 120.0
PAID_SECONDS = 120.0
LOGS = (("crm", "fact"), ("payments", "fact"), ("payments", "transfer"), ("trading", "fact"), ("trading", "transfer"))
LOG_TABLES = {"fact": "factlog_fact", "transfer": "ledger_transfer"}
CONCERNS = ("crm", "payments", "trading", "audit")
UNDER_WAY = {"approved", "sending", "sent", "unknown"}
# What a withdrawal's state may be, by what the outside world was told last.
STATES_OF_OUTCOME = {
    "requested": {"requested"},
    "in doubt": {"requested", "paid"} | UNDER_WAY,
    "cancelled": {"cancelled"},
    "approved": {"paid"} | UNDER_WAY,
}


def agree(product: RunningProduct, traffic: Traffic) -> None:
    """Everything that was begun comes to rest, and then everything agrees."""
    cell = traffic.paying.place.cell_name
    await_rest(product, cell)
    books_and_log_agree(product, cell)
    outside_record_agrees(product, traffic)
    unforeseen = [answer for answer in traffic.record.answers if answer.status in (500, 502, 504)]
    assert not unforeseen, unforeseen[:5]


def await_rest(product: RunningProduct, cell: str) -> None:
    """Wait until every message is applied and every follower has seen all that is there now; nothing is parked."""
    ends = {f"{concern}.{log}": _end(product, cell, concern, log) for concern, log in LOGS}

    def unfinished() -> list[str]:
        (stored,) = product.rows(cell, "payments", "SELECT count(*) FROM payments_psp_event WHERE state = 'stored'")[0]
        found = [f"{stored} messages"] if stored else []
        for concern in CONCERNS:
            marks = product.rows(cell, concern, "SELECT follower, source, last_id FROM factlog_bookmark")
            found += [f"{name} at {last} of {ends[source]}" for name, source, last in marks if last < ends[source]]
            parked = product.rows(cell, concern, "SELECT follower, error FROM factlog_parked WHERE resolved_at IS NULL")
            found += [f"parked for {name}: {error}" for name, error in parked]
        return found

    await_that("everything applied and followed", unfinished, lambda found: not found, seconds=REST_SECONDS)


def _end(product: RunningProduct, cell: str, concern: str, log: str) -> int:
    ((last,),) = product.rows(cell, concern, f"SELECT coalesce(max(id), 0) FROM {LOG_TABLES[log]}")
    return int(last)


def books_and_log_agree(product: RunningProduct, cell: str) -> None:
    """Both books replay, nothing is lost in transit, and the audit log verifies against its sources."""
    well, output = product.console.run("ledger", "replay", "check", "--cell", cell, "--json")
    told = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert well, output
    assert [line["book"] for line in told if "book" in line] == ["payments", "trading"]
    in_transit = [line for line in told if "giver" in line]
    assert in_transit, output
    assert all(line["difference"] == 0 and line["under_way"] == 0 for line in in_transit), in_transit
    well, output = product.console.run("audit", "verify", "--sources", "--cell", cell, "--json")
    assert well, output


def outside_record_agrees(product: RunningProduct, traffic: Traffic) -> None:
    """Everything acknowledged is there exactly once, and nothing else is: so nothing refused has happened."""
    clients = [customer.client_id for customer in traffic.customers]
    cell = traffic.paying.place.cell_name
    record = traffic.record
    _deposits_agree(product, cell, clients, traffic)
    sent = product.rows(
        cell, "payments",
        "SELECT id::text, client_id::text, amount_minor FROM payments_wallet_transfer "
        "WHERE client_id = ANY (%s) AND direction = 'to_trading'", [clients],
    )  # fmt: skip
    assert {found: (client, minor) for found, client, minor in sent} == record.to_trading
    back = product.rows(
        cell, "payments",
        "SELECT source_transfer_id::text, client_id::text, amount_minor FROM payments_wallet_transfer "
        "WHERE client_id = ANY (%s) AND direction <> 'to_trading'", [clients],
    )  # fmt: skip
    assert {found: (client, minor) for found, client, minor in back} == record.to_wallet
    assert len(back) == len(record.to_wallet)
    _orders_agree(product, cell, clients, record)
    for customer in traffic.customers:
        _balances_agree(customer, record, lambda: _withdrawals_agree(product, cell, clients, record))


def _deposits_agree(product: RunningProduct, cell: str, clients: list[str], traffic: Traffic) -> None:
    funded = {deposit["id"] for customer in traffic.customers for deposit in customer.story.deposits}
    rows = product.rows(
        cell, "payments",
        "SELECT d.id::text, d.client_id::text, d.state, "
        "(SELECT coalesce(array_agg(amount), '{}') FROM ledger_transfer t WHERE t.reference = d.id), "
        "(SELECT count(*) FROM factlog_fact f WHERE f.kind = 'payments.deposit.settled' "
        "AND f.subject_type = 'deposit' AND f.subject_id = d.id::text) "
        "FROM payments_deposit d WHERE d.client_id = ANY (%s)", [clients],
    )  # fmt: skip
    found = {row[0]: row[1:] for row in rows if row[0] not in funded}
    expected = {
        identity: (
            deposit.client_id,
            deposit.outcome,
            [deposit.minor] if deposit.outcome == "settled" else [],
            int(deposit.outcome == "settled"),
        )
        for identity, deposit in traffic.record.deposits.items()
    }
    different = {key: (expected.get(key), found.get(key)) for key in expected.keys() ^ found.keys()}
    different |= {key: (expected[key], found[key]) for key in expected.keys() & found if expected[key] != found[key]}
    assert not different, f"deposits, as acknowledged and as found: {different}"


def _orders_agree(product: RunningProduct, cell: str, clients: list[str], record: OutsideRecord) -> None:
    rows = product.rows(
        cell, "trading",
        "SELECT o.id::text, a.client_id::text, (SELECT count(*) FROM trading_fill f WHERE f.order_id = o.id) "
        "FROM trading_order o JOIN trading_account a ON a.id = o.trading_account_id "
        "WHERE a.client_id = ANY (%s)", [clients],
    )  # fmt: skip
    assert {order: client for order, client, _ in rows} == record.orders
    assert all(fills == 1 for _, _, fills in rows)


def _withdrawals_agree(
    product: RunningProduct, cell: str, clients: list[str], record: OutsideRecord
) -> tuple[Counter[str], Counter[str]]:
    """Gives what was paid and what is held, by client, in minor units."""
    rows = product.rows(
        cell, "payments",
        "SELECT id::text, client_id::text, state, amount_minor FROM payments_withdrawal WHERE client_id = ANY (%s)",
        [clients],
    )  # fmt: skip
    assert {row[0] for row in rows} == record.withdrawals.keys()
    paid: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for identity, client, state, minor in rows:
        told = record.withdrawals[identity]
        assert (client, minor) == (told.client_id, told.minor), identity
        assert state in STATES_OF_OUTCOME[told.outcome], (identity, told, state)
        paid[client] += minor if state == "paid" else 0
        held[client] += minor if state not in ("paid", "cancelled") else 0
    return paid, held


def _balances_agree(
    customer: Customer, record: OutsideRecord, withdrawn: Callable[[], tuple[Counter[str], Counter[str]]]
) -> None:
    """Withdrawals that are under way may be paid at any moment, so they are asked for anew with each look."""
    client = customer.client_id
    moved = {
        "in": sum(d.minor for d in record.deposits.values() if d.client_id == client and d.outcome == "settled"),
        "to trading": sum(minor for owner, minor in record.to_trading.values() if owner == client),
        "to wallet": sum(minor for owner, minor in record.to_wallet.values() if owner == client),
    }
    before_withdrawals = int(FIRST_DEPOSIT * 100) + moved["in"] - moved["to trading"] + moved["to wallet"]

    def seen() -> tuple[tuple[str, int, int], tuple[str, int, int]]:
        paid, held = withdrawn()
        wallet: dict[str, Any] = customer.story.client.items("wallets")[0]
        expected = (customer.wallet_id, before_withdrawals - paid[client], held[client])
        return expected, (wallet["id"], _minor(wallet["balance"]), _minor(wallet["held"]))

    await_that(f"wallet, balance and what is held, after {moved}", seen, lambda found: found[0] == found[1])


def await_paid(product: RunningProduct, traffic: Traffic) -> None:
    """Every approved withdrawal is paid, each payout once; a PSP that was asked in vain is asked again."""
    cell = traffic.paying.place.cell_name

    def unpaid() -> list[Any]:
        return product.rows(
            cell, "payments", "SELECT id::text, state FROM payments_withdrawal WHERE state = ANY (%s)",
            [sorted(UNDER_WAY)],
        )  # fmt: skip

    await_that("every approved withdrawal paid", unpaid, lambda found: not found, seconds=PAID_SECONDS)
    paid_out: dict[str, list[int]] = defaultdict(list)
    for identity, amount in product.rows(
        cell, "payments",
        "SELECT p.withdrawal_id::text, p.amount_minor FROM payments_payout p JOIN payments_withdrawal w "
        "ON w.id = p.withdrawal_id AND w.plan_number = p.plan_number WHERE p.state = 'paid'",
    ):  # fmt: skip
        paid_out[identity].append(amount)
    approved = {key: told for key, told in traffic.record.withdrawals.items() if told.outcome == "approved"}
    assert all(sum(paid_out[key]) == told.minor for key, told in approved.items())


def _minor(money: dict[str, str]) -> int:
    return round(float(money["amount"]) * 100)

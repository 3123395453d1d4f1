"""The relay: the product's own, serving one follower; how quickly it gets through a backlog of facts.

The follower is the one that every fact has, the audit log's: reading, exact bytes, hash tree, bookmark, one commit in
the audit database for each step.
"""

from __future__ import annotations

import json
import threading
import time
from uuid import UUID

from django.db import connections

from bench.work import serve
from fintech.cells import Actor, alias_for, cell
from fintech.cells.identifiers import uuid7
from fintech.factlog.relay import Relay
from fintech.facts.codec import encode
from fintech.facts.payments import DepositRequested

FOLLOWER = "audit.payments.fact"
WRITE_BACKLOG = (
    "SELECT count(factlog_record_v1('payments.deposit.requested', 1::smallint, 'deposit', gen_random_uuid()::text, "
    "%s::jsonb)) FROM generate_series(1, %s)"
)
LAST_FACT = "SELECT max(id) FROM factlog_fact"
BOOKMARK = "SELECT coalesce(max(last_id), 0) FROM factlog_bookmark WHERE follower = %s"


def _run(facts: int) -> float:
    """Write a backlog, let a relay start and get through it; gives facts a second, its start included."""
    payments, audit = alias_for("payments"), alias_for("audit")
    _number(payments, WRITE_BACKLOG, json.dumps(encode(_fact())), facts)
    last = _number(payments, LAST_FACT)
    before = _number(audit, BOOKMARK, FOLLOWER)
    relay = Relay("eu", only=[FOLLOWER])
    worker = threading.Thread(target=relay.run)
    begun = time.perf_counter()
    worker.start()
    while _number(audit, BOOKMARK, FOLLOWER) < last:
        time.sleep(0.01)
    took = time.perf_counter() - begun
    relay.stop()
    worker.join()
    return (last - before) / took


def _fact() -> DepositRequested:
    return DepositRequested(
        deposit_id=uuid7(),
        client_id=UUID(int=1),
        wallet_id=UUID(int=1),
        psp="sandbox",
        method="card",
        reference=f"eu-{uuid7()}",
        amount_minor=12_050,
        currency="EUR",
        bank_only=False,
    )


def _number(alias: str, query: str, *parameters: str | int) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.fetchone()[0])


def main(facts_a_second: str) -> None:
    """Serve, with so many facts for each second of a run in the backlog; what stands there already is passed first."""
    with cell("eu", actor=Actor.system("bench")):
        _run(1)
        serve(lambda seconds: _run(round(seconds * int(facts_a_second))))

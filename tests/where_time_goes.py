"""Where the time of a deposit, an order and a webhook goes: `python -m tests.where_time_goes [REPETITIONS]`.

Profiles the requests in this process (middleware, view, verb, answer; no HTTP server) on real engines, and adds up by
what the time was spent on. The profiler makes Python's own part look larger than it is: read the shares, not the sums.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.test")
os.environ.setdefault("FINTECH_TEST_SLOT", "where-time-goes")

# What a function's file and name say about what it does; the first that fits counts.
PARTS = (
    ("waiting for PostgreSQL", ("psycopg/waiting", "psycopg_binary", "wait_c", "psycopg/generators", "select.epoll")),
    ("waiting for Valkey and PSP", ("socket.socket", "ssl.SSL", "_ssl.", "redis/", "httpx/", "httpcore/")),
    ("driver (psycopg, django.db.backends)", ("psycopg", "django/db/backends", "django/db/utils")),
    ("ORM and models", ("django/db/", "django/utils/functional")),
    ("REST framework and serializers", ("rest_framework/", "/api/", "drf_spectacular")),
    ("sealing and hashing", ("cryptography", "hmac", "_hashlib", "fintech/privacy", "standardwebhooks")),
    ("sessions, sign-in", ("allauth/", "django/contrib/sessions", "django/contrib/auth", "crm/signing_in")),
    ("logs and metrics", ("logging/", "fintech/observability", "prometheus_client", "pythonjsonlogger")),
    ("journal, facts, ledger (our Python)", ("fintech/journal", "fintech/fact", "fintech/ledger")),
    ("cells", ("fintech/cells",)),
    ("middleware and routing", ("django/core/handlers", "django/urls", "django/middleware", "fintech/http")),
    ("concerns (services, selectors, rules)", ("payments/", "trading/", "crm/")),
)
OTHER = "everything else"


def part_of(file: str, name: str) -> str:
    """Which part a function belongs to."""
    where = f"{file}:{name}"
    return next((part for part, marks in PARTS if any(mark in where for mark in marks)), OTHER)


def profiled(work: Callable[[], Any], repetitions: int) -> dict[str, float]:
    """Milliseconds for each repetition by part, after a warm-up."""
    for _ in range(3):
        work()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(repetitions):
        work()
    profile.disable()
    spent: dict[str, float] = defaultdict(float)
    for (file, _line, name), (_calls, _all, own, _total, _callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        spent[part_of(file, name)] += own * 1000 / repetitions
    return dict(spent)


def told(title: str, spent: dict[str, float]) -> str:
    """A table in Markdown, the largest part first."""
    total = sum(spent.values())
    rows = [
        f"| {part} | {own:.2f} | {own / total:.0%} |" for part, own in sorted(spent.items(), key=lambda row: -row[1])
    ]
    return "\n".join([f"### {title}: {total:.1f} ms", "", "| part | ms | share |", "|---|---|---|", *rows, ""])


@contextmanager
def stage() -> Iterator[None]:
    """Engines, databases and a PSP; the cell `eu` is bound by each request itself."""
    import django

    django.setup()
    from django.conf import settings

    from payments.tests.sandbox_process import running_sandbox
    from tests.clusters import TestClusters

    clusters = TestClusters()
    clusters.up()
    try:
        with (
            clusters.databases(),
            tempfile.TemporaryDirectory() as folder,
            running_sandbox(Path(folder), secrets=clusters.layout.secrets_file) as psp,
        ):
            settings.FINTECH_PSPS = {"sandbox": {"url": psp.url, "webhook_port": 9}}
            yield
    finally:
        clusters.down()
        clusters.destroy()


def deposits_and_webhooks(repetitions: int) -> Iterator[str]:
    """Begin deposits; store and apply the messages that settle them."""
    from crm.tests.portal import App
    from fintech.cells import Actor, cell
    from payments.models import Deposit
    from payments.tests import scenes

    app = App().registered()
    with cell("eu", actor=Actor.system("profile")):
        scenes.verify(app.client_id)
    wallet = app.post("wallets", {"currency": "EUR"}).json()
    body = {"wallet_id": wallet["id"], "amount": {"amount": "10.00", "currency": "EUR"}, "method": "card"}
    yield told("POST /api/v1/deposits", profiled(lambda: app.post("deposits", body), repetitions))
    with cell("eu", actor=Actor.system("profile")):
        waiting = list(Deposit.objects.filter(state="requested")[: repetitions + 3])
        messages = [scenes.told(deposit, "deposit.settled") for deposit in waiting]
        stored = iter(messages)
        yield told("a webhook, until it is answered", profiled(lambda: scenes.deliver(next(stored)), repetitions))
        yield from applied_messages(repetitions)


def applied_messages(repetitions: int) -> Iterator[str]:
    """The stored messages, applied as a worker does."""
    from payments.selectors.psp_events import unapplied_events
    from payments.services import psp_events

    events = iter(unapplied_events(limit=repetitions + 3))
    yield told(
        "a webhook, from then until it is applied", profiled(lambda: psp_events.apply(next(events)), repetitions)
    )


def orders(repetitions: int) -> Iterator[str]:
    """Market orders that open and add to a position."""
    from crm.tests.portal import App, answers
    from fintech.cells import Actor, cell
    from fintech.ledger.money import Money
    from tests.relays import StepwiseRelay
    from trading.tests.dealing_room import DealingRoom, bring_in

    with cell("eu", actor=Actor.system("profile")):
        room = DealingRoom(StepwiseRelay("eu"))
        app = App().registered()
        app.post("appropriateness-tests", answers(app))
        app.post("risk-warning-acceptances", {"version": app.get("risk-warning")["version"]})
        room.settle()
        account = app.post("trading-accounts", {"currency": "USD", "leverage": 500}).json()
        bring_in(key=str(uuid4()), trading_account_id=account["id"], amount=Money.of("5000000.00", "USD"))
        order = {"trading_account_id": account["id"], "instrument": "EURUSD", "side": "buy", "volume": "0.01"}

    def deal() -> None:
        response = app.post("orders", order)
        assert response.status_code == 201, response.content

    def ready() -> None:
        with cell("eu", actor=Actor.system("profile")):
            room.settle()
            room.quote("EURUSD", "1.09990", "1.10000")

    ready()
    yield told("POST /api/v1/orders", profiled(deal, min(repetitions, 40)))


def main() -> None:
    """Print the tables."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with stage():
        for table in deposits_and_webhooks(repetitions):
            print(table, flush=True)
        for table in orders(repetitions):
            print(table, flush=True)


if __name__ == "__main__":
    main()

"""The whole journey of one jurisdiction, with the other's engines up and its services down.

No connection reaches the other jurisdiction's clusters, and nothing personal stands in clear in a log, a copy of one,
the cache, a queue, the document store or a log file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from fintech.cells.valkey_settings import valkey_url
from fintech.stack.engines import Stack
from fintech.stack.layout import REPOSITORY, LocalLayout
from tests.demo_process import DemoProcess

pytestmark = pytest.mark.fault

LOG_TABLES = {
    "crm": ("factlog_fact", "journal_entry", "factlog_parked"),
    "payments": ("factlog_fact", "journal_entry", "factlog_parked", "ledger_transfer"),
    "trading": ("factlog_fact", "journal_entry", "factlog_parked", "ledger_transfer"),
    "audit": ("audit_entry", "audit_checkpoint"),
}


@dataclass(frozen=True)
class Played:
    """One journey that has been played, with its engines still up."""

    cell: str
    other: str
    layout: LocalLayout
    steps: list[dict[str, object]]
    others_logs_before: dict[Path, int]

    @property
    def personal(self) -> list[str]:
        """What identifies the clients who were registered: read from the live tables, where it may stand."""
        with connect(self.layout, self.cell, "primary", "crm") as connection:
            emails = connection.execute("SELECT email FROM crm_user WHERE NOT is_staff").fetchall()
        return [str(email) for (email,) in emails]


def connect(layout: LocalLayout, cell: str, role: str, database: str) -> psycopg.Connection[tuple[object, ...]]:
    port = layout.primary_port(cell) if role == "primary" else layout.replica_port(cell)
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        dbname=database,
        user="postgres",
        password=layout.secret(f"{cell}/database/postgres"),
        sslmode="verify-full",
        sslrootcert=str(layout.certificate_authority),
    )


@pytest.fixture(
    scope="module",
    params=[("eu", "au"), ("au", "eu"), ("uk", "eu")],
    ids=["eu alone", "au alone", "uk, which is a file and nothing else"],
)
def played(request: pytest.FixtureRequest) -> Iterator[Played]:
    cell, other = request.param
    alone = DemoProcess(f"alone-{cell}", base_port={"eu": 14000, "au": 14200, "uk": 14400}[cell], cells=(cell,))
    layout = alone.layout
    stack = Stack(layout, cells=(cell, other), durable=False)
    stack.up()
    logs = {path: path.stat().st_size for path in layout.logs.glob(f"postgresql-{other}-*.log")}
    try:
        demo = subprocess.run(
            [sys.executable, "manage.py", "demo", "--once", "--journey-json"],
            cwd=REPOSITORY,
            env=alone.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert demo.returncode == 0, demo.stdout[-4000:] + demo.stderr[-2000:]
        steps = [json.loads(line) for line in demo.stdout.splitlines() if line.startswith("{")]
        yield Played(cell, other, layout, steps, logs)
    finally:
        stack.down()
        shutil.rmtree(alone.root, ignore_errors=True)


def test_every_step_was_as_it_should_be(played: Played) -> None:
    assert len(played.steps) > 30
    assert all(step["ok"] and step["jurisdiction"] == played.cell for step in played.steps)


def test_no_connection_reached_the_other_jurisdiction(played: Played) -> None:
    assert len(played.others_logs_before) == 2, "the other's primary and replica write logs"
    for path, size in played.others_logs_before.items():
        with path.open() as file:
            file.seek(size)
            later = file.read()
        assert "connection received" not in later, f"{path.name}: {later[:500]}"


def test_nothing_personal_stands_in_a_log_table_or_its_replica(played: Played) -> None:
    needles = needles_of(played)
    for role in ("primary", "replica"):
        for database, tables in LOG_TABLES.items():
            with connect(played.layout, played.cell, role, database) as connection:
                for table in tables:
                    for needle in needles:
                        found = connection.execute(
                            f"SELECT count(*) FROM {table} t WHERE position(%s in lower(t::text)) > 0".encode(),
                            [needle],
                        ).fetchone()
                        assert found == (0,), f"{needle!r} stands in {role} {database}.{table}"


def test_nothing_personal_stands_in_cache_and_queues(played: Played) -> None:
    client = redis.Redis.from_url(
        valkey_url(
            host="127.0.0.1",
            port=played.layout.port("valkey"),
            password=played.layout.secret("valkey/password"),
            certificate_authority=str(played.layout.certificate_authority),
        )
    )
    for key in client.scan_iter(count=1000):
        content = (key + (client.dump(key) or b"")).lower()
        for needle in needles_of(played):
            assert needle.encode() not in content, f"{needle!r} stands in {key!r}"


def test_nothing_personal_stands_in_log_files_and_stored_documents(played: Played) -> None:
    needles = [needle.encode() for needle in needles_of(played)]
    files = [*played.layout.logs.rglob("*"), *(played.layout.root / "storage").rglob("*")]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes().lower() if path.is_file() else b""
        for needle in needles:
            assert needle not in content, f"{needle!r} stands in {path}"
        if "storage" in path.parts:
            assert b"png" not in content[:16], f"{path} isn't sealed"


def needles_of(played: Played) -> list[str]:
    """What identifies the journey's client, in lower case: as text, and as the hexadecimal form of a bytes column."""
    emails = [email.lower() for email in played.personal]
    assert emails
    named = [*emails, "ada example", "harbour street"]
    as_written = [*emails, "Ada Example", "Harbour Street"]
    return [*named, *(text.encode().hex() for text in as_written)]

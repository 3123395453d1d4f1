"""Filling a log, and rewriting one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections
from psycopg.rows import dict_row

from audit.keys import origin, signing_key
from audit.rules.checkpoint import Checkpoint, SigningKey, sign_checkpoint
from audit.rules.findings import Disagreement, Finding
from audit.rules.merkle import Frontier, leaf_hash
from audit.selectors.reconciliation import compare_with_sources
from audit.selectors.verification import Verified, verify_log
from audit.services.checkpoints import take_checkpoints
from fintech.cells import alias_for
from tests.clusters import TestClusters
from tests.relays import StepwiseRelay

CLIENT = UUID("01902f4e-9a51-7000-8000-0000000000aa")


class Log:
    """The bound cell's log, and the sources that fill it."""

    def __init__(self, relay: StepwiseRelay) -> None:
        self.relay = relay

    def record(self, count: int = 1, *, concern: str = "crm", subject: str = "thing", **data: Any) -> None:
        """Record facts at a source."""
        with connections[alias_for(concern)].cursor() as cursor:
            for number in range(count):
                cursor.execute(
                    "SELECT fact_id FROM factlog_record_v1(%s, 1::smallint, %s, %s, %s::jsonb)",
                    [
                        f"{concern}.thing.happened",
                        subject,
                        str(number),
                        json.dumps({"client_id": str(CLIENT), "number": number, **data}),
                    ],
                )

    def follow(self) -> None:
        """Let the relay append all that is recorded."""
        self.relay.run_until_idle()

    def grow(self, count: int) -> None:
        """Record facts, and append them."""
        self.record(count)
        self.follow()

    def rows(self, query: str = "SELECT * FROM audit_entry ORDER BY number") -> list[dict[str, Any]]:
        """Rows of the audit database."""
        with connections[alias_for("audit")].cursor() as cursor:
            cursor.execute(query)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def verify(self, **options: Any) -> Verified:
        """Verify with the log's own key."""
        return verify_log(keys=[signing_key().verifier], **options)

    def finding(self, **options: Any) -> Finding:
        """What a verification finds to be wrong."""
        try:
            verified = self.verify(**options)
        except Disagreement as why:
            return why.finding
        raise AssertionError(f"nothing was found: {verified}")

    def source_finding(self) -> Finding:
        """What a comparison with the sources finds to be wrong."""
        try:
            compared = compare_with_sources()
        except Disagreement as why:
            return why.finding
        raise AssertionError(f"nothing was found: {compared}")

    def with_checkpoints(self) -> Log:
        """Thirty entries under three checkpoints."""
        for _ in range(3):
            self.grow(10)
            take_checkpoints()
        return self


class Superuser:
    """Rules the audit database: nothing inside it stops them. They don't rule the anchors."""

    def __init__(self, clusters: TestClusters) -> None:
        self._clusters = clusters

    def __enter__(self) -> Superuser:
        name = connections[alias_for("audit")].settings_dict["NAME"]
        self.connection: psycopg.Connection[Any] = self._clusters.superuser("eu", name)
        self.connection.row_factory = dict_row
        self.execute(
            "DO $$ DECLARE t regclass; BEGIN "
            "FOR t IN SELECT oid FROM pg_class WHERE relname LIKE 'audit\\_%' AND relkind IN ('r', 'p') LOOP "
            "EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t); END LOOP; END $$"
        )
        self.execute("ALTER TABLE audit_entry DROP CONSTRAINT IF EXISTS audit_entry_leaf_hash")
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    @contextmanager
    def putting_back(self) -> Iterator[None]:
        """Put the tables back as they were at the end of the block."""
        tables = ("audit_entry", "audit_head", "audit_source", "audit_checkpoint")
        for table in tables:
            self.execute(f"CREATE TABLE IF NOT EXISTS saved_{table} AS TABLE {table}")
        yield
        self.execute(f"TRUNCATE {', '.join(tables)}")
        for table in tables:
            self.execute(f"INSERT INTO {table} TABLE saved_{table}")

    def execute(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """Run one statement."""
        cursor = self.connection.execute(query.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def rewrite_bytes(self, number: int, *, hashes: bool) -> None:
        """Let an entry say another thing; with `hashes` its own hash too."""
        (row,) = self.execute("SELECT leaf FROM audit_entry WHERE number = %s", number)
        leaf = bytes(row["leaf"]).replace(b'"number":', b'"number":9')
        self.execute("UPDATE audit_entry SET leaf = %s WHERE number = %s", leaf, number)
        if hashes:
            self.execute("UPDATE audit_entry SET leaf_hash = %s WHERE number = %s", leaf_hash(leaf), number)

    def remove(self, number: int) -> None:
        """Take an entry out, and close the gap."""
        self.execute("DELETE FROM audit_entry WHERE number = %s", number)
        for row in self.execute("SELECT number FROM audit_entry WHERE number > %s ORDER BY number", number):
            self.execute("UPDATE audit_entry SET number = number - 1 WHERE number = %s", row["number"])

    def recompute_head(self) -> None:
        """Make head and reaches agree with what the entries say by now."""
        tree = self._tree()
        self.execute("UPDATE audit_head SET size = %s, frontier = %s", tree.size, list(tree.hashes))
        self.execute("DELETE FROM audit_source")
        self.execute(
            "INSERT INTO audit_source SELECT source, incarnation, max(source_id), count(*) FROM audit_entry "
            "GROUP BY source, incarnation"
        )

    def recompute_checkpoints(self, key: SigningKey | None = None) -> None:
        """Make the kept checkpoints agree with the entries; with a key, sign them as well."""
        for row in self.execute("SELECT size FROM audit_checkpoint"):
            tree = self._tree(row["size"])
            self.execute(
                "UPDATE audit_checkpoint SET root = %s, frontier = %s WHERE size = %s",
                tree.root(),
                list(tree.hashes),
                tree.size,
            )
            if key is not None:
                note = sign_checkpoint(Checkpoint(origin(), tree.size, tree.root()), key)
                self.execute("UPDATE audit_checkpoint SET note = %s WHERE size = %s", note, tree.size)

    def _tree(self, size: int | None = None) -> Frontier:
        rows = self.execute("SELECT leaf_hash FROM audit_entry ORDER BY number")
        return Frontier().extended(bytes(row["leaf_hash"]) for row in rows[:size])

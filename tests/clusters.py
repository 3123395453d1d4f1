"""Real clusters for a test run: started once, migrated once, and cloned from templates."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
from django.db import connections

from fintech.cells.context import CONCERNS
from fintech.cells.replicas import probe
from fintech.secrets import secret, use_provider
from fintech.stack.engines import Stack
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.postgresql_making import wait_until_caught_up
from fintech.stack.processes import EngineProcess
from fintech.stack.reaping import Reaper
from tests.migrated_data import PRODUCT, MigratedData

CELLS = ("eu", "au")
SUFFIX_VARIABLE = "FINTECH_DATABASE_SUFFIX"
_numbers = count(1)


class TestClusters:
    """The engines of one test run and the databases made in them."""

    __test__ = False

    def __init__(self) -> None:
        self.layout = LocalLayout.from_environment()
        self.stack = Stack(self.layout, cells=CELLS, replicas=True, durable=False)
        self.kept = bool(os.environ.get("FINTECH_TEST_SLOT"))
        self._reaper: Reaper | None = None
        # Suffixes of databases that are in use no more.
        self._left: dict[str, list[str]] = {name: [] for name in CELLS}

    def up(self) -> None:
        """Start the engines with migrated templates: a kept run's own if its migrations are the same, or fresh."""
        if not self.kept:
            # A run that is killed leaves no engines behind, unless they are to be kept.
            self.layout.run.mkdir(parents=True, exist_ok=True)
            self._reaper = Reaper(lock=self.layout.stack_lock)
        starting = self._reaper.watch_engine if self._reaper else _silent
        note, wanted = self.layout.root / "migrated", _migrations_hash()
        if not note.exists() or note.read_text(encoding="utf-8") != wanted:
            note.unlink(missing_ok=True)
            self._remove_data()
            MigratedData(layout=self.layout, cells=CELLS).install(starting=starting)
            note.write_text(wanted, encoding="utf-8")
        self.stack.up(starting=starting)
        use_provider(None)

    def _remove_data(self) -> None:
        self.stack.down()
        for cluster in self.stack.clusters():
            if cluster.folder.exists():
                shutil.rmtree(cluster.folder)

    def down(self) -> None:
        """Stop the engines and remove their data; those of a named slot stay for its next run."""
        connections.close_all()
        if self.kept:
            self._drop_left()
        else:
            self.destroy()

    def destroy(self) -> None:
        """Stop the engines and remove everything of theirs."""
        for cluster in self.stack.clusters():
            # Their data goes, so there is nothing to write down and to send to a replica first.
            cluster.stop("immediate")
        if self._reaper:
            self._reaper.stop_everything()
        self.stack.down()
        Stack(self.layout, cells=CELLS, replicas=True, durable=False).reset()
        shutil.rmtree(self.layout.root, ignore_errors=True)

    @contextmanager
    def databases(self, cells: tuple[str, ...] = CELLS) -> Iterator[str]:
        """Databases of their own for some cells, cloned from the templates; gives the suffix of their names."""
        suffix = f"_{os.getpid()}_{next(_numbers)}"
        for name in cells:
            self._clone(name, suffix)
        with self._pointing(cells, suffix):
            yield suffix
        for name in cells:
            self._left[name].append(suffix)

    @contextmanager
    def _pointing(self, cells: tuple[str, ...], suffix: str) -> Iterator[None]:
        before = {alias: database["NAME"] for alias, database in connections.settings.items()}
        outer = os.environ.get(SUFFIX_VARIABLE, "")
        connections.close_all()
        probe.forget()
        for _alias, database in connections.settings.items():
            if database.get("CELL") in cells:
                database["NAME"] = f"{database['CONCERN']}{suffix}"
        os.environ[SUFFIX_VARIABLE] = suffix
        try:
            yield
        finally:
            connections.close_all()
            probe.forget()
            os.environ[SUFFIX_VARIABLE] = outer
            for alias, name in before.items():
                connections.settings[alias]["NAME"] = name

    def replicate(self, name: str) -> None:
        """Wait until a cell's replica has replayed all that its primary has written by now. Raises StackError."""
        wait_until_caught_up(self.stack.replica(name), self.stack.primary(name))
        probe.forget()

    def _clone(self, name: str, suffix: str) -> None:
        with self.superuser(name) as connection:
            for concern in CONCERNS:
                # Those that nobody needs any more go right before: what they took, in memory above all, is used again.
                for left in self._left[name]:
                    _drop(connection, f"{concern}{left}")
                # As files: through the WAL it would cost five times as much, and as much again at the replica.
                copied = f"TEMPLATE {concern} STRATEGY file_copy OWNER {concern}_owner"
                connection.execute(f"CREATE DATABASE {concern}{suffix} {copied}".encode())
        self._left[name].clear()

    def _drop_left(self) -> None:
        for name in CELLS:
            with self.superuser(name) as connection:
                for left in self._left[name]:
                    for concern in CONCERNS:
                        _drop(connection, f"{concern}{left}")
            self._left[name].clear()

    def superuser(
        self, name: str, database: str = "postgres", port: int | None = None
    ) -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's connection to a cell's primary, or to the port given; only tests and drills have one."""
        return psycopg.connect(
            host="127.0.0.1",
            port=port or self.layout.primary_port(name),
            dbname=database,
            user="postgres",
            password=secret(f"{name}/database/postgres"),
            sslmode="verify-full",
            sslrootcert=str(self.layout.certificate_authority),
            autocommit=True,
        )


def _migrations_hash() -> str:
    files = sorted(
        path
        for folder in PRODUCT
        for pattern in ("**/migrations/*.py", "**/sql/**/*.sql")
        for path in (REPOSITORY / folder).glob(pattern)
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(REPOSITORY)).encode() + path.read_bytes())
    return digest.hexdigest()


def _silent(_: EngineProcess) -> None:
    """Tell nobody."""


def _drop(connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
    connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())

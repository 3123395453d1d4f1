"""Real clusters for a test run: started once, migrated once, and cloned from templates."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from django.db import connections

from fintech.cells.context import CONCERNS
from fintech.cells.replicas import probe
from fintech.secrets import secret, use_provider
from fintech.stack.engines import Stack
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.postgresql_making import wait_until_caught_up
from fintech.stack.reaping import Reaper

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

    def up(self) -> None:
        """Start the engines and migrate the templates, unless a kept run of the same migrations has done it."""
        marker = self.layout.root / "templates.json"
        wanted = _migrations_hash()
        self._start_engines()
        use_provider(None)
        if marker.exists() and json.loads(marker.read_text()) != wanted:
            marker.unlink()
            for name in CELLS:
                self._drop(name, "")
                (self.stack.primary(name).files.data / "databases-prepared").unlink(missing_ok=True)
            self._start_engines()
        if not marker.exists():
            migrators = [
                subprocess.Popen(
                    [sys.executable, "manage.py", "migrate_cells", "--cell", name, "--verbosity", "0"],
                    cwd=REPOSITORY,
                    env={**os.environ, SUFFIX_VARIABLE: ""},
                )
                for name in CELLS
            ]
            if any([migrator.wait() for migrator in migrators]):
                raise RuntimeError("the templates couldn't be migrated; see above")
            marker.write_text(json.dumps(wanted))

    def _start_engines(self) -> None:
        """Under a reaper: a run that is killed leaves no engines behind, unless they are to be kept."""
        if self.kept:
            self.stack.up()
            return
        self.layout.run.mkdir(parents=True, exist_ok=True)
        self._reaper = Reaper(lock=self.layout.stack_lock)
        self.stack.up(starting=self._reaper.watch_engine)

    def down(self) -> None:
        """Stop the engines and remove their data; those of a named slot stay for its next run."""
        connections.close_all()
        if not self.kept:
            self.destroy()

    def destroy(self) -> None:
        """Stop the engines and remove everything of theirs."""
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
            self._drop(name, suffix)

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
                database, owner = f"{concern}{suffix}", f"{concern}_owner"
                connection.execute(f"CREATE DATABASE {database} TEMPLATE {concern} OWNER {owner}".encode())

    def _drop(self, name: str, suffix: str) -> None:
        with self.superuser(name) as connection:
            for concern in CONCERNS:
                connection.execute(f"DROP DATABASE IF EXISTS {concern}{suffix} WITH (FORCE)".encode())

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
        for folder in ("fintech", "crm", "payments", "trading", "audit")
        for pattern in ("**/migrations/*.py", "**/sql/**/*.sql")
        for path in (REPOSITORY / folder).glob(pattern)
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(Path(path).relative_to(REPOSITORY)).encode() + path.read_bytes())
    return digest.hexdigest()

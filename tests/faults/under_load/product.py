"""The product as `manage.py demo` runs it, on a folder and ports of its own, and the ways to break its parts."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from fintech.journey.places import Place
from fintech.stack.layout import REPOSITORY
from fintech.stack.local_services import doors_port
from fintech.stack.running_services import RunningService, RunningServices, restart
from tests.demo_process import DemoProcess

CELLS = ("eu", "au")
BASE_PORT = 14600
# The machine may be busy with much else; what works takes a fraction of it.
HEALED_SECONDS = 90.0


class RunningProduct(DemoProcess):
    """The demo, the ways to look into it, and the ways to break it."""

    def __init__(self) -> None:
        super().__init__("faults", base_port=BASE_PORT, cells=CELLS)

    # Its doors

    def place(self, cell: str) -> Place:
        """A cell's doors, as the journey knows them."""
        return Place.of(cell, self.layout, CELLS)

    def connect(self, cell: str, database: str, *, role: str = "postgres") -> psycopg.Connection[Any]:
        """A plain connection to a cell's primary, by default the superuser's, which no part of the product has."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.layout.primary_port(cell),
            dbname=database,
            user=role,
            password=self.layout.secret(f"{cell}/database/{role}"),
            sslmode="verify-full",
            sslrootcert=str(self.layout.certificate_authority),
            autocommit=True,
            connect_timeout=5,
        )

    def rows(self, cell: str, database: str, query: str, parameters: object = None) -> list[tuple[Any, ...]]:
        """What a query gives, read as the superuser."""
        with self.connect(cell, database) as connection:
            return connection.execute(query.encode(), parameters).fetchall()  # type: ignore[arg-type]

    def metrics(self, service: str) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
        """The metrics of a service, by name and labels; empty while it doesn't answer."""
        with suppress(OSError):
            address = f"http://127.0.0.1:{self._metrics_port(service)}/metrics"
            with urllib.request.urlopen(address, timeout=5) as answer:
                text = answer.read().decode()
            return {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
        return {}

    def metric(self, service: str, name: str, **labels: str) -> float:
        """The sum over a metric's series that have these labels; 0 when there is none."""
        wanted = set(labels.items())
        return sum(value for (found, has), value in self.metrics(service).items() if found == name and wanted <= has)

    def _metrics_port(self, service: str) -> int:
        name, _, cell = service.partition("-")
        if not cell:
            return self.layout.port(name)
        return doors_port(self.layout, CELLS, name, cell)

    @cached_property
    def console(self) -> Console:
        """Where an operator gives commands."""
        return Console(self.environment)

    # Its faults

    def service(self, name: str) -> RunningService:
        """A service, as its supervisor knows it."""
        running = RunningServices.read(self.layout.services_file)
        assert running is not None, "no supervisor runs"
        return running.service(name)

    def kill_and_restart(self, name: str) -> RunningService:
        """SIGKILL a service, and have its supervisor start it again."""
        return restart(self.layout.services_file, name, kill=True, seconds=HEALED_SECONDS)

    def heal_engines(self) -> None:
        """Start every engine that doesn't run, as an operator does: `stack up`."""
        self.stack.up()


class Console:
    """A process that runs management commands, one after another: starting each anew costs more than running it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.under_load.console"],
            cwd=REPOSITORY,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[bool, str]:
        """Run `manage.py …`; gives whether it ended well, and what it wrote."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the console ended over {arguments}"
        ok, output = json.loads(line)
        return ok, output

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

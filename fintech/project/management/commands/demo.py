"""`manage.py demo`: everything on this machine, from engines to the journey, with one command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from crm.demo_data import PASSWORD, SECOND_FACTOR_SEED, STAFF
from fintech.stack.engines import Stack
from fintech.stack.errors import StackError
from fintech.stack.layout import REPOSITORY, LocalLayout, cells_of
from fintech.stack.local_services import outside_world, product_services
from fintech.stack.supervisor import Service, StopRequested, Supervisor


class Command(BaseCommand):
    """Starts the stack and every service, plays the journey, and stays up until Ctrl-C."""

    help = (
        "Start engines and services, migrate, load demo data, play the journey, print addresses, stay up until "
        "Ctrl-C. It stops what it started and nothing else. Examples: demo; demo --once; demo --no-journey"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """`--once` and `--no-journey`."""
        parser.add_argument("--once", action="store_true", help="end after the journey, with its exit status")
        parser.add_argument("--journey-json", action="store_true", help="let the journey print one object a line")
        parser.add_argument("--no-journey", action="store_true", help="only start everything")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; the exit status is the journey's when `--once` is given."""
        self.console = Console(highlight=False, soft_wrap=True)
        self.begun = time.monotonic()
        layout, cells = LocalLayout.from_environment(), cells_of()
        status = 0
        try:
            with Supervisor(layout, report=self._detail) as supervisor:
                self._start(supervisor, layout, cells)
                if not options["no_journey"]:
                    status = self._play(supervisor, json=options["journey_json"])
                if not options["once"]:
                    self._tell_addresses(layout, cells)
                    supervisor.wait()
        except StackError as error:
            raise CommandError(str(error)) from error
        except StopRequested:
            status = 130
        self.console.print("Everything that the demo started is stopped.")
        if status:
            sys.exit(status)

    def _start(self, supervisor: Supervisor, layout: LocalLayout, cells: tuple[str, ...]) -> None:
        with self._phase("Engines: PostgreSQL primary and replica for each cell, Valkey"):
            supervisor.start_engines(Stack(layout, cells=cells))
        with self._phase("Schemas: four databases in each cell"):
            self._for_each_cell("migrate_cells", cells, "--verbosity", "0")
        with self._phase("Demo data: staff, introducing broker, instruments, commission scheme"):
            self._for_each_cell("demo_data", cells)
        with self._phase("Services"):
            supervisor.start(*outside_world(layout, cells), *product_services(layout, cells))

    def _play(self, supervisor: Supervisor, *, json: bool) -> int:
        self.console.print()
        status = supervisor.run(
            Service(name="journey", command=[sys.executable, "manage.py", "journey", *(["--json"] if json else [])])
        )
        took = time.monotonic() - self.begun
        verdict = "[green]ended well[/]" if status == 0 else f"[red]failed with status {status}[/]"
        self.console.print(f"\nThe journey {verdict}, {took:.0f} s after the start.\n")
        return status

    def _for_each_cell(self, command: str, cells: tuple[str, ...], *arguments: str) -> None:
        processes = [
            subprocess.Popen(
                [sys.executable, "manage.py", command, "--cell", name, *arguments],
                cwd=REPOSITORY,
                stdout=subprocess.DEVNULL,
            )
            for name in cells
        ]
        try:
            failed = [name for name, process in zip(cells, processes, strict=True) if process.wait()]
        except BaseException:
            for process in processes:
                process.terminate()
            raise
        if failed:
            raise CommandError(f"{command} failed for {', '.join(failed)}; see above")

    @contextmanager
    def _phase(self, title: str) -> Iterator[None]:
        begun = time.monotonic()
        with self.console.status(f"{title} …"):
            yield
        self.console.print(f"[bold]{time.monotonic() - begun:5.1f} s[/]  {title}")

    def _detail(self, text: str) -> None:
        self.console.print(f"[dim]         {text}[/]")

    def _tell_addresses(self, layout: LocalLayout, cells: tuple[str, ...]) -> None:
        for name in cells:
            host = f"{name}.localhost"
            self.console.print(f"[bold]{name}[/]  back office  http://{host}:{layout.port('web')}/admin/")
            self.console.print(f"    portal API   http://{host}:{layout.port('api')}/api/v1/openapi.json")
            self.console.print(f"    feed         ws://{host}:{layout.port('ws')}/feed/")
        self.console.print(f"mail         http://localhost:{layout.port('mail')}/")
        self.console.print(f"PSP sandbox  http://localhost:{layout.port('psp')}/")
        self.console.print(f"\nSign-ins of the back office, all with the password [bold]{PASSWORD}[/]:")
        for name in cells:
            for member in STAFF:
                self.console.print(f"    {member.email(name):36} {', '.join(member.groups)}")
        self.console.print(
            f"Second factor of all of them: the secret [bold]{SECOND_FACTOR_SEED}[/] in an authenticator app, or\n"
            f"    .venv/bin/python -m fintech.journey.one_time_codes {SECOND_FACTOR_SEED}"
        )
        self.console.print("\nCtrl-C stops everything.")

"""`manage.py stack`: the local engines and what runs on them."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from fintech.stack.engine_status import EngineStatus
from fintech.stack.engines import Stack
from fintech.stack.errors import StackError
from fintech.stack.layout import LocalLayout, cells_of
from fintech.stack.running_services import RunningServices, restart

EXAMPLES = """\
examples:
  manage.py stack up                       start PostgreSQL and Valkey for the cells of FINTECH_CELLS
  manage.py stack up --cell eu --cell uk   only these cells
  manage.py stack status                   what runs where, and how far each replica is behind
  manage.py stack down                     stop all of it in order; the data stays
  manage.py stack reset --yes              stop all of it and delete data, secrets and logs
  manage.py stack restart worker-eu --kill kill a service of the running demo and have it started again

environment:
  FINTECH_CELLS            which cells (default eu,au)
  FINTECH_BASE_PORT        the first of the ports (default 8000)
  FINTECH_LOCAL_ROOT       where data, secrets and logs stand (default .local/stack)
  FINTECH_POSTGRESQL_BIN   the bin folder of a PostgreSQL 17 or newer, instead of the installed wheel
  FINTECH_STACK_USER       who runs the engines when root starts them (default postgres, else nobody)
"""


class Command(BaseCommand):
    """Start, stop, show and delete the local stack."""

    help = "The local stack: per cell a PostgreSQL primary and its replica, and one Valkey."
    # Settings may need what only `stack up` makes.
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser, with examples below the options."""
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """One word says what to do."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="up|down|status|reset|restart")
        up = actions.add_parser("up", help="start what doesn't run, recover what died")
        down = actions.add_parser("down", help="stop in order; the data stays")
        status = actions.add_parser("status", help="what runs, where, and how far replicas are behind")
        for action in (up, down, status):
            action.add_argument("--cell", action="append", help="this cell only (may be given several times)")
        up.add_argument("--no-replicas", action="store_true", help="primaries only")
        reset = actions.add_parser("reset", help="stop, and delete data, secrets and logs")
        reset.add_argument("--yes", action="store_true", help="don't ask")
        again = actions.add_parser("restart", help="restart a service of the running demo")
        again.add_argument("service", help="its name, as `stack status` shows it")
        again.add_argument("--kill", action="store_true", help="by SIGKILL, as a crash would end it")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it, with progress on the terminal."""
        self.console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self.begun = time.monotonic()
        self.layout = LocalLayout.from_environment()
        try:
            getattr(self, f"_{options['action']}")(options)
        except (StackError, KeyError, ValueError, TimeoutError) as error:
            raise CommandError(str(error.args[0] if error.args else error)) from error

    def _up(self, options: dict[str, Any]) -> None:
        cells = options["cell"] or cells_of()
        Stack(self.layout, cells=cells, replicas=not options["no_replicas"]).up(progress=self._progress)

    def _down(self, options: dict[str, Any]) -> None:
        # Without a choice all that could run, not only what FINTECH_CELLS says today.
        Stack(self.layout, cells=options["cell"] or self.layout.cell_names).down(progress=self._progress)

    def _reset(self, options: dict[str, Any]) -> None:
        if not options["yes"]:
            answer = input(f"Delete all data, secrets and logs in {self.layout.root}? Type yes: ")
            if answer.strip() != "yes":
                raise CommandError("nothing was deleted")
        Stack(self.layout, cells=()).reset(progress=self._progress)

    def _restart(self, options: dict[str, Any]) -> None:
        service = restart(self.layout.services_file, options["service"], kill=options["kill"])
        self._progress(f"{service.name} is {service.state} (process {service.pid})")

    def _status(self, options: dict[str, Any]) -> None:
        table = Table("what", "port", "process", "state", "behind its primary")
        cells = options["cell"] or [
            cell
            for cell in self.layout.cell_names
            if cell in cells_of() or Stack(self.layout, cells=()).primary(cell).is_running()
        ]
        for engine in Stack(self.layout, cells=cells).status():
            table.add_row(
                engine.name, str(engine.port or ""), str(engine.pid or ""), _state(engine.state), _lag(engine)
            )
        running = RunningServices.read(self.layout.services_file)
        for service in running.services if running else ():
            table.add_row(service.name, "", str(service.pid), _state(service.state), "")
        self.console.print(table)

    def _progress(self, text: str) -> None:
        self.console.print(f"[dim]{time.monotonic() - self.begun:5.1f} s[/dim]  ", end="")
        self.console.print(text, markup=False)


def _state(state: str) -> str:
    colour = {"running": "green", "ready": "green", "stopped": "dim", "ended": "red"}.get(state, "yellow")
    return f"[{colour}]{state}[/{colour}]"


def _lag(engine: EngineStatus) -> str:
    if engine.lag_bytes is None:
        return ""
    return f"{engine.lag_bytes:,} bytes, {engine.lag_seconds or 0:.1f} s"

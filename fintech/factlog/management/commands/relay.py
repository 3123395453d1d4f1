"""`manage.py relay --cell eu`: let the followers of a cell follow, until stopped."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fintech.cells.watching import show_cell
from fintech.factlog.relay import Relay
from fintech.observability.serving import serve_doors_if_asked


class Command(BaseCommand):
    """Runs a relay; several may run for a cell, one of them leads."""

    # The others are for `check`: loading every page for them takes longer than the start itself.
    requires_system_checks: list[str] = ["cells"]
    help = (
        "Relay the facts of a cell to their followers, ring for unapplied work, tell the time. Example: relay --cell eu"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` is required."""
        parser.add_argument("--cell", required=True, help="the cell whose logs are followed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; the present step is finished first."""
        show_cell(options["cell"])
        serve_doors_if_asked()
        relay = Relay(options["cell"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        relay.run()

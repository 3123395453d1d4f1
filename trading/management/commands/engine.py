"""`manage.py engine --cell eu`: react to a cell's quotes, until stopped."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fintech.observability.serving import serve_doors_if_asked
from trading.engine.engine import Engine


class Command(BaseCommand):
    """Runs an engine; several may run for a cell, one of them leads."""

    # The others are for `check`: loading every page for them takes longer than the start itself.
    requires_system_checks: list[str] = ["cells"]
    help = "Margin calls and close-outs at a cell's quotes. Example: engine --cell eu"

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` is required."""
        parser.add_argument("--cell", required=True, help="the cell whose accounts are watched")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; the present turn is finished first."""
        serve_doors_if_asked()
        engine = Engine(options["cell"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: engine.stop())
        engine.run()

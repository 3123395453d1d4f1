"""`manage.py demo_data`: what the demo needs to begin with, in every served cell; may be repeated."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

import crm.demo_data
import trading.demo_data
from fintech.cells import Actor, cell
from fintech.cells.topology import served_cells


class Command(BaseCommand):
    """Loads staff, an introducing broker, instruments and a commission scheme."""

    # `check` runs all of them; loading every page for that takes longer than the command itself.
    requires_system_checks: list[str] = []
    help = "Load the demo's staff, introducing broker, instruments and commission scheme. For the local stack only."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` narrows."""
        parser.add_argument("--cell", action="append", help="only this cell")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, and say what was loaded."""
        for name in options["cell"] or served_cells():
            with cell(name, actor=Actor.system("demo data")):
                for line in crm.demo_data.load():
                    self.stdout.write(f"{name}: {line}")
                trading.demo_data.load()
            self.stdout.write(f"{name}: demo data loaded")

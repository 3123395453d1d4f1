"""`manage.py prices --cell eu`: publish simulated prices for a cell, until stopped."""

from __future__ import annotations

import zlib
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from fintech.cells.topology import served_cell
from fintech.observability.serving import serve_doors_if_asked
from trading.prices.publisher import DEFAULT_QUOTES_A_SECOND, run_simulator
from trading.selectors.market import valkey


class Command(BaseCommand):
    """Runs the simulator; nothing that it says is market data."""

    # The others are for `check`: loading every page for them takes longer than the start itself.
    requires_system_checks: list[str] = ["cells"]
    help = "Publish simulated quotes of every instrument. Example: prices --cell eu --quotes-a-second 2"

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` is required; the seed is the cell's own unless given."""
        parser.add_argument("--cell", required=True, help="the cell to publish for")
        parser.add_argument("--seed", type=int, help="the path that prices take (by default one for each cell)")
        parser.add_argument(
            "--quotes-a-second",
            type=float,
            default=DEFAULT_QUOTES_A_SECOND,
            help="how often each instrument is quoted",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        name = served_cell(options["cell"]).name
        serve_doors_if_asked()
        seed = zlib.crc32(name.encode()) if options["seed"] is None else options["seed"]
        run_simulator(valkey(), cell=name, seed=seed, quotes_a_second=options["quotes_a_second"])

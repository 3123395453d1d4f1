"""`manage.py worker --cell eu`: do the work of a cell's queues, until stopped."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandParser

from fintech.cells.tasks import KINDS, queue_name
from fintech.cells.topology import served_cell
from fintech.observability.serving import serve_doors_if_asked


class Command(BaseCommand):
    """Celery's worker for one cell; several may run."""

    # The others are for `check`: loading every page for them takes longer than the start itself.
    requires_system_checks: list[str] = ["cells"]
    help = "Do the work of a cell's queues. Examples: worker --cell eu; worker --cell eu --kind webhooks --kind payouts"

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` is required; by default all kinds of work are done, four at a time."""
        parser.add_argument("--cell", required=True, help="the cell whose queues are worked on")
        parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind of work (may be repeated)")
        parser.add_argument("--threads", type=int, default=4, help="how many tasks are done at a time")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT; tasks that are under way are finished first."""
        name = served_cell(options["cell"]).name
        serve_doors_if_asked()
        # Celery would run Django's checks of everything once more; those of cells have run.
        os.environ["CELERY_SKIP_CHECKS"] = "true"
        # In threads: a process shares one pool of connections, and its metrics are one.
        worker = current_app.Worker(
            hostname=f"worker@{name}",
            queues=[queue_name(name, kind) for kind in options["kind"] or KINDS],
            pool="threads",
            concurrency=options["threads"],
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()
        sys.exit(worker.exitcode)

"""`manage.py beat --cell eu`: publish the cell's scheduled tasks when they are due, until stopped."""

from __future__ import annotations

from typing import Any

from celery import current_app
from celery.beat import Scheduler, Service
from django.core.management.base import BaseCommand, CommandParser

from fintech.cells.actors import Actor
from fintech.cells.context import cell
from fintech.observability.serving import serve_doors_if_asked


class Command(BaseCommand):
    """Celery's beat with a cell bound around it; the schedule is CELERY_BEAT_SCHEDULE, and no state is kept."""

    # The others are for `check`: loading every page for them takes longer than the start itself.
    requires_system_checks: list[str] = ["cells"]
    help = "Publish the scheduled tasks of a cell when they are due. Example: beat --cell eu"

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` is required."""
        parser.add_argument("--cell", required=True, help="the cell whose tasks are published")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        import signal

        serve_doors_if_asked()
        service = Service(current_app, scheduler_cls=_InMemory)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)
        with cell(options["cell"], actor=Actor.system("beat")):
            service.start()


def _end(*_: object) -> None:
    """Leave the sleep between two ticks, which would else be slept to its end: up to five minutes."""
    raise SystemExit


class _InMemory(Scheduler):
    """Every task of the schedule is safe to repeat, so nothing needs to be remembered between two runs."""

"""`manage.py payments`: what an operator does about payments."""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech.cells import Actor, cell
from payments.selectors.psp_events import events_to_replay
from payments.services.psp_events import apply

EXAMPLES = """examples:
  manage.py payments replay-events --cell eu
  manage.py payments replay-events --cell eu --since 2026-03-31T10:00:00Z
"""


class Command(BaseCommand):
    """Goes through stored messages of PSPs again."""

    help = "Look after payments. `replay-events` goes through the stored messages of PSPs again, in their order: what "
    help += "is applied stays as it is, what wasn't is applied or shown to a person."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """With examples at the end of the help."""
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        """One word, the cell, and from when."""
        actions = parser.add_subparsers(dest="action", required=True)
        replay = actions.add_parser("replay-events", help="go through the stored messages again")
        replay.add_argument("--cell", required=True, help="the cell whose messages they are")
        replay.add_argument("--since", type=datetime.fromisoformat, help="received from this moment on (ISO 8601)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, and say what came of it."""
        since: datetime | None = options["since"]
        if since is not None and since.tzinfo is None:
            raise CommandError("--since names its time zone, such as 2026-03-31T10:00:00Z")
        with cell(options["cell"], actor=Actor.system("payments replay-events")):
            found = Counter(apply(event_id, again=True).state for event_id in events_to_replay(since=since))
        self.stdout.write(
            f"{sum(found.values())} messages: {found['applied']} applied, {found['ignored']} ignored, "
            f"{found['waiting']} waiting, {found['review']} in review"
        )

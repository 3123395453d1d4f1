"""`manage.py introducing_broker`: who introduces clients."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.services.introducing_brokers import register_introducing_broker
from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal


class Command(BaseCommand):
    """Registers introducing brokers."""

    help = (
        "Register an introducing broker of a cell, at the top or below another; prints its id. Examples: "
        "introducing_broker create --cell eu --code ALPHA --name 'Alpha Partners'; "
        "introducing_broker create --cell eu --code BETA --name 'Beta Partners' --parent ALPHA"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`create`, and what it needs."""
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser("create", help="register a broker")
        create.add_argument("--cell", required=True)
        create.add_argument("--code", required=True, help="what clients type: 3 to 20 letters, digits, hyphens")
        create.add_argument("--name", required=True)
        create.add_argument("--parent", help="the code of the broker above")
        create.add_argument("--reason", default="", help="why, for the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Register the broker; a refusal ends the command with its sentence."""
        try:
            with cell(options["cell"], actor=Actor.system("operator")):
                ib_id = register_introducing_broker(
                    key=str(uuid7()),
                    reason=options["reason"],
                    code=options["code"],
                    name=options["name"],
                    parent_code=options["parent"],
                )
        except (Refusal, LookupError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(str(ib_id))

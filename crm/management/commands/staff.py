"""`manage.py staff`: who may sign in to the back office."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.passwords import ask_password
from crm.services.staff import create_staff
from crm.staff_groups import GROUPS
from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal


class Command(BaseCommand):
    """Makes staff members."""

    help = (
        "Make a staff member of a cell. Examples: "
        "staff create --cell eu --email maria@example.com --group payments; "
        "echo $PASSWORD | staff create --cell eu --email k@example.com --group compliance --group support "
        "--password-stdin"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`create`, and what it needs."""
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser("create", help="make a staff member")
        create.add_argument("--cell", required=True)
        create.add_argument("--email", required=True)
        create.add_argument(
            "--group", required=True, action="append", choices=sorted(GROUPS), help="may be given several times"
        )
        create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        create.add_argument("--reason", default="", help="why, for the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the staff member; a refusal ends the command with its sentence."""
        try:
            with cell(options["cell"], actor=Actor.system("operator")):
                password_hash = ask_password(email=options["email"], from_standard_input=options["password_stdin"])
                user_id = create_staff(
                    key=str(uuid7()),
                    reason=options["reason"],
                    email=options["email"],
                    password_hash=password_hash,
                    groups=tuple(options["group"]),
                )
        except (Refusal, LookupError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(str(user_id))

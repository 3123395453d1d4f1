"""`manage.py staff`: who may sign in to the back office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.passwords import ask_password
from crm.selectors.clients import user_by_email
from crm.services.second_factors import reset_staff_factors
from crm.services.staff import create_staff
from crm.staff_groups import GROUPS
from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal


class Command(BaseCommand):
    """Makes staff members, and resets a lost second factor when no colleague can."""

    help = (
        "Make a staff member of a cell, or reset a lost second factor. Examples: "
        "staff create --cell eu --email maria@example.com --group payments; "
        "echo $PASSWORD | staff create --cell eu --email k@example.com --group compliance --group support "
        "--password-stdin; "
        "staff reset-second-factor --cell eu --email maria@example.com --reason 'telephone lost, nobody else is in'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`create` and `reset-second-factor`, and what they need."""
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser("create", help="make a staff member")
        create.add_argument("--cell", required=True)
        create.add_argument("--email", required=True)
        create.add_argument(
            "--group", required=True, action="append", choices=sorted(GROUPS), help="may be given several times"
        )
        create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        create.add_argument("--reason", default="", help="why, for the audit trail")
        reset = commands.add_parser("reset-second-factor", help="for who has lost it; ends their sessions")
        reset.add_argument("--cell", required=True)
        reset.add_argument("--email", required=True)
        reset.add_argument("--reason", required=True, help="why, for the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the staff member, or reset the factor; a refusal ends the command with its sentence."""
        try:
            with cell(options["cell"], actor=Actor.system("operator")):
                user_id = _create(options) if options["command"] == "create" else _reset(options)
        except (Refusal, LookupError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(str(user_id))


def _create(options: dict[str, Any]) -> UUID:
    password_hash = ask_password(email=options["email"], from_standard_input=options["password_stdin"])
    return create_staff(
        key=str(uuid7()),
        reason=options["reason"],
        email=options["email"],
        password_hash=password_hash,
        groups=tuple(options["group"]),
    )


def _reset(options: dict[str, Any]) -> UUID:
    user = user_by_email(options["email"])
    if user is None:
        raise CommandError(f"there is no staff member {options['email']}")
    return reset_staff_factors(key=str(uuid7()), reason=options["reason"], user_id=user.pk)

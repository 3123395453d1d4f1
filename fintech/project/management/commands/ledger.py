"""`manage.py ledger`: check that the books agree with each other and with their own transfers; close periods."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fintech.cells import Actor, cell
from fintech.cells.topology import served_cells
from fintech.journal import Refusal
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from fintech.project.in_transit import BOOKS, InTransit, check_in_transit
from payments.services import book_keeping as payments_book
from trading.services import book_keeping as trading_book

EXAMPLES: Final = """\
examples:
  manage.py ledger check
      what is in transit between the books of payments and trading, in every served cell
  manage.py ledger replay --cell eu
      recompute both books from their transfers and compare every balance and hold
  manage.py ledger replay check --cell eu --json
      both, for a program to read
  manage.py ledger close --cell eu --through 2026-10-31 --reason "October is reconciled"
      take no more transfers with a value date up to that day, in both books; corrections get a later one
"""


class Command(BaseCommand):
    """Every action works on the cells named by `--cell`, or on all that are served here."""

    # `check` runs all of them; loading every page for that takes longer than the command itself.
    requires_system_checks: list[str] = []
    help = "Check that the books agree with each other, and with their own transfers; close periods."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of the examples."""
        kwargs["formatter_class"] = argparse.RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """The action, its cells, and how to answer."""
        parser.add_argument(
            "action",
            nargs="+",
            choices=["check", "replay", "close"],
            help="check: in transit; replay: whole books; close: a period of both books",
        )
        parser.add_argument("--through", type=date.fromisoformat, help="close: the last day (UTC), as 2026-10-31")
        parser.add_argument("--reason", default="", help="close: why, for the audit log")
        parser.add_argument("--cell", action="append", help="only this cell (may be repeated)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every cell; ends non-zero, once all were checked, if anything disagrees."""
        if "close" in options["action"] and not (options["through"] and options["reason"]):
            raise CommandError("closing a period needs --through and --reason")
        close = partial(self._close, through=options["through"], reason=options["reason"])
        actions: dict[str, Callable[..., list[str]]] = {"check": self._check, "replay": self._replay, "close": close}
        wrong: list[str] = []
        for name in options["cell"] or list(served_cells()):
            if name not in served_cells():
                raise CommandError(f"cell {name!r} isn't served here; there are {', '.join(served_cells())}")
            with cell(name, actor=Actor.system("ledger command")):
                for action in dict.fromkeys(options["action"]):
                    wrong += actions[action](name, as_json=options["json"])
        if wrong:
            raise CommandError("\n".join(wrong))

    def _check(self, name: str, *, as_json: bool) -> list[str]:
        found = check_in_transit()
        for line in found:
            if as_json:
                self._line({"cell": name, "ok": not line.difference, **asdict(line), "difference": line.difference})
            else:
                self.stdout.write(f"{name}: {_told(line)}")
        if not found and not as_json:
            self.stdout.write(f"{name}: nothing has moved between the books yet")
        return [
            f"{name}: {line.giver} → {line.receiver}, entity {line.entity}: {_amount(line.difference, line)} "
            "given up to the bookmark isn't taken in"
            for line in found
            if line.difference
        ]

    def _replay(self, name: str, *, as_json: bool) -> list[str]:
        wrong: list[str] = []
        for concern in BOOKS:
            report = Book(concern).replay()
            told = {"cell": name, "book": concern, "ok": not report.disagreements}
            if as_json:
                self._line({**told, **asdict(report)})
            else:
                self.stdout.write(
                    f"{name}: book {concern}: {report.transfers:,} transfers over {report.accounts:,} accounts "
                    f"recomputed, {len(report.disagreements)} disagreements"
                )
            wrong += [
                f"{name}: book {concern}, account {item.account}: {item.what} is {item.found}, "
                f"its transfers say {item.expected}"
                for item in report.disagreements
            ]
        return wrong

    def _close(self, name: str, *, as_json: bool, through: date, reason: str) -> list[str]:
        wrong: list[str] = []
        for concern, verb in (("payments", payments_book.close_period), ("trading", trading_book.close_period)):
            try:
                verb(key=f"close:{through}", reason=reason, through=through)
            except Refusal as refusal:
                wrong.append(f"{name}: book {concern}: {refusal.detail}")
                continue
            if as_json:
                self._line({"cell": name, "book": concern, "ok": True, "closed_through": through})
            else:
                self.stdout.write(f"{name}: book {concern} is closed through {through}")
        return wrong

    def _line(self, content: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(content, default=str))


def _told(line: InTransit) -> str:
    parts = [f"{_amount(line.given, line)} given", f"{_amount(line.taken, line)} taken in"]
    if line.parked:
        parts.append(f"{_amount(line.parked, line)} parked")
    if line.under_way:
        parts.append(f"{_amount(line.under_way, line)} still on its way")
    return (
        f"{line.giver} → {line.receiver}, entity {line.entity}: {', '.join(parts)}; "
        f"difference {_amount(line.difference, line)}"
    )


def _amount(minor: int, line: InTransit) -> str:
    return str(Money(minor, currency(line.currency)))

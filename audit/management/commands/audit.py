"""`manage.py audit`: verify the audit log, sign its head, show its public key, make its partitions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from audit.anchors import anchor_store
from audit.keys import origin, verifier_key
from audit.rules.checkpoint import VerifierKey
from audit.rules.findings import Disagreement
from audit.selectors.reconciliation import compare_with_sources
from audit.selectors.verification import Progress as Reporter
from audit.selectors.verification import Verified, verify_log
from audit.services.checkpoints import CheckpointRefused, take_checkpoints
from audit.services.partitions import MONTHS_AHEAD, create_partitions
from fintech.cells import Actor, cell, current_cell
from fintech.cells.topology import served_cells

EXAMPLES: Final = """\
examples:
  manage.py audit verify
      everything, in every served cell
  manage.py audit verify --cell eu --sources
      also against the databases that the log follows
  manage.py audit verify --cell eu --key "audit.broker.example/eu+4a2f…+AZ…"
      by a public key that you were given, not by the cell's own secret
  manage.py audit verify --cell eu --from-anchor 120000 --json
      only what came after that checkpoint, for a program to read
  manage.py audit checkpoint --cell eu
      sign and anchor the head now, not within the minute
  manage.py audit key --cell eu
      the public key, for regulators and witnesses
  manage.py audit partitions --months 6
      make the months' partitions ahead of time
"""


class Command(BaseCommand):
    """Every subcommand works on the cells named by `--cell`, or on all that are served here."""

    # `check` runs all of them; loading every page for that takes longer than the command itself.
    requires_system_checks: list[str] = []
    help = "Verify the audit log, sign its head, show its public key, make its partitions."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of the examples."""
        kwargs["formatter_class"] = argparse.RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """A subcommand, its cells and its options."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="verify|checkpoint|key|partitions")
        verify = actions.add_parser("verify", help="recompute the log and compare it with its anchors")
        verify.add_argument(
            "--from-anchor", type=int, metavar="SIZE", help="take what is before this checkpoint as read"
        )
        verify.add_argument(
            "--key", action="append", metavar="KEY", help="trust this public key only (may be repeated)"
        )
        verify.add_argument("--sources", action="store_true", help="also compare with the databases that it follows")
        checkpoint = actions.add_parser("checkpoint", help="sign and anchor the head of the log now")
        key = actions.add_parser("key", help="print the public key that checkpoints are verified with")
        partitions = actions.add_parser("partitions", help="make the partitions of the coming months")
        partitions.add_argument("--months", type=int, default=MONTHS_AHEAD, help="how many months ahead")
        for action in (verify, checkpoint, key, partitions):
            action.add_argument("--cell", action="append", help="only this cell (may be repeated)")
            action.add_argument("--json", action="store_true", help="one JSON object a line and cell")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the subcommand in each cell. Ends non-zero at the first thing that isn't so."""
        act: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['action']}")
        for name in options["cell"] or list(served_cells()):
            if name not in served_cells():
                raise CommandError(f"cell {name!r} isn't served here; there are {', '.join(served_cells())}")
            with cell(name, actor=Actor.system("audit command")):
                act(options)

    def _verify(self, options: dict[str, Any]) -> None:
        name = current_cell().name
        try:
            keys = [VerifierKey.parse(text) for text in options["key"] or []] or [verifier_key()]
        except ValueError as error:
            raise CommandError(f"--key: {error}") from error
        try:
            with _progress(name, shown=not options["json"]) as progress:
                verified = verify_log(keys=keys, from_anchor=options["from_anchor"], progress=progress)
            sources = compare_with_sources() if options["sources"] else None
        except Disagreement as why:
            if options["json"]:
                self._line({"cell": name, "ok": False, **asdict(why.finding)})
            raise CommandError(f"{name}: the audit log does not verify: {why}", returncode=1) from why
        if options["json"]:
            self._line({"cell": name, "ok": True, **asdict(verified), "sources": sources})
        else:
            self._tell(name, verified, sources)

    def _tell(self, name: str, verified: Verified, sources: dict[str, int] | None) -> None:
        rate = verified.entries / verified.seconds if verified.seconds else 0
        write = self.stdout.write
        write(f"{name}: the audit log {verified.origin} verifies")
        since = f" from {verified.first:,}" if verified.first else ""
        write(f"  entries      {verified.entries:,} recomputed{since} of {verified.size:,}, without a gap")
        write(f"  checkpoints  {verified.checkpoints:,} equal to their anchors in {anchor_store().describe()}")
        write(f"  since then   {verified.uncovered:,} entries that no checkpoint covers yet")
        for source, rows in (sources or {}).items():
            write(f"  source       {source}: {rows:,} rows, none missing, extra or different")
        write(f"  root         {verified.root}")
        write(f"  time         {verified.seconds:.2f} s, {rate:,.0f} entries a second")

    def _checkpoint(self, options: dict[str, Any]) -> None:
        name = current_cell().name
        try:
            taken = take_checkpoints()
        except CheckpointRefused as why:
            raise CommandError(f"{name}: nothing was signed: {why}", returncode=1) from why
        if options["json"]:
            self._line({"cell": name, "taken": [{"size": item.size, "root": item.root.hex()} for item in taken]})
        elif not taken:
            self.stdout.write(f"{name}: nothing new to sign")
        for item in () if options["json"] else taken:
            self.stdout.write(f"{name}: signed and anchored {item.size:,} entries, root {item.root.hex()}")

    def _key(self, options: dict[str, Any]) -> None:
        if options["json"]:
            self._line({"cell": current_cell().name, "origin": origin(), "key": str(verifier_key())})
        else:
            self.stdout.write(str(verifier_key()))

    def _partitions(self, options: dict[str, Any]) -> None:
        name = current_cell().name
        if not 0 <= options["months"] <= 24:
            raise CommandError("--months is 0 to 24")
        made = create_partitions(months_ahead=options["months"])
        if options["json"]:
            self._line({"cell": name, "made": made})
        else:
            self.stdout.write(f"{name}: {', '.join(made) if made else 'all partitions are there'}")

    def _line(self, content: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(content))


@contextmanager
def _progress(name: str, *, shown: bool) -> Iterator[Reporter | None]:
    """A bar on the terminal of whoever waits; nothing where nobody looks."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn(name),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("entries"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)

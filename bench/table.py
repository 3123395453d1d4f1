"""What people see: progress while it runs, and the table at the end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.comparisons import Row, Spread


def print_table(console: Console, rows: Sequence[Row]) -> None:
    """Print the rows: ratios with their goals, and beneath each the rates of both sides."""
    table = Table(title="Ratios of one run; rates are minimum / median / maximum a second", show_lines=True)
    table.add_column("what ÷ what", ratio=3)
    for heading in ("ratio", "at least", "aim"):
        table.add_column(heading, justify="right")
    table.add_column("met")
    table.add_column("ours", justify="right")
    table.add_column("peer", justify="right")
    for row in rows:
        table.add_row(
            f"{row.name}\n[dim]peer: {row.peer}[/]",
            f"[bold]{row.ratio:,.2f}[/]",
            f"{row.goal:,g}",
            f"{row.aim:,g}",
            "[green]yes[/]" if row.met else "[red]no[/]",
            _spread(row.runs["ours"]),
            _spread(row.runs["peer"]),
        )
    console.print(table)


def _spread(spread: Spread) -> str:
    return "\n".join(f"{rate:,.{0 if rate >= 100 else 1}f}" for rate in (spread.minimum, spread.median, spread.maximum))

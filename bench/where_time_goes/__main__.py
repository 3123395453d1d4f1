"""`make profile`: start the product, let customers use it for a while, and tell where the time goes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.__main__ import ROOT
from fintech.journey.places import Place
from tests.demo_process import DemoProcess
from tests.faults.under_load.customers import new_customer
from tests.faults.under_load.traffic import Traffic

SECONDS = 60
BASE_PORT = 19400
CUSTOMERS = 4
# What is looked at, and what it is called.
LOOKED_AT: Mapping[str, str] = {
    "POST /api/v1/deposits 201": "a deposit",
    "POST /api/v1/orders 201": "an order",
    "POST /webhooks/<slug:psp>/ 200": "a webhook, received",
    "task payments.apply_psp_event": "a webhook, applied",
}
SHARES = 8


def main() -> int:
    """Run it, print a table. The exit status is 1 when something wasn't seen."""
    folder = ROOT.with_name("watch")
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        file.unlink()
    product = DemoProcess("profile", base_port=BASE_PORT, cells=("eu",))
    product.environment |= {
        "DJANGO_SETTINGS_MODULE": "bench.where_time_goes.settings",
        "FINTECH_WATCH_FOLDER": str(folder),
    }
    console = Console()
    try:
        with console.status("starting the product"):
            product.start("--no-journey")
        _use(product, console)
    finally:
        product.stop()
    found = _read(folder)
    console.print(_table(found))
    missing = [name for name in LOOKED_AT if not found.get(name, Counter())["count"]]
    if missing:
        sys.stderr.write(f"not seen: {', '.join(missing)}; seen: {', '.join(sorted(found))}\n")
    return 1 if missing else 0


def _use(product: DemoProcess, console: Console) -> None:
    place = Place.of("eu", product.layout, product.cells)
    with console.status("customers sign up"), ThreadPoolExecutor(CUSTOMERS) as pool:
        traffic = Traffic(list(pool.map(new_customer, [place] * CUSTOMERS)))
    with traffic.flowing() as flow:
        flow.await_progress()
        for _ in track(range(SECONDS), description="customers pay, move money and deal", console=console):
            time.sleep(1)


def _read(folder: Path) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for file in folder.glob("*.json"):
        for name, numbers in json.loads(file.read_text(encoding="utf-8")).items():
            found.setdefault(name, Counter()).update(numbers)
    return found


def _table(found: Mapping[str, Counter[str]]) -> Table:
    table = Table(title="Where the time of a request goes (milliseconds are means)", show_lines=True)
    for heading in ("", "seen", "in all, ms", "processor, ms", "statements", "in statements, ms", "processor time by"):
        table.add_column(heading, justify="left" if heading in ("", "processor time by") else "right")
    for name, called in LOOKED_AT.items():
        numbers = found.get(name, Counter())
        count = numbers["count"]
        if count:
            milliseconds = [f"{numbers[key] / count * 1000:.1f}" for key in ("wall", "processor", "in statements")]
            table.add_row(
                called,
                f"{count:.0f}",
                *milliseconds[:2],
                f"{numbers['statements'] / count:.1f}",
                milliseconds[2],
                _shares(numbers),
            )
    return table


def _shares(numbers: Mapping[str, float]) -> str:
    spent = Counter({key.removeprefix("package "): part for key, part in numbers.items() if key.startswith("package ")})
    whole = spent.total()
    return "\n".join(f"{package} {part / whole:.0%}" for package, part in spent.most_common(SHARES))


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())

"""docs/cost-and-capacity.md and its picture: `python -m deploy.cost.page [--write]`.

Without `--write` it says whether they are as definition, measurements, assumptions and prices are. Needs no account, no
network and no CDK.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cost.bill import Biller, Line, listed_share, parts
from deploy.cost.capacity import PROCESSOR, Model, Plan
from deploy.cost.load import Assumptions, load_of, read_assumptions
from deploy.cost.measured import read_figures
from deploy.cost.picture import Bar, drawn
from deploy.cost.price_list import TIMES, PriceList, read_prices
from deploy.definition import CellPlace, Environment, read_environments, read_services
from deploy.locked_environment import REPOSITORY
from deploy.rendered_file import write_or_compare

PAGE: Final = REPOSITORY / "docs" / "cost-and-capacity.md"
PICTURE: Final = REPOSITORY / "docs" / "pictures" / "cost.svg"
# Whose bills are shown: the first line by line, both in the summary.
SHOWN: Final = ("production", ("eu", "au"))

SECTIONS: Final = {
    "a_day": "of each client on a day",
    "peak": "of the busiest minute",
    "each": "of each",
    "limits": "of how full something may be, and what is kept",
}


@dataclass(frozen=True)
class Paper:
    """Everything that the page is made from."""

    environments: Mapping[str, Environment]
    model: Model
    prices: PriceList

    @property
    def assumed(self) -> Assumptions:
        """What was assumed."""
        return self.model.assumed

    def plans(self) -> list[tuple[int, Plan]]:
        """For each number of clients what carries it."""
        environment, _ = SHOWN
        sizes = {cell.size.name: cell.size for cell in self.environments[environment].cells.values()}
        return [(clients, self.model.plan(load_of(clients, self.assumed), sizes)) for clients in self.assumed.clients]

    def lines(self, plan: Plan, cell: CellPlace, environment: str = SHOWN[0]) -> list[Line]:
        """The bill of one of the plan's cells, where `cell` stands."""
        return Biller(self.prices, self.assumed, environment, cell).lines(plan)

    def cells(self) -> list[CellPlace]:
        """Those whose bills are shown."""
        environment, names = SHOWN
        return [self.environments[environment].cells[name] for name in names]


def read_paper() -> Paper:
    """Read all of it. Raises DefinitionError."""
    prices = read_prices()
    model = Model(read_services(), read_assumptions(), read_figures(), prices.classes)
    return Paper(read_environments(), model, prices)


def rendered(paper: Paper) -> Mapping[Path, str]:
    """The page and its picture."""
    text = "\n".join(
        [
            *_head(),
            *_summary(paper),
            *_as_it_stands(paper),
            *_load(paper),
            *_capacity(paper),
            *_bills(paper),
            *_prices(paper.prices),
        ]
    )
    return {PAGE: text + "\n", PICTURE: drawn(list(_bars(paper)), region=paper.cells()[0].region)}


def _bars(paper: Paper) -> Iterator[Bar]:
    first = paper.cells()[0]
    for clients, plan in paper.plans():
        costs = parts(paper.lines(plan, first))
        yield Bar(clients, plan.cells, {part: cost * plan.cells for part, cost in costs.items()})


def _head() -> Iterator[str]:
    yield "# Cost and capacity, on paper"
    yield ""
    yield from _prose(
        "Rendered by `make synth` from `deploy/environments`, `deploy/services.toml`, the resources in "
        "`deploy/aws/kept`, our own measurements (`deploy/cost/measured.toml` says where they stand), "
        "assumptions (`deploy/cost/load.toml`) and list prices (`deploy/cost/prices.toml`): change those, "
        "not this page. Nothing of it was paid or measured in a cloud. All measurements are of a machine "
        "with two shared processors and of single requests, so that the capacity is a guess with its "
        "arithmetic shown. Azure isn't priced: no price list of its sizes was found. What to do when "
        "something is full stands in [growing.md](growing.md)."
    )
    yield ""


def _summary(paper: Paper) -> Iterator[str]:
    cells = paper.cells()
    yield "## A month, by clients"
    yield ""
    yield f"![What a month costs, by clients](pictures/{PICTURE.name})"
    yield ""
    heads = " | ".join(f"{cell.region} | a client | by its own prices" for cell in cells)
    yield f"| clients | cells | size | database | fills first, in the busiest minute | {heads} |"
    yield "|---|---|---|---|---|" + "---|---|---|" * len(cells)
    for clients, plan in paper.plans():
        row = [f"{clients:,}", str(plan.cells), plan.size.name, f"{plan.size.database_class}, {plan.storage:,} GB"]
        row.append(f"{plan.fills_first.what}: {plan.fills_first.share:.0%} of what it may")
        for cell in cells:
            lines = paper.lines(plan, cell)
            cost = plan.cells * sum(line.dollars for line in lines)
            row += [f"${cost:,.0f}", f"${cost / clients:,.2f}", f"{listed_share(lines):.0%}"]
        yield f"| {' | '.join(row)} |"
    yield ""
    yield from _prose(
        "Each sum holds the standby region. The rest of a sum is by prices of another region that stand "
        "in, times a factor that is named below. It leaves out:"
    )
    yield ""
    yield from (f"- {what}" for what in paper.prices.unpriced.values())
    yield ""


def _as_it_stands(paper: Paper) -> Iterator[str]:
    yield "## The environments as they stand"
    yield ""
    yield from _prose(
        "Every service at its minimum, no clients yet: what is paid before the first one comes, beside "
        "the budget whose alarm `deploy/environments` sets."
    )
    yield ""
    yield "| cell | size | a month | its budget |"
    yield "|---|---|---|---|"
    for environment, cell, dollars in standing(paper):
        budget = cell.aws.monthly_budget if cell.aws else 0
        yield f"| {environment}-{cell.name} | {cell.size.name} | ${dollars:,.0f} | ${budget:,} |"
    yield ""


def standing(paper: Paper) -> Iterator[tuple[str, CellPlace, float]]:
    """Each cell on AWS as it is defined, and what it costs in a month without a client."""
    nobody = load_of(0, paper.assumed)
    for environment in paper.environments.values():
        for cell in environment.cells.values():
            if cell.cloud == "aws":
                tasks = paper.model.tasks(nobody, cell.size)
                plan = Plan(cell.size, 1, nobody, (), tasks)
                yield environment.name, cell, sum(line.dollars for line in paper.lines(plan, cell, environment.name))


def _load(paper: Paper) -> Iterator[str]:
    yield "## What clients ask for"
    yield ""
    yield "| assumed | number | why |"
    yield "|---|---|---|"
    for section, title in SECTIONS.items():
        yield f"| **{title}** | | |"
        for name, assumption in paper.assumed.sections[section].items():
            yield f"| {name.replace('_', ' ')} | {assumption.number:,g} | {assumption.why} |"
    yield ""
    yield from _prose(
        f"A rate of the busiest minute is clients {TIMES} number a day {TIMES} share of day {TIMES} burst "
        "/ 3,600 seconds. So a second has:"
    )
    yield ""
    yield from _rates(paper)


def _rates(paper: Paper) -> Iterator[str]:
    loads = [load_of(clients, paper.assumed) for clients in paper.assumed.clients]
    yield "| | " + " | ".join(f"{load.clients:,} clients" for load in loads) + " |"
    yield "|---|" + "---|" * len(loads)
    for kind in loads[0].rates:
        yield f"| {kind} | " + " | ".join(_short(load.rates[kind]) for load in loads) + " |"
    for title, numbers in (
        ("requests in all", [load.requests for load in loads]),
        ("posts in the ledgers", [load.posts for load in loads]),
        ("facts", [load.facts for load in loads]),
        ("connections to the feed (open)", [load.connections for load in loads]),
        ("database after the months kept (GiB)", [load.database_gib for load in loads]),
        ("data out in a month (GB)", [load.out_gb for load in loads]),
    ):
        yield f"| {title} | " + " | ".join(_short(number) for number in numbers) + " |"
    yield ""


def _capacity(paper: Paper) -> Iterator[str]:
    yield "## What carries it"
    yield ""
    yield "| measured | number | where it stands |"
    yield "|---|---|---|"
    for figure in paper.model.figures.values():
        yield f"| {figure.what} | {figure.number:,g} | {figure.file} |"
    yield ""
    yield from _prose(
        f"Tasks of a service are the processors that its requests keep busy (rate {TIMES} milliseconds / "
        "1,000), divided by what a task may be busy with: its target in `services.toml`, of one processor "
        f"at most, as a process has Python's lock. The primary's processors are rate {TIMES} statements "
        f"{TIMES} seconds of a statement, reads counted there as well. Which size: the smallest of "
        "production's that carries it in one cell, else as few cells of the largest as possible."
    )
    yield ""
    for clients, plan in paper.plans():
        cells = "one cell" if plan.cells == 1 else f"each of {plan.cells} cells"
        yield f"### {clients:,} clients: {cells} of size {plan.size.name}"
        yield ""
        yield "| in the busiest minute | needs | may have | full |"
        yield "|---|---|---|---|"
        for need in plan.needs:
            yield f"| {need.what} | {_short(need.needed)} | {_short(need.there)} {need.unit} | {need.share:.0%} |"
        yield ""
        if idle := [name for name, size in plan.size.services.items() if size.processor > PROCESSOR]:
            yield from _prose(f"Of a task's processors its one process uses one; more are paid for: {', '.join(idle)}.")
            yield ""


def _bills(paper: Paper) -> Iterator[str]:
    cell = paper.cells()[0]
    yield f"## The bills, line by line, in {cell.region}"
    yield ""
    for clients, plan in paper.plans():
        lines = paper.lines(plan, cell)
        total = sum(line.dollars for line in lines)
        yield f"### {clients:,} clients: a cell of size {plan.size.name}"
        yield ""
        yield f"| part | what | how many | {TIMES} | price | by | $ a month |"
        yield "|---|---|---|---|---|---|---|"
        for line in lines:
            price = f"${line.price.dollars:g} a {line.price.unit}" if line.price else "**yours to fill**"
            by = (line.price.standing or "its own") if line.price else ""
            times = f"{line.times} h" if line.times > 1 else "1"
            row = (line.part, line.what, _short(line.number), times, price, by, f"{line.dollars:,.2f}")
            yield f"| {' | '.join(row)} |"
        yield f"| | **one cell** | | | | | **{total:,.2f}** |"
        if plan.cells > 1:
            yield f"| | **{plan.cells} cells** | | | | | **{plan.cells * total:,.2f}** |"
        yield ""


def _prices(prices: PriceList) -> Iterator[str]:
    yield "## The prices"
    yield ""
    yield "| what | region | $ | a | where it was found | as of |"
    yield "|---|---|---|---|---|---|"
    for (item, region), (dollars, source) in prices.found.items():
        found = prices.sources[source]
        yield f"| {item} | {region} | {dollars:g} | {prices.units[item]} | {found.what} | {found.day} |"
    yield ""
    yield f"| region without a price | takes | {TIMES} | since |"
    yield "|---|---|---|---|"
    for region, stand_in in prices.stand_ins.items():
        yield f"| {region} | {stand_in.region}'s | {stand_in.factor:.2f} | {stand_in.why} |"


def _prose(text: str) -> Iterator[str]:
    """A paragraph, its lines as long as those of every page."""
    yield from textwrap.wrap(text, 120, break_on_hyphens=False, break_long_words=False)


def _short(number: float) -> str:
    """Three digits that count, at least."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def main() -> int:
    """Write or compare; 1 when page or picture isn't as what it is made from."""
    return write_or_compare(rendered(read_paper()), command="python -m deploy.cost.page")


if __name__ == "__main__":
    sys.exit(main())

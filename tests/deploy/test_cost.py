"""Cost and capacity are what definition, measurements and prices make of them, and no price is made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.cost.bill import Biller, parts, resources
from deploy.cost.capacity import Model
from deploy.cost.load import Assumption, Assumptions, load_of, read_assumptions
from deploy.cost.measured import Figure, read_figures
from deploy.cost.page import Paper, read_paper, rendered, standing
from deploy.cost.price_list import TIMES, PriceList, read_prices
from deploy.definition import DefinitionError
from deploy.locked_environment import REPOSITORY
from deploy.rendered_file import outdated, write_or_compare

GROWING = REPOSITORY / "docs" / "growing.md"


@pytest.fixture
def paper() -> Paper:
    return read_paper()


def changed(model: Model, name: str, factor: float) -> Model:
    """The model with one measured figure times something."""
    figure = model.figures[name]
    return replace(model, figures={**model.figures, name: replace(figure, number=figure.number * factor)})


def test_page_and_picture_are_as_what_they_are_made_from(paper: Paper) -> None:
    assert outdated(rendered(paper)) == []


def test_a_stale_page_is_found_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deploy.rendered_file.REPOSITORY", tmp_path)
    monkeypatch.setattr("sys.argv", ["page"])
    page = tmp_path / "page.md"
    page.write_text("old")
    assert write_or_compare({page: "new"}, command="render") == 1
    assert "page.md: isn't as rendered; `render --write` makes it so" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["page", "--write"])
    assert write_or_compare({page: "new"}, command="render") == 0
    assert page.read_text() == "new"


def test_a_rate_of_the_busiest_minute_is_as_the_page_says(paper: Paper) -> None:
    load = load_of(100_000, paper.assumed)
    assert load.rates["orders"] == pytest.approx(100_000 * 2 * 0.15 * 2 / 3600)
    assert load.share(4).rates["orders"] == pytest.approx(load.rates["orders"] / 4)


def test_one_cell_as_long_as_it_carries_the_load_then_as_few_as_possible(paper: Paper) -> None:
    plans = dict(paper.plans())
    assert [plan.cells for plan in plans.values()][:2] == [1, 1]
    last = plans[1_000_000]
    sizes = {plan.size.name: plan.size for plan in plans.values()}
    fewer = list(paper.model.needs(load_of(1_000_000, paper.assumed).share(last.cells - 1), last.size))
    assert last.fills_first.share <= 1 < max(need.share for need in fewer)
    assert last.size.name == max(sizes.values(), key=lambda size: size.database_storage).name


@pytest.mark.parametrize("name", ["posts", "facts"])
def test_a_slower_primary_or_relay_needs_more_cells(paper: Paper, name: str) -> None:
    slower = replace(paper, model=changed(paper.model, name, 0.01))
    assert dict(slower.plans())[1_000_000].cells > dict(paper.plans())[1_000_000].cells


@pytest.mark.parametrize("name", ["webhook-milliseconds", "order-milliseconds"])
def test_slower_requests_need_more_tasks(paper: Paper, name: str) -> None:
    load, size = load_of(100_000, paper.assumed), dict(paper.plans())[100_000].size
    slower = changed(paper.model, name, 3)
    assert slower.tasks(load, size)["api"] > paper.model.tasks(load, size)["api"]


def test_a_second_processor_of_a_task_answers_nothing(paper: Paper) -> None:
    load, size = load_of(100_000, paper.assumed), dict(paper.plans())[100_000].size
    halved = replace(size, services={**size.services, "api": replace(size.services["api"], processor=1024)})
    assert paper.model.tasks(load, halved)["api"] == paper.model.tasks(load, size)["api"]


def test_no_service_runs_below_its_minimum(paper: Paper) -> None:
    nobody, size = load_of(0, paper.assumed), dict(paper.plans())[1_000].size
    tasks = paper.model.tasks(nobody, size)
    assert tasks == {name: service.scaling.minimum for name, service in paper.model.definition.services.items()}


def test_a_line_is_number_times_hours_times_price(paper: Paper) -> None:
    cell, plan = paper.cells()[0], dict(paper.plans())[1_000]
    lines = {line.what: line for line in paper.lines(plan, cell)}
    web = lines[f"2 {TIMES} web, 0.5 vCPU"]
    assert web.dollars == pytest.approx(2 * 0.5 * 730 * 0.04656)
    primary = lines["primary db.r7g.large in two zones"]
    assert primary.dollars == pytest.approx(2 * 730 * 0.239 * 1.19)
    assert sum(parts(list(lines.values())).values()) == pytest.approx(sum(line.dollars for line in lines.values()))


def test_what_there_is_once_is_counted_in_the_stacks(paper: Paper, tmp_path: Path) -> None:
    (tmp_path / "x-eu-stores.txt").write_text("AWS::KMS::Key A 1\nAWS::KMS::Key B 2\nOutput C 3\n")
    assert resources("x-eu", ("stores", "standby"), tmp_path) == {"KMS::Key": 2, "Output": 1}
    plan = dict(paper.plans())[1_000]
    for cell in paper.cells():
        bill = {line.what for line in Biller(paper.prices, paper.assumed, "production", cell).lines(plan)}
        assert "3 NAT gateways" in bill
        assert "6 endpoints in 3 zones" in bill


def test_an_item_without_a_price_is_the_readers_to_fill_and_not_made_up(paper: Paper) -> None:
    found = {key: value for key, value in paper.prices.found.items() if key[0] != "alarm"}
    without = replace(paper, prices=replace(paper.prices, found=found))
    page = next(iter(rendered(without).values()))
    assert re.search(r"\| watching \| \d+ alarms .*\*\*yours to fill\*\* \|  \| 0\.00 \|", page)


def test_a_regions_own_price_goes_before_one_that_stands_in(paper: Paper) -> None:
    own = paper.prices.price("fargate-processor", "eu-central-1")
    assert own is not None
    assert own.standing == ""
    assert own.dollars == 0.04656
    other = paper.prices.price("db.r7g.large", "eu-west-1")
    assert other is not None
    assert other.standing == f"us-east-1's {TIMES} 1.19"
    assert paper.prices.price("db.r7g.large", "mars-north-1") is None


def test_every_class_of_the_environments_has_a_price(paper: Paper) -> None:
    for environment, cell, _ in standing(paper):
        for item in (f"db.{cell.size.database_class}", f"cache.{cell.size.cache_class}"):
            assert paper.prices.price(item, cell.region) is not None, f"{environment}-{cell.name}: {item}"


def test_a_cell_without_clients_stays_below_its_budget(paper: Paper) -> None:
    found = list(standing(paper))
    assert len(found) == 4
    for environment, cell, dollars in found:
        budget = cell.aws.monthly_budget if cell.aws else 0
        assert dollars < budget, f"{environment}-{cell.name}: {dollars:,.0f}"


PRICES = (REPOSITORY / "deploy" / "cost" / "prices.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('{ dollars = 0.04048, source = "fargate-virginia" }', "{ dollars = 0.04048 }", "source: is missing"),
        ('dollars = 0.04048, source = "fargate-virginia"', 'dollars = 0.04048, source = "hearsay"', "is 'hearsay'"),
        ('as = "us-east-1"\nfactor = 1.20', 'as = "ap-southeast-4"\nfactor = 1.20', "leads back to"),
    ],
)
def test_a_price_without_a_source_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in PRICES
    path = tmp_path / "prices.toml"
    path.write_text(PRICES.replace(old, new, 1))
    with pytest.raises(DefinitionError, match=said):
        read_prices(path)


def measured(tmp_path: Path, row: str, column: str) -> Figure:
    (tmp_path / "page.md").write_text("| what | ours | peer |\n|---|---|---|\n| posts | **2,100** | none |\n")
    (tmp_path / "m.toml").write_text(f'[x]\nwhat = "w"\nfile = "page.md"\nrow = "{row}"\ncolumn = "{column}"\n')
    return read_figures(tmp_path / "m.toml", tmp_path)["x"]


def test_a_figure_is_read_where_it_stands(tmp_path: Path) -> None:
    assert measured(tmp_path, "posts", "ours").number == 2100
    for row, column in (("post of", "ours"), ("posts", "peer"), ("posts", "theirs")):
        with pytest.raises(DefinitionError):
            measured(tmp_path, row, column)


def test_an_assumption_says_why(tmp_path: Path) -> None:
    text = (REPOSITORY / "deploy" / "cost" / "load.toml").read_text(encoding="utf-8")
    path = tmp_path / "load.toml"
    path.write_text(text.replace(', why = "one in twenty days"', ""))
    with pytest.raises(DefinitionError, match="why: is missing"):
        read_assumptions(path)


def test_more_orders_cost_more(paper: Paper) -> None:
    more = dict(paper.assumed.sections)
    more["a_day"] = {**more["a_day"], "orders": Assumption(20, "everybody")}
    busy = replace(paper, model=replace(paper.model, assumed=Assumptions(paper.assumed.clients, more)))
    assert dict(busy.plans())[1_000_000].cells > dict(paper.plans())[1_000_000].cells


def named(pattern: str) -> Iterator[str]:
    yield from sorted(set(re.findall(pattern, GROWING.read_text(encoding="utf-8"))))


def test_what_is_to_be_watched_and_changed_while_growing_is_there() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("fintech", "trading", "payments", "deploy/monitoring")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in (".py", ".toml") and "tests" not in path.parts
    )
    metrics = list(named(r"`(fintech_[a-z_]+)`"))
    assert len(metrics) >= 8
    assert [metric for metric in metrics if f'"{metric.removesuffix("_total")}' not in source] == []
    files = list(named(r"`((?:deploy|fintech)/[\w./-]+\.(?:toml|py))`"))
    assert len(files) >= 5
    assert [path for path in files if not (REPOSITORY / path).is_file()] == []
    alerts = list(named(r"alert `([a-z-]+)`"))
    assert [alert for alert in alerts if f"[alerts.{alert}]" not in source] == []


def test_prices_name_what_they_leave_out(paper: Paper) -> None:
    prices: PriceList = paper.prices
    assert {"firewall", "cloudflare", "guard", "paging"} <= set(prices.unpriced)

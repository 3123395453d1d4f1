"""The benchmark's report: its form, its ratios, and when a goal counts as met. Nothing is measured here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.comparisons import Comparison, row_of, write_report
from bench.groups import GROUPS
from bench.measuring import NotMeasured, Runs, interleave

POSTS = Comparison(name="posts ÷ peer's", ours="ours", peer="theirs", goal=2, aim=3)


class Scripted:
    """A contender whose rates are known beforehand; the first is that of its warm-up."""

    def __init__(self, name: str, *rates: float, diary: list[str] | None = None) -> None:
        self.name = name
        self.rates = list(rates)
        self.diary = diary if diary is not None else []

    def run(self, seconds: float) -> float:
        self.diary.append(self.name)
        return self.rates.pop(0)


def test_contenders_run_in_turns_and_the_warm_up_doesnt_count() -> None:
    diary: list[str] = []
    contenders = [Scripted("a", 999, 1, 3, 2, diary=diary), Scripted("b", 999, 4, 5, 6, diary=diary)]
    measured = interleave(contenders, runs=3, seconds=1, warm_up=1)
    assert "".join(diary) == "ab" + "ab" + "ba" + "ab"
    assert (measured["a"].minimum, measured["a"].median, measured["a"].maximum) == (1, 2, 3)


def test_a_contender_that_does_nothing_isnt_measured() -> None:
    with pytest.raises(NotMeasured, match="idle did nothing"):
        interleave([Scripted("idle", 1, 0)], runs=1, seconds=1, warm_up=1)


@pytest.mark.parametrize(("ours", "met"), [(200.0, True), (199.9, False), (350.0, True)])
def test_a_goal_is_met_by_the_median_of_the_ratios(ours: float, met: bool) -> None:
    row = row_of(POSTS, {"ours": Runs((1.0, ours, 9_999.0)), "theirs": Runs((100.0, 100.0, 100.0))})
    assert (row.ratio, row.met) == (pytest.approx(ours / 100, abs=0.001), met)


def test_a_machine_that_gets_slower_changes_no_ratio() -> None:
    row = row_of(POSTS, {"ours": Runs((400.0, 280.0, 100.0, 80.0)), "theirs": Runs((200.0, 140.0, 50.0, 40.0))})
    assert row.ratio == 2


def test_the_report_says_for_each_row_what_it_was_made_from(tmp_path: Path) -> None:
    measured = {"ours": Runs((300.0, 100.0, 200.0)), "theirs": Runs((50.0, 50.0, 60.0))}
    file = tmp_path / "report.json"
    write_report(file, [row_of(POSTS, measured)], conditions={"runs": 3})
    (row,) = json.loads(file.read_text())["rows"]
    assert row == {
        "name": "posts ÷ peer's",
        "ratio": 3.333,
        "goal": 2,
        "aim": 3,
        "met": True,
        "peer": "theirs",
        "runs": {
            "ours": {"minimum": 100.0, "median": 200.0, "maximum": 300.0},
            "peer": {"minimum": 50.0, "median": 50.0, "maximum": 60.0},
        },
    }


def test_the_table_has_every_promised_comparison() -> None:
    comparisons = [comparison for group in GROUPS for comparison in group.comparisons]
    goals = [(comparison.goal, comparison.aim) for comparison in comparisons]
    assert goals == [
        (7, 10), (0.5, 0.75), (0.95, 1), (4, 6), (40, 60), (1.2, 1.8), (0.75, 0.85), (2_000, 2_500), (0.85, 0.95),
        (2, 3), (1, 1.2), (1, 5), (0.5, 0.7),
    ]  # fmt: skip
    assert len({comparison.name for comparison in comparisons}) == len(comparisons)

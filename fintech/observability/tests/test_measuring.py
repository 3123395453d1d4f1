from __future__ import annotations

from typing import Any

import pytest

from fintech.observability.measuring import Measure, Measuring

NOW = 1_000_000.0


def measuring(**told: Any) -> Measuring:
    return Measuring((Measure.told({"name": "it", "metric": "m", "by": [], **told}),))


def values(looked: Measuring, *expositions: str, every: float = 15.0) -> Any:
    """The groups and values of the last of several looks."""
    for number, exposition in enumerate(expositions):
        readings = looked.look(exposition, NOW + number * every)
    return {tuple(sorted(reading.group)): dict(reading.values) for reading in readings}


def test_the_highest_of_each_group_counts() -> None:
    shown = 'm{cell="eu",queue="a",host="1"} 3\nm{cell="eu",queue="a",host="2"} 5\nm{cell="eu",queue="b"} 4\n'
    assert values(measuring(condition="above", by=["queue"]), shown) == {
        (("queue", "a"),): {5.0: 1.0},
        (("queue", "b"),): {4.0: 1.0},
    }


def test_only_series_with_the_labels_asked_for_count() -> None:
    shown = 'm{check="audit_log"} 0\nm{check="in_transit"} 7\n'
    assert values(measuring(condition="above", where={"check": "audit_log"}), shown) == {(): {0.0: 1.0}}


def test_a_share_is_of_the_series_with_the_same_labels() -> None:
    shown = 'm{role="app"} 6\nmost{role="app"} 8\nm{role="writer"} 1\nmost{role="writer"} 8\nm{role="new"} 1\n'
    assert values(measuring(condition="above", of="most", by=["role"]), shown) == {
        (("role", "app"),): {0.75: 1.0},
        (("role", "writer"),): {0.125: 1.0},
    }


@pytest.mark.parametrize(("condition", "expected"), [("ending", -60.0), ("older", 60.0)])
def test_moments_are_told_by_their_distance(condition: str, expected: float) -> None:
    assert values(measuring(condition=condition), f"m {NOW - 60}\n") == {(): {expected: 1.0}}


def test_of_several_ends_the_first_counts_and_of_several_runs_the_last() -> None:
    shown = f'm{{server="a"}} {NOW + 50}\nm{{server="b"}} {NOW + 90}\n'
    assert values(measuring(condition="ending"), shown) == {(): {50.0: 1.0}}
    assert values(measuring(condition="older"), shown) == {(): {-90.0: 1.0}}


def counted(*totals: int) -> list[str]:
    return [f"# TYPE m counter\nm_total {total}\n" for total in totals]


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ((5,), {}),  # counting begins
        ((5, 5), {(): {0.0: 1.0}}),
        ((5, 8), {(): {3.0: 1.0}}),
        ((5, 8, 9), {(): {1.0: 1.0}}),
        ((5, 2), {(): {2.0: 1.0}}),  # the process began anew
    ],
)
def test_a_counter_is_told_by_how_much_it_grew(totals: tuple[int, ...], expected: object) -> None:
    assert values(measuring(condition="counted", metric="m_total"), *counted(*totals)) == expected


def test_a_series_that_appears_after_the_first_look_counts_whole() -> None:
    assert values(measuring(condition="counted", metric="m_total"), "other 1\n", *counted(4)) == {(): {4.0: 1.0}}


def histogram(quick: int, every: int, status: str = "200") -> str:
    return (
        "# TYPE m histogram\n"
        f'm_bucket{{psp="x",status="{status}",le="5.0"}} {quick}\n'
        f'm_bucket{{psp="x",status="{status}",le="+Inf"}} {every}\n'
        f'm_count{{psp="x",status="{status}"}} {every}\nm_sum{{psp="x",status="{status}"}} 1\n'
    )


def test_what_took_longer_than_the_limit_is_counted() -> None:
    looked = measuring(condition="slower", limit=5)
    assert values(looked, histogram(10, 10), histogram(12, 15)) == {(): {3.0: 1.0}}
    assert values(looked, histogram(14, 17)) == {(): {0.0: 1.0}}


def test_each_request_is_told_as_failed_or_not() -> None:
    looked = measuring(condition="failing", by=["psp"])
    before, now = histogram(1, 1) + histogram(0, 2, "503"), histogram(9, 98) + histogram(0, 5, "503")
    assert values(looked, "", before, now) == {(("psp", "x"),): {0.0: 97.0, 1.0: 3.0}}


def test_an_endpoint_that_nobody_asked_is_not_told() -> None:
    assert values(measuring(condition="failing"), histogram(1, 1), histogram(1, 1)) == {}


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((20,), 0.0),
        ((20, 21, 23, 22, 25), 25.0),
        ((20, 20, 20), 0.0),
        ((30, 25, 20), 0.0),
        ((90, 80, 70, 60, 50, 51, 52, 53, 54, 55), 55.0),  # what fell is longer ago than five minutes
    ],
)
def test_a_level_counts_while_it_rises(levels: tuple[int, ...], expected: float) -> None:
    looked = measuring(condition="growing")
    assert values(looked, *(f"m {level}\n" for level in levels), every=60) == {(): {expected: 1.0}}


def test_who_leads_is_told_by_whoever_shows_it() -> None:
    assert values(measuring(condition="nobody"), "m 1\n") == {(): {1.0: 1.0}}
    assert values(measuring(condition="nobody"), "other 1\n") == {}


def test_a_condition_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="it: there is no condition 'moon'"):
        measuring(condition="moon")

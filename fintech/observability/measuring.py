"""What conditions of alerts are about, as plain numbers, from what a process shows at `/metrics`. Pure.

For a monitoring that knows neither histograms nor counters as Prometheus does: each look at the metrics gives, for each
measure and each group of its labels, the values that were seen since the look before. What a condition means is said
in deploy/definition/alerts.py; the first look at a counter is where counting begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

# Over what a level must rise to be growing, as in Prometheus' rules.
GROWING_SECONDS: Final = 300.0
FAILED: Final = "5"

Labels = frozenset[tuple[str, str]]
Series = Mapping[Labels, float]
# How often each value was seen.
Values = Mapping[float, float]


@dataclass(frozen=True)
class Measure:
    """One number to tell: the condition that it is about, of which series, one for each group of the labels `by`."""

    name: str
    condition: str
    metric: str
    by: tuple[str, ...]
    of: str | None = None
    where: Labels = frozenset()
    limit: float = 0.0

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> Measure:
        """The measure as JSON tells it. Raises KeyError or ValueError for what is none."""
        if told["condition"] not in _READINGS:
            raise ValueError(f"{told['name']}: there is no condition {told['condition']!r}")
        return cls(
            name=told["name"],
            condition=told["condition"],
            metric=told["metric"],
            by=tuple(told["by"]),
            of=told.get("of"),
            where=frozenset(told.get("where", {}).items()),
            limit=float(told.get("limit", 0.0)),
        )


@dataclass(frozen=True)
class Reading:
    """The values of one measure in one group since the last look."""

    measure: Measure
    group: Labels
    values: Values


@dataclass
class Measuring:
    """Looks at the metrics again and again, and remembers what it needs of earlier looks."""

    measures: tuple[Measure, ...]
    _counted: Mapping[str, Series] = field(default_factory=dict)
    _levels: dict[tuple[str, Labels], list[tuple[float, float]]] = field(default_factory=dict)

    def look(self, exposition: str, now: float) -> list[Reading]:
        """What every measure reads at UNIX time `now`. Raises ValueError for what is no exposition."""
        shown = _series_by_name(exposition)
        grown = {name: self._grown(name, series) for name, series in shown.items()}
        self._counted = shown
        look = _Look(shown, grown, now, self._levels)
        return [
            Reading(measure, group, values)
            for measure in self.measures
            for group, values in _READINGS[measure.condition](look, measure).items()
            if values
        ]

    def _grown(self, name: str, series: Series) -> Series:
        """By how much each series has grown; one that has become smaller began anew."""
        if not self._counted:
            return {}
        before = self._counted.get(name, {})
        return {labels: value - before.get(labels, 0.0) if value >= before.get(labels, 0.0) else value
                for labels, value in series.items()}  # fmt: skip


@dataclass(frozen=True)
class _Look:
    shown: Mapping[str, Series]
    grown: Mapping[str, Series]
    now: float
    levels: dict[tuple[str, Labels], list[tuple[float, float]]]

    def groups(self, measure: Measure, series: Series) -> dict[Labels, list[tuple[Labels, float]]]:
        """The measure's series by their group."""
        found: dict[Labels, list[tuple[Labels, float]]] = defaultdict(list)
        for labels, value in series.items():
            if measure.where <= labels:
                found[frozenset(pair for pair in labels if pair[0] in measure.by)].append((labels, value))
        return found


def _above(look: _Look, measure: Measure) -> dict[Labels, Values]:
    series = look.shown.get(measure.metric, {})
    if measure.of is not None:
        whole = look.shown.get(measure.of, {})
        series = {labels: value / whole[labels] for labels, value in series.items() if whole.get(labels)}
    return _one(look, measure, series, max)


def _ending(look: _Look, measure: Measure) -> dict[Labels, Values]:
    left = {labels: value - look.now for labels, value in look.shown.get(measure.metric, {}).items()}
    return _one(look, measure, left, min)


def _older(look: _Look, measure: Measure) -> dict[Labels, Values]:
    # What was never has no moment; the latest of several tells.
    ages = {labels: look.now - value for labels, value in look.shown.get(measure.metric, {}).items()}
    return _one(look, measure, ages, min)


def _counted(look: _Look, measure: Measure) -> dict[Labels, Values]:
    return _one(look, measure, look.grown.get(measure.metric, {}), sum)


def _slower(look: _Look, measure: Measure) -> dict[Labels, Values]:
    border = ("le", f"{measure.limit:.1f}")
    quick = {
        labels - {border}: value
        for labels, value in look.grown.get(f"{measure.metric}_bucket", {}).items()
        if border in labels
    }
    every = look.grown.get(f"{measure.metric}_count", {})
    return _one(look, measure, {labels: value - quick.get(labels, 0.0) for labels, value in every.items()}, sum)


def _failing(look: _Look, measure: Measure) -> dict[Labels, Values]:
    """Each request as 1 when it failed, else 0."""
    found: dict[Labels, Values] = {}
    for group, series in look.groups(measure, look.grown.get(f"{measure.metric}_count", {})).items():
        failed = sum(value for labels, value in series if dict(labels).get("status", "").startswith(FAILED))
        passed = sum(value for _, value in series) - failed
        found[group] = {value: times for value, times in ((0.0, passed), (1.0, failed)) if times > 0}
    return found


def _growing(look: _Look, measure: Measure) -> dict[Labels, Values]:
    """The level while it has risen for the whole of the time, else 0."""
    found: dict[Labels, Values] = {}
    for group, levels in _one(look, measure, look.shown.get(measure.metric, {}), max).items():
        (level,) = levels
        kept = look.levels.setdefault((measure.name, group), [])
        kept.append((look.now, level))
        while kept[0][0] < look.now - GROWING_SECONDS:
            kept.pop(0)
        found[group] = {level if _rise(kept) > 0 else 0.0: 1.0}
    return found


def _one(look: _Look, measure: Measure, series: Series, of: Callable[[Iterable[float]], float]) -> dict[Labels, Values]:
    """One value for each group."""
    return {group: {of(value for _, value in found): 1.0} for group, found in look.groups(measure, series).items()}


def _rise(levels: list[tuple[float, float]]) -> float:
    """Whether levels rise over their time: above 0 when the straight line nearest to them does."""
    mean_time = sum(moment for moment, _ in levels) / len(levels)
    mean_level = sum(level for _, level in levels) / len(levels)
    return sum((moment - mean_time) * (level - mean_level) for moment, level in levels)


def _series_by_name(exposition: str) -> Mapping[str, Series]:
    found: dict[str, dict[Labels, float]] = defaultdict(dict)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            found[sample.name][frozenset(sample.labels.items())] = sample.value
    return found


_READINGS: Final[Mapping[str, Callable[[_Look, Measure], dict[Labels, Values]]]] = {
    "above": _above,
    "slower": _slower,
    "failing": _failing,
    "growing": _growing,
    "ending": _ending,
    "older": _older,
    "counted": _counted,
    # 1 from the process that is it, 0 from the others.
    "nobody": _above,
}

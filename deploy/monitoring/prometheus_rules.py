"""Prometheus' alerting rules, rendered from the definition: `python -m deploy.monitoring.prometheus_rules [--write]`.

Without `--write` it says which of the files in deploy/monitoring/prometheus aren't as the definition says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from deploy.definition import Alert, Environment, read_alerts, read_environments

FOLDER: Final = Path(__file__).parent / "prometheus"
# Over what counters and histograms are looked at.
WINDOW: Final = "5m"
COUNTED: Final = "10m"


def rendered() -> Mapping[Path, str]:
    """What each file is to hold."""
    alerts = read_alerts()
    return {
        FOLDER / f"{name}.rules.yml": rules_of(environment, alerts) for name, environment in read_environments().items()
    }


def rules_of(environment: Environment, alerts: Mapping[str, Alert]) -> str:
    """An environment's rules, as Prometheus reads them."""
    lines = [
        "# Rendered from deploy/monitoring/alerts.toml by `make synth`: change that file, not this one.",
        "groups:",
        f"  - name: {json.dumps(f'fintech-{environment.name}')}",
        "    rules:",
    ]
    for alert in alerts.values():
        for expression, labels in expressions(alert, environment.cells):
            lines += _rule(alert, expression, {"environment": environment.name, **labels})
    return "\n".join(lines) + "\n"


def _rule(alert: Alert, expression: str, labels: Mapping[str, str]) -> Iterator[str]:
    # A string of JSON is one of YAML, too.
    yield f"      - alert: {json.dumps(alert.name)}"
    yield f"        expr: {json.dumps(expression)}"
    yield f"        for: {json.dumps(f'{alert.for_seconds}s')}"
    yield "        labels:"
    for label, value in {"severity": alert.severity, **labels}.items():
        yield f"          {label}: {json.dumps(value)}"
    yield "        annotations:"
    yield f"          summary: {json.dumps(alert.what)}"
    yield f"          runbook: {json.dumps(f'deploy/runbooks/{alert.runbook}')}"


def expressions(alert: Alert, cells: Iterable[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The alert's expressions for these cells, with the labels that they don't bring themselves."""
    if alert.condition != "nobody":
        yield _EXPRESSIONS[alert.condition](alert), {}
        return
    # What isn't there has no labels: each cell is asked for by its name.
    for cell in cells:
        yield f"absent({_selected(alert.metric, {'cell': cell, **alert.where})} == 1)", {"cell": cell}


def _above(alert: Alert) -> str:
    value = _selected(alert.metric, alert.where)
    if alert.of is not None:
        value = f"{value} / {_selected(alert.of, alert.where)}"
    return f"max {_by(alert)} ({value}) > {alert.threshold:g}"


def _slower(alert: Alert) -> str:
    every = _selected(f"{alert.metric}_count", alert.where)
    quick = _selected(f"{alert.metric}_bucket", {**alert.where, "le": f"{alert.threshold:.1f}"})
    slow = [f"sum {_by(alert)} ({ever(every)}) - sum {_by(alert)} ({ever(quick)}) > 0.5" for ever in (_grown, _new)]
    return " or ".join(slow)


def _failing(alert: Alert) -> str:
    counted = f"{alert.metric}_count"
    failed = _selected(counted, {**alert.where, "status": "~5.."})
    shares = [f"sum {_by(alert)} (rate({which}[{WINDOW}]))" for which in (failed, _selected(counted, alert.where))]
    return f"{' / '.join(shares)} > {alert.threshold:g}"


def _growing(alert: Alert) -> str:
    value = _selected(alert.metric, alert.where)
    return f"max {_by(alert)} (deriv({value}[{WINDOW}])) > 0 and max {_by(alert)} ({value}) > {alert.threshold:g}"


def _ending(alert: Alert) -> str:
    return f"min {_by(alert)} ({_selected(alert.metric, alert.where)}) - time() < {alert.threshold:.0f}"


def _older(alert: Alert) -> str:
    return f"time() - max {_by(alert)} ({_selected(alert.metric, alert.where)}) > {alert.threshold:.0f}"


def _counted(alert: Alert) -> str:
    counter = _selected(alert.metric, alert.where)
    grown = [f"sum {_by(alert)} ({ever(counter, COUNTED)}) > {alert.threshold:g}" for ever in (_grown, _new)]
    return " or ".join(grown)


_EXPRESSIONS: Final = {
    "above": _above,
    "slower": _slower,
    "failing": _failing,
    "growing": _growing,
    "ending": _ending,
    "older": _older,
    "counted": _counted,
}


def _grown(series: str, window: str = WINDOW) -> str:
    return f"increase({series}[{window}])"


def _new(series: str, window: str = WINDOW) -> str:
    """What stands in series that weren't there before: to Prometheus the first value of a series is no increase."""
    return f"{series} unless {series} offset {window}"


def _selected(metric: str, where: Mapping[str, str]) -> str:
    """The metric's series with these labels; a value that begins with ~ is a pattern."""
    matchers = [
        f'{label}=~"{value[1:]}"' if value.startswith("~") else f'{label}="{value}"' for label, value in where.items()
    ]
    return f"{metric}{{{','.join(matchers)}}}" if matchers else metric


def _by(alert: Alert) -> str:
    return f"by ({', '.join(alert.by)})"


def outdated() -> list[str]:
    """What is to be done about each file that isn't as the definition says."""
    expected = rendered()
    found = [
        f"{path.name}: isn't as deploy/monitoring/alerts.toml says; render it with --write"
        for path, text in expected.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    strays = sorted(set(FOLDER.glob("*.rules.yml")) - set(expected))
    return found + [f"{path.name}: belongs to no environment; remove it" for path in strays]


def main() -> int:
    """Write or compare; 1 when a file isn't as it should be."""
    if "--write" in sys.argv[1:]:
        FOLDER.mkdir(exist_ok=True)
        for path, text in rendered().items():
            path.write_text(text, encoding="utf-8")
    found = outdated()
    print("\n".join(found) or "Prometheus' rules: as defined")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

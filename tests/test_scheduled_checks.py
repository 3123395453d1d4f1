"""What the checks that a clock starts find is kept for the alerts: the audit log's verification, money in transit."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from audit.rules.findings import Code, Disagreement
from audit.tasks import verify
from fintech.cells import CellContext
from fintech.observability.check_results import kept_result
from fintech.project.in_transit import InTransit
from fintech.project.tasks import look_in_transit


@pytest.fixture(autouse=True)
def nothing_kept(eu: CellContext) -> None:
    """No check has ended yet."""
    for check in ("audit_log", "in_transit"):
        cache.delete(f"check:{check}")


def wrong(check: str) -> int | None:
    result = kept_result(check)
    return None if result is None else result.wrong


def run(task: Any) -> None:
    """Run a task as a worker does."""
    task.push_request(headers={"cell": "eu", "actor": ["system", "beat"], "request_id": "r"})
    try:
        task()
    finally:
        task.pop_request()


def test_a_log_that_verifies_and_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    run(verify)
    assert wrong("audit_log") == 0

    def disagree(**_: object) -> None:
        raise Disagreement(Code.BYTES_DIFFER, "entry 7 isn't what was signed", entry=7)

    monkeypatch.setattr("audit.tasks.verify_log", disagree)
    run(verify)
    assert wrong("audit_log") == 1


def test_a_verification_that_breaks_off_has_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(**_: object) -> None:
        raise ConnectionError("the anchors don't answer")

    monkeypatch.setattr("audit.tasks.verify_log", break_off)
    with pytest.raises(ConnectionError):
        run(verify)
    assert wrong("audit_log") is None


def test_every_line_in_transit_that_differs_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    run(look_in_transit)
    assert wrong("in_transit") == 0
    lines = [line(given=100, taken=100), line(given=100, taken=99), line(given=1, taken=2)]
    monkeypatch.setattr("fintech.project.tasks.check_in_transit", lambda: lines)
    run(look_in_transit)
    assert wrong("in_transit") == 2


def line(*, given: int, taken: int) -> InTransit:
    return InTransit(
        giver="payments",
        receiver="trading",
        entity=1,
        currency="EUR",
        bookmark=1,
        given=given,
        parked=0,
        taken=taken,
        under_way=0,
    )

"""A finding of others' rules is mended or has its reason, and no reason stays longer than its finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import misconfiguration
from deploy.accepted_findings import Accepted, Finding, judged, read_accepted
from deploy.aws import scans

FOUND = Finding("checkov", "CKV_AWS_18", "production-eu-stores/AccessLog", "no access log")
REASON = "A log of who read the log would need a log of its own."


def test_a_finding_without_a_reason_is_left() -> None:
    assert judged([FOUND], [], file="accepted.toml") == [
        "checkov CKV_AWS_18 production-eu-stores/AccessLog: no access log"
    ]


def test_a_finding_with_a_reason_is_not() -> None:
    assert judged([FOUND], [Accepted("CKV_AWS_18", ("*-stores/AccessLog",), REASON)], file="accepted.toml") == []


@pytest.mark.parametrize(("rule", "where"), [("CKV_AWS_19", "*"), ("CKV_AWS_18", "*-services/*")])
def test_a_reason_is_for_its_rule_at_its_place(rule: str, where: str) -> None:
    left = judged([FOUND], [Accepted(rule, (where,), REASON)], file="accepted.toml")
    assert len(left) == 2
    assert left[1] == f"accepted.toml: nothing breaks {rule} at {where}; drop it"


@pytest.mark.parametrize(("rule", "covered"), [("IAM5[arn:<any>:x/*]", True), ("IAM5[*]", False), ("IAM5[arn]", False)])
def test_a_star_of_a_rule_stands_for_itself(rule: str, covered: bool) -> None:
    found = Finding("cdk-nag", "IAM5[arn:eu-central-1:x/*]", "a/b", "wide")
    assert Accepted(rule, ("*",), REASON).covers(found) is covered


def test_a_reason_that_says_nothing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text('[[accepted]]\nrule = "X"\nwhere = ["*"]\nreason = "false positive"\n')
    with pytest.raises(ValueError, match="X is accepted without a reason"):
        read_accepted(file)


def test_what_is_accepted_reads() -> None:
    for path in (scans.ACCEPTED, misconfiguration.ACCEPTED):
        assert all(entry.where for entry in read_accepted(path)), path.name

"""The templates for AWS keep what is promised of the other region; what is planted against it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deploy.aws.policies import Subject, findings
from deploy.aws.policies.asked import subjects
from tests.deploy.planting import Change, found_in, of, setting, without, without_resource

pytestmark = pytest.mark.synth

KINDS = ("standby", "standby-services", "failover", "names")
DATABASE, RECORD, CHECK = "AWS::RDS::DBInstance", "AWS::Route53::RecordSet", "AWS::Route53::HealthCheck"


@pytest.fixture(scope="module")
def stacks() -> Mapping[str, Mapping[str, Subject]]:
    return {kind: subjects(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_is_as_promised(stacks: Mapping[str, Mapping[str, Subject]], kind: str) -> None:
    assert len(stacks[kind]) == 4
    assert [finding for subject in stacks[kind].values() for finding in findings(kind, subject)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_elsewhere_is_found(stacks: Mapping[str, Mapping[str, Subject]], kind: str) -> None:
    subject = replace(stacks[kind][f"production-au-{kind}"], stands_in="aws://222222222222/us-east-1")
    assert "P30 the stack stands in aws://222222222222/us-east-1, not in ap-southeast-4" in findings(kind, subject)


def steps_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    document = next(of(template, "AWS::SSM::Document"))["Properties"]
    steps: list[dict[str, Any]] = document["Content"]["mainSteps"]
    return steps


def never_promotes(template: dict[str, Any]) -> None:
    del steps_of(template)[0]


def runs_first(template: dict[str, Any]) -> None:
    steps = steps_of(template)
    steps.insert(0, steps.pop(next(number for number, step in enumerate(steps) if step["name"] == "runWeb")))


def forgets_the_engine(template: dict[str, Any]) -> None:
    steps = steps_of(template)
    steps.remove(next(step for step in steps if step["name"] == "runEngine"))


def waits_for_hours(template: dict[str, Any]) -> None:
    next(step for step in steps_of(template) if step["name"] == "databaseIsPromoted")["timeoutSeconds"] = 7200


def may_everything(template: dict[str, Any]) -> None:
    next(of(template, "AWS::IAM::Policy"))["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] = "*"


def may_touch_another_cell(template: dict[str, Any]) -> None:
    statement = next(of(template, "AWS::IAM::Policy"))["Properties"]["PolicyDocument"]["Statement"][0]
    statement["Resource"] = statement["Resource"].replace("production-eu", "production-au")


def silence_is_fine(template: dict[str, Any]) -> None:
    next(of(template, CHECK))["Properties"]["HealthCheckConfig"]["InsufficientDataHealthStatus"] = "Healthy"


def looks_elsewhere(template: dict[str, Any]) -> None:
    next(of(template, CHECK))["Properties"]["HealthCheckConfig"]["AlarmIdentifier"]["Region"] = "us-east-1"


ELSEWHERE: list[tuple[str, Change, str]] = [
    ("standby", without_resource("ClusterStandby", DATABASE), "P32 nothing follows"),
    ("standby", setting(DATABASE, "SourceDBInstanceIdentifier", "other"), "P32 nothing follows"),
    ("standby", setting(DATABASE, "MultiAZ", False), "P12 ClusterStandby"),
    ("standby", without(DATABASE, "BackupRetentionPeriod"), "P13 ClusterStandby"),
    ("standby", without(DATABASE, "KmsKeyId"), "P14 ClusterStandby"),
    ("standby-services", setting("AWS::ECS::Service", "DesiredCount", 2, "Engine"), "P32 FleetEngine"),
    (
        "standby-services",
        setting("AWS::ApplicationAutoScaling::ScalableTarget", "MinCapacity", 2, "Api"),
        "P32 FleetApiSize",
    ),
    ("failover", without_resource("Document", "AWS::SSM::Document"), "P33 there is no document"),
    ("failover", never_promotes, "P33 the document doesn't PromoteReadReplica"),
    ("failover", runs_first, "P33 services run before"),
    ("failover", forgets_the_engine, "P33 engine: isn't run"),
    ("failover", waits_for_hours, "P32 the promotion alone"),
    ("failover", may_everything, "P31 RoleDefaultPolicy"),
    ("failover", may_touch_another_cell, "P31 RoleDefaultPolicy"),
    ("names", silence_is_fine, "P33 Serves"),
    ("names", looks_elsewhere, "P33 Serves"),
    ("names", without_resource("Second0"), "P33 origin.eu.example.com. leads to one region"),
    ("names", without(RECORD, "HealthCheckId", "First"), "P33 origin.eu.example.com.: nobody asks"),
    ("names", setting(RECORD, "Name", "elsewhere.example.com."), "P33 the names are"),
]


@pytest.mark.parametrize(("kind", "planted", "finding"), ELSEWHERE)
def test_what_is_planted_is_found(
    stacks: Mapping[str, Mapping[str, Subject]], kind: str, planted: Change, finding: str
) -> None:
    found = found_in(kind, stacks[kind][f"production-eu-{kind}"], planted)
    assert [each for each in found if each.startswith(finding)], found

"""The pipeline's roles on AWS are one project's protected branch's, and do one thing each; what is planted is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploy.aws.policies import Subject, findings
from deploy.aws.policies.asked import subjects
from tests.deploy.planting import Change, Planted, found_in, of, setting, without_resource

pytestmark = pytest.mark.synth

ROLE, POLICY, PROVIDER = "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::OIDCProvider"


@pytest.fixture(scope="module")
def stacks() -> Mapping[str, Subject]:
    return subjects("pipeline")


def test_every_cell_is_as_promised(stacks: Mapping[str, Subject]) -> None:
    assert len(stacks) == 4
    assert [finding for subject in stacks.values() for finding in findings("pipeline", subject)] == []


def test_an_account_says_once_whom_it_believes(stacks: Mapping[str, Subject]) -> None:
    providers: dict[str, int] = {}
    for subject in stacks.values():
        found = len(list(subject.of(PROVIDER)))
        providers[subject.cell.account] = providers.get(subject.cell.account, 0) + found
    assert set(providers.values()) == {1}


def trust(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(of(template, ROLE))["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    return found


def allowed(template: dict[str, Any], which: str) -> dict[str, Any]:
    found: dict[str, Any] = next(of(template, POLICY, which=which))["Properties"]["PolicyDocument"]["Statement"]
    return found[0] if isinstance(found, list) else found


def any_branch(template: dict[str, Any]) -> None:
    trust(template)["Condition"]["StringEquals"]["gitlab.com:sub"] = (
        "project_path:example/fintech:ref_type:branch:ref:x"
    )


def any_project(template: dict[str, Any]) -> None:
    trust(template)["Condition"] = {"StringLike": {"gitlab.com:sub": "project_path:*"}}


def nobody_asks_who(template: dict[str, Any]) -> None:
    del trust(template)["Condition"]["StringEquals"]["gitlab.com:aud"]


def a_second_way_in(template: dict[str, Any]) -> None:
    role = next(of(template, ROLE))["Properties"]["AssumeRolePolicyDocument"]
    role["Statement"].append({**role["Statement"][0], "Principal": {"AWS": "*"}})


def deploys_everywhere(template: dict[str, Any]) -> None:
    allowed(template, "Deploy")["Resource"] = "arn:aws:iam::222222222222:role/cdk-hnb659fds-deploy-role"


def becomes_anybody(template: dict[str, Any]) -> None:
    allowed(template, "Deploy")["Resource"] = "*"


def deploys_by_going_back(template: dict[str, Any]) -> None:
    allowed(template, "RollBack")["Action"] = ["ecs:UpdateService", "iam:PassRole"]


def goes_back_elsewhere(template: dict[str, Any]) -> None:
    statement = allowed(template, "RollBack")
    statement["Resource"] = "arn:aws:ecs:eu-central-1:111111111111:service/production-au/*"


PIPELINE: Planted = [
    (any_branch, "P8 Deploy"),
    (any_project, "P8 Deploy"),
    (nobody_asks_who, "P8 Deploy"),
    (a_second_way_in, "P8 Deploy"),
    (setting(ROLE, "MaxSessionDuration", 43_200), "P19 Deploy"),
    (setting(PROVIDER, "ClientIdList", ["https://gitlab.com", "anybody"]), "P8 GitLab"),
    (setting(PROVIDER, "Url", "https://gitlab.example.org"), "P8 GitLab"),
    (setting(ROLE, "RoleName", "another"), "P8 the pipeline's roles are"),
    (without_resource("RollBack", ROLE), "P8 the pipeline's roles are"),
    (deploys_everywhere, "P31 Deploy"),
    (becomes_anybody, "P31 Deploy"),
    (deploys_by_going_back, "P8 RollBack"),
    (goes_back_elsewhere, "P31 RollBack"),
]


@pytest.mark.parametrize(("planted", "finding"), PIPELINE)
def test_what_is_planted_is_found(stacks: Mapping[str, Subject], planted: Change, finding: str) -> None:
    found = found_in("pipeline", stacks["production-eu-pipeline"], planted)
    assert [each for each in found if each.startswith(finding)], found

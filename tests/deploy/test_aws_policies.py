"""Each policy names its promise, is on the page, and finds something that is planted: none is there for show."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.aws import snapshots
from deploy.aws.policies import POLICIES
from deploy.aws.policies.asked import subjects
from deploy.aws.policies.table import PAGE, NoPromise, rendered, said
from tests.deploy.planting import Change, policies_that_find
from tests.deploy.test_aws_alarms import ALARMS, GUARD
from tests.deploy.test_aws_objects import OBJECTS
from tests.deploy.test_aws_pipeline import PIPELINE
from tests.deploy.test_aws_services import BEHIND_CLOUDFLARE, BEHIND_THE_FIREWALL
from tests.deploy.test_aws_standby import ELSEWHERE
from tests.deploy.test_aws_stores import STORES


def _of_objects(kind: str) -> list[Change]:
    return [change for of, change, _ in OBJECTS if of == kind]


PLANTED: dict[str, list[Change]] = {
    "stores": [change for change, _ in STORES] + _of_objects("stores"),
    "backups": _of_objects("backups"),
    "services": [change for change, _ in BEHIND_CLOUDFLARE] + _of_objects("services"),
    "alarms": [change for change, _ in ALARMS],
    "guard": [change for change, _ in GUARD],
    "pipeline": [change for change, _ in PIPELINE],
    **{kind: [change for of, change, _ in ELSEWHERE if of == kind] for kind, _, _ in ELSEWHERE},
}
# These look at where a stack stands, which is in no template: tests of their own move it.
OF_THE_PLACE = {"region_is_lawful", "standby_is_lawful"}


@pytest.mark.synth
@pytest.mark.parametrize("kind", POLICIES)
def test_every_policy_finds_something_that_is_planted(kind: str) -> None:
    subject = subjects(kind)[f"production-eu-{kind}"]
    finding = policies_that_find(kind, subject, PLANTED[kind])
    if kind == "standby-services":
        # What is asked of services is planted in the cell's own.
        finding |= policies_that_find("services", subjects("services")["production-eu-services"], PLANTED["services"])
    idle = {policy.__name__ for policy in POLICIES[kind] if policy not in finding}
    assert idle <= OF_THE_PLACE


@pytest.mark.synth
def test_the_firewalls_policy_finds_what_is_planted_behind_it() -> None:
    subject = subjects("services")["production-au-services"]
    assert policies_that_find("services", subject, [change for change, _ in BEHIND_THE_FIREWALL])


def test_the_page_is_as_the_policies_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered()


def test_a_policy_without_a_promise_is_refused() -> None:
    def unsaid(_: object) -> None:
        """Asks something."""

    with pytest.raises(NoPromise, match="unsaid: begin its docstring"):
        said(unsaid)  # type: ignore[arg-type]


TEMPLATE = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"A": 1}}}, "Parameters": {"Image": {}}}


def test_a_template_that_is_as_kept_differs_in_nothing(tmp_path: Path) -> None:
    snapshots.write({"stack": TEMPLATE}, tmp_path)
    assert snapshots.outdated({"stack": TEMPLATE}, tmp_path) == []


@pytest.mark.parametrize(
    ("resources", "difference"),
    [
        ({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"A": 2}}}, "AWS::S3::Bucket Bucket is another"),
        ({}, "AWS::S3::Bucket Bucket is gone"),
        ({**TEMPLATE["Resources"], "Topic": {"Type": "AWS::SNS::Topic"}}, "AWS::SNS::Topic Topic is new"),
    ],
)
def test_what_becomes_another_is_told(tmp_path: Path, resources: dict[str, object], difference: str) -> None:
    snapshots.write({"stack": TEMPLATE}, tmp_path)
    assert snapshots.outdated({"stack": {**TEMPLATE, "Resources": resources}}, tmp_path) == [f"stack: {difference}"]


def test_a_stack_that_is_gone_is_told(tmp_path: Path) -> None:
    snapshots.write({"stack": TEMPLATE}, tmp_path)
    assert snapshots.outdated({}, tmp_path) == ["stack: is no stack any more"]

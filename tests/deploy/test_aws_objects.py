"""The templates for AWS keep what is promised of objects, and each policy catches what is planted against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from deploy.aws.policies import Subject, findings
from deploy.aws.policies.asked import subjects
from tests.deploy.planting import Change, found_in, of, setting, without, without_resource

pytestmark = pytest.mark.synth

KINDS = ("stores", "backups", "services", "standby-services")
BUCKET = "AWS::S3::Bucket"


@pytest.fixture(scope="module")
def stacks() -> Mapping[str, Mapping[str, Subject]]:
    return {kind: subjects(kind) for kind in KINDS}


def test_the_copies_of_every_cell_are_as_promised(stacks: Mapping[str, Mapping[str, Subject]]) -> None:
    assert len(stacks["backups"]) == 4
    assert [finding for subject in stacks["backups"].values() for finding in findings("backups", subject)] == []


def test_copies_elsewhere_are_found(stacks: Mapping[str, Mapping[str, Subject]]) -> None:
    subject = replace(stacks["backups"]["production-eu-backups"], stands_in="aws://111111111111/us-east-1")
    assert [found for found in findings("backups", subject) if found.startswith("P30 the stack stands in")]


def bucket(change: Callable[[dict[str, Any]], object], which: str = "Anchors") -> Change:
    return lambda template: change(next(of(template, BUCKET, which=which))["Properties"])


def lock_that_opens(properties: dict[str, Any]) -> None:
    properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Mode"] = "GOVERNANCE"


def copy(change: Callable[[dict[str, Any]], object], which: str = "Anchors") -> Change:
    return bucket(lambda found: change(found["ReplicationConfiguration"]["Rules"][0]), which)


def without_statement(sid: str, which: str = "Anchors") -> Change:
    def change(template: dict[str, Any]) -> None:
        policy = next(of(template, "AWS::S3::BucketPolicy", which=which))["Properties"]["PolicyDocument"]
        policy["Statement"] = [each for each in policy["Statement"] if each.get("Sid", "") != sid]

    return change


def allowed(change: Callable[[dict[str, Any]], object], action: str, which: str) -> Change:
    """Changes the statement of a role that allows the action."""

    def planted(template: dict[str, Any]) -> None:
        policy = next(of(template, "AWS::IAM::Policy", which=which))["Properties"]["PolicyDocument"]
        change(next(each for each in policy["Statement"] if action in str(each["Action"])))

    return planted


def told(name: str, value: str | None, which: str) -> Change:
    def change(template: dict[str, Any]) -> None:
        task = next(of(template, "AWS::ECS::TaskDefinition", which=which))["Properties"]
        environment = task["ContainerDefinitions"][0]["Environment"]
        environment[:] = [pair for pair in environment if pair["Name"] != name]
        environment += [] if value is None else [{"Name": name, "Value": value}]

    return change


def may_delete(statement: dict[str, Any]) -> None:
    statement["Action"] = ["s3:PutObject", "s3:DeleteObject"]


def of_another_cell(statement: dict[str, Any]) -> None:
    statement["Resource"] = statement["Resource"].replace("production-eu", "production-au")


def of_every_name(statement: dict[str, Any]) -> None:
    statement["Resource"] = statement["Resource"].replace("/eu/*", "/*")


OBJECTS: list[tuple[str, Change, str]] = [
    *(
        (kind, planted, finding)
        for kind in ("stores", "backups")
        for planted, finding in (
            (bucket(lock_that_opens), "P18 the anchors' bucket isn't locked in compliance mode"),
            (bucket(lambda found: found.pop("ObjectLockConfiguration")), "P18 not the anchors' bucket alone"),
            (without_statement("OnlyWhatIsNotThere"), "P18 an anchor may be written over"),
            (without_statement("NobodyDeletes"), "P18 an anchor may be marked as deleted"),
        )
    ),
    ("stores", bucket(lambda found: found.pop("ReplicationConfiguration"), "Documents"), "P32 documents: has no copy"),
    ("stores", copy(lambda rule: rule.update(Status="Disabled")), "P32 anchors: has no copy"),
    ("stores", copy(lambda rule: rule.update(Filter={"Prefix": "eu/"})), "P32 anchors: has no copy"),
    ("stores", copy(lambda rule: rule["Destination"].pop("EncryptionConfiguration")), "P14 anchors: its copy"),
    ("stores", copy(lambda rule: rule["Destination"].pop("ReplicationTime")), "P32 anchors: may be copied at any time"),
    ("backups", without(BUCKET, "BucketEncryption", "Documents"), "P14 ObjectsDocuments"),
    ("backups", without_statement("", "Documents"), "P14 ObjectsDocuments"),
    ("backups", without(BUCKET, "PublicAccessBlockConfiguration", "Anchors"), "P1 ObjectsAnchors"),
    ("backups", without_resource("ObjectsDocuments", BUCKET), "P32 documents: have no bucket"),
    ("backups", without(BUCKET, "VersioningConfiguration", "Documents"), "P32 documents: S3 copies nothing"),
    ("services", told("FINTECH_DOCUMENTS", None, "DefinitionsWeb"), "P30 web: is told other buckets"),
    ("services", told("FINTECH_ANCHORS", "s3://others", "DefinitionsWorker"), "P30 worker: is told other buckets"),
    ("services", told("FINTECH_ANCHORS", "s3://others", "DefinitionsWeb"), "P30 web: is told other buckets"),
    ("services", allowed(may_delete, "s3:PutObject", "ApiRole"), "P19 api: may s3:DeleteObject"),
    ("services", allowed(of_another_cell, "s3:PutObject", "ApiRole"), "P19 api: may s3:PutObject in production-au"),
    ("services", allowed(of_every_name, "s3:PutObject", "ApiRole"), "P19 api: may s3:PutObject in production-eu-doc"),
    ("services", allowed(lambda found: found.pop("Condition"), "s3:ListBucketVersions", "DrillRole"), "P19 drill: may"),
    ("services", setting("AWS::IAM::Policy", "Roles", [], "WebRole"), "P19 web: may not s3:GetObject"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "planted", "finding"), OBJECTS)
def test_what_is_planted_is_found(
    stacks: Mapping[str, Mapping[str, Subject]], kind: str, planted: Change, finding: str
) -> None:
    found = found_in(kind, stacks[kind][f"production-eu-{kind}"], planted)
    assert [each for each in found if each.startswith(finding)], found


def test_the_standbys_services_are_told_the_buckets_of_their_own_region(
    stacks: Mapping[str, Mapping[str, Subject]],
) -> None:
    template = stacks["standby-services"]["production-eu-standby-services"].template
    web = next(of(dict(template), "AWS::ECS::TaskDefinition", which="DefinitionsWeb"))["Properties"]
    addresses = {pair["Name"]: pair["Value"] for pair in web["ContainerDefinitions"][0]["Environment"]}
    region = stacks["standby-services"]["production-eu-standby-services"].cell.backup_region
    assert addresses["FINTECH_DOCUMENTS"].endswith(region)

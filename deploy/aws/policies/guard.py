"""What is promised of a cell's account: who did what is on record, what looks like an attack wakes somebody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from deploy.aws.policies.subject import Policy, Subject

LEAST_RULES: Final = {"RDS_STORAGE_ENCRYPTED", "RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "S3_BUCKET_PUBLIC_READ_PROHIBITED"}


def calls_are_on_record(subject: Subject) -> Iterator[str]:
    """P18: every call to AWS is on record, in files that tell when one was changed, and that nobody deletes."""
    trails = [properties for _, properties in subject.of("AWS::CloudTrail::Trail")]
    if len(trails) != 1:
        yield "P18 nobody keeps what is done to the account"
    for trail in trails:
        if not (trail.get("IsLogging") and trail.get("IsMultiRegionTrail") and trail.get("EnableLogFileValidation")):
            yield "P18 the trail misses calls, or doesn't tell when it was changed"
        if "KMSKeyId" not in trail:
            yield "P14 the trail isn't under a key of ours"
    for name, properties in subject.of("AWS::S3::Bucket"):
        if "ObjectLockConfiguration" not in properties:
            yield f"P18 {name}: what is on record may be deleted"


def changes_are_recorded(subject: Subject) -> Iterator[str]:
    """P21: Config records every change, and asks all the time what may not be."""
    recorders = [properties["RecordingGroup"] for _, properties in subject.of("AWS::Config::ConfigurationRecorder")]
    if [group.get("AllSupported") for group in recorders] != [True]:
        yield "P21 changes of the account aren't recorded"
    rules = {found["Source"]["SourceIdentifier"] for _, found in subject.of("AWS::Config::ConfigRule")}
    for rule in sorted(LEAST_RULES - rules):
        yield f"P14 {rule}: isn't asked"


def attacks_wake_somebody(subject: Subject) -> Iterator[str]:
    """P23: GuardDuty looks, and what it calls high is paged."""
    if [properties.get("Enable") for _, properties in subject.of("AWS::GuardDuty::Detector")] != [True]:
        yield "P23 nobody looks for attacks"
    rules = [properties for _, properties in subject.of("AWS::Events::Rule")]
    rung = json.dumps([rule.get("Targets", []) for rule in rules if rule.get("State") == "ENABLED"])
    if "PagingPage" not in rung:
        yield "P23 an attack wakes nobody"


def costs_are_bounded(subject: Subject) -> Iterator[str]:
    """P21: somebody is told before the cell costs more than its budget."""
    assert subject.cell.aws is not None
    budgets = [properties for _, properties in subject.of("AWS::Budgets::Budget")]
    if [found["Budget"]["BudgetLimit"]["Amount"] for found in budgets] != [subject.cell.aws.monthly_budget]:
        yield "P21 the cell has no budget, or another than it is defined to have"
    if not all(found.get("NotificationsWithSubscribers") for found in budgets):
        yield "P21 nobody is told what the cell costs"


POLICIES: Final[tuple[Policy, ...]] = (
    calls_are_on_record,
    changes_are_recorded,
    attacks_wake_somebody,
    costs_are_bounded,
)

"""What is promised of a cell's objects: locked, copied, and reached as it is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from deploy.aws.policies.subject import Policy, Subject, listed, reference, statements
from deploy.definition import Command
from deploy.definition.services import Objects as Kind

BUCKET: Final = "AWS::S3::Bucket"
COPIED_WITHIN_MINUTES: Final = 15
GETTING: Final[Mapping[Kind, frozenset[str]]] = {
    "documents": frozenset({"s3:GetObject", "s3:ListBucket"}),
    "anchors": frozenset({"s3:GetObjectVersion", "s3:ListBucketVersions"}),
}
PUTTING: Final[Mapping[Kind, frozenset[str]]] = {
    "documents": frozenset({"s3:PutObject"}),
    "anchors": frozenset({"s3:PutObject", "s3:GetBucketObjectLockConfiguration"}),
}


def anchors_are_locked(subject: Subject) -> Iterator[str]:
    """P18: the anchors' bucket is locked, so that nobody can change or delete an object before its time."""
    locked = {kind: "ObjectLockConfiguration" in found for kind, found in _buckets(subject).items()}
    if locked != {"documents": False, "anchors": True}:
        yield "P18 not the anchors' bucket alone is locked"
        return
    rule = _buckets(subject)["anchors"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    if rule.get("Mode") != "COMPLIANCE":
        yield "P18 the anchors' bucket isn't locked in compliance mode"


def anchors_are_written_once(subject: Subject) -> Iterator[str]:
    """P18: nobody puts a later version of an anchor before the first one, or a marker that says it is deleted."""
    refused = [
        (frozenset(listed(statement["Action"])), statement.get("Condition"))
        for _, properties in subject.of("AWS::S3::BucketPolicy")
        if "Anchors" in reference(properties["Bucket"])
        for statement in statements(properties)
        if statement["Effect"] == "Deny" and statement["Principal"] == {"AWS": "*"}
    ]
    only_new = {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}
    if (frozenset({"s3:PutObject"}), only_new) not in refused:
        yield "P18 an anchor may be written over"
    if (frozenset({"s3:DeleteObject", "s3:DeleteObjectVersion"}), None) not in refused:
        yield "P18 an anchor may be marked as deleted"


def objects_are_copied(subject: Subject) -> Iterator[str]:
    """P32: each object stands in the backup region within fifteen minutes, under a key there, and its lock with it."""
    for kind, properties in _buckets(subject).items():
        rules = properties.get("ReplicationConfiguration", {}).get("Rules", [])
        wanted = f"arn:aws:s3:::{bucket_name(subject, kind, subject.cell.backup_region)}"
        to = [rule["Destination"] for rule in rules if rule["Status"] == "Enabled" and rule["Filter"] == {"Prefix": ""}]
        if [each["Bucket"] for each in to] != [wanted]:
            yield f"P32 {kind}: has no copy in {subject.cell.backup_region}"
            continue
        if "ReplicaKmsKeyID" not in to[0].get("EncryptionConfiguration", {}):
            yield f"P14 {kind}: its copy isn't under a key of ours"
        if to[0].get("ReplicationTime", {}).get("Time", {}).get("Minutes") != COPIED_WITHIN_MINUTES:
            yield f"P32 {kind}: may be copied at any time"


def copies_stand_ready(subject: Subject) -> Iterator[str]:
    """P32: the backup region has a bucket for each kind of objects, which keeps versions, under a key of ours."""
    found = _buckets(subject)
    for kind in sorted(set(get_args(Kind)) - set(found)):
        yield f"P32 {kind}: have no bucket in {subject.cell.backup_region}"
    for kind, properties in found.items():
        if properties.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            yield f"P32 {kind}: S3 copies nothing to where no versions are kept"


def objects_are_where_they_are_declared(subject: Subject) -> Iterator[str]:
    """P30: each task is told the buckets of its own region, those that it declares, and no others."""
    region = subject.stands_in.rpartition("/")[2]
    for name, command, properties in _tasks(subject):
        told = _told(properties, name)
        wanted = {f"FINTECH_{kind.upper()}": f"s3://{bucket_name(subject, kind, region)}" for kind in command.objects}
        if {key: told[key] for key in ("FINTECH_DOCUMENTS", "FINTECH_ANCHORS") if key in told} != wanted:
            yield f"P30 {name}: is told other buckets than it declares"


def objects_are_reached_as_declared(subject: Subject) -> Iterator[str]:
    """P19, P31: a task's role gets from and puts into what its definition declares, of its cell; it deletes nothing."""
    region = subject.stands_in.rpartition("/")[2]
    allowed: dict[str, list[Mapping[str, Any]]] = {}
    for _, properties in subject.of("AWS::IAM::Policy"):
        for role in properties.get("Roles", []):
            allowed.setdefault(reference(role), []).extend(statements(properties))
    for name, command, properties in _tasks(subject):
        wanted = {
            (action, bucket_name(subject, kind, region))
            for kind in command.objects
            for action in (
                *(GETTING[kind] if kind in command.reads else ()),
                *(PUTTING[kind] if kind in command.writes else ()),
            )
        }
        found = set(_reached(allowed.get(reference(properties["TaskRoleArn"]), []), subject.cell.name))
        for action, bucket in sorted(found - wanted):
            yield f"P19 {name}: may {action} in {bucket}, which it doesn't declare"
        for action, bucket in sorted(wanted - found):
            yield f"P19 {name}: may not {action} in {bucket}"


STORES: Final[tuple[Policy, ...]] = (anchors_are_locked, anchors_are_written_once, objects_are_copied)
BACKUPS: Final[tuple[Policy, ...]] = (anchors_are_locked, anchors_are_written_once, copies_stand_ready)
SERVICES: Final[tuple[Policy, ...]] = (objects_are_where_they_are_declared, objects_are_reached_as_declared)


def bucket_name(subject: Subject, kind: Kind, region: str) -> str:
    """What the bucket of a kind is called in a region."""
    return f"{subject.environment.name}-{subject.cell.name}-{kind}-{subject.cell.account}-{region}"


def _buckets(subject: Subject) -> dict[Kind, Mapping[str, Any]]:
    """The buckets of objects, without those of logs."""
    start = f"{subject.environment.name}-{subject.cell.name}-"
    named = {str(properties.get("BucketName", "")): properties for _, properties in subject.of(BUCKET)}
    return {
        kind: properties
        for name, properties in named.items()
        for kind in get_args(Kind)
        if name.startswith(f"{start}{kind}-")
    }


def _tasks(subject: Subject) -> Iterator[tuple[str, Command, Mapping[str, Any]]]:
    defined: dict[str, Command] = {**subject.definition.services, **subject.definition.tasks}
    start = f"{subject.environment.name}-{subject.cell.name}-"
    for _, properties in subject.of("AWS::ECS::TaskDefinition"):
        name = properties["Family"].removeprefix(start)
        yield name, defined[name], properties


def _told(properties: Mapping[str, Any], name: str) -> dict[str, Any]:
    container = next(each for each in properties["ContainerDefinitions"] if each["Name"] == name)
    return {pair["Name"]: pair["Value"] for pair in container["Environment"]}


def _reached(allowed: list[Mapping[str, Any]], cell: str) -> Iterator[tuple[str, str]]:
    """What may be done in which bucket; one that isn't narrowed to the cell's own names is told with an asterisk."""
    for statement in allowed:
        for action in listed(statement["Action"]):
            if not action.startswith("s3:"):
                continue
            for resource in listed(statement["Resource"]):
                bucket, _, names = str(resource).removeprefix("arn:aws:s3:::").partition("/")
                listing = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
                narrow = (
                    names == f"{cell}/*" or listing == f"{cell}/*" or action == "s3:GetBucketObjectLockConfiguration"
                )
                yield action, bucket if narrow else f"{bucket}/*"

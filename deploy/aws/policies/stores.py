"""What is promised of a cell's stores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from deploy.aws.policies.subject import Policy, Subject, reference
from deploy.definition.alerts import Severity

KEPT_DAYS: Final = 35
KEPT_FOR_GOOD: Final = ("AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")
# What would join two networks, and so two cells.
JOINING: Final = ("AWS::EC2::VPCPeeringConnection", "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::VPNConnection")
EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


def region_is_lawful(subject: Subject) -> Iterator[str]:
    """P30: stack and backups stand where the jurisdiction's file says."""
    law = subject.cell.jurisdiction
    if subject.stands_in != f"aws://{subject.cell.account}/{law.region}":
        yield f"P30 the stack stands in {subject.stands_in}, not in {law.region}"
    if law.backup_region == law.region:
        return
    for name, properties in _primaries(subject):
        if properties.get("AutomaticBackupReplicationRegion") != law.backup_region:
            yield f"P30 {name}: its backups aren't copied to {law.backup_region}"


def primary_fails_over(subject: Subject) -> Iterator[str]:
    """P12, P5: a primary stands in two zones; so does the cache."""
    if len(list(_primaries(subject))) != 1:
        yield "P31 the cell has not one primary"
    for name, properties in _primaries(subject):
        if properties.get("MultiAZ") is not True:
            yield f"P12 {name}: stands in one zone"
    for name, properties in subject.of("AWS::ElastiCache::ReplicationGroup"):
        if not (properties.get("MultiAZEnabled") and properties.get("AutomaticFailoverEnabled")):
            yield f"P5 {name}: doesn't fail over to another zone"


def replicas_serve(subject: Subject) -> Iterator[str]:
    """P11: there are as many replicas as the cell's size says."""
    found = [
        name for name, properties in subject.of("AWS::RDS::DBInstance") if "SourceDBInstanceIdentifier" in properties
    ]
    if len(found) != subject.cell.size.database_replicas:
        yield f"P11 there are {len(found)} replicas, not {subject.cell.size.database_replicas}"


def restorable(subject: Subject) -> Iterator[str]:
    """P13: every second of 35 days; and nothing of it goes with its stack."""
    for name, properties in _primaries(subject):
        if properties.get("BackupRetentionPeriod") != KEPT_DAYS:
            yield f"P13 {name}: backups are kept for {properties.get('BackupRetentionPeriod')} days"
    for name, properties in subject.of("AWS::RDS::DBInstance"):
        if properties.get("DeletionProtection") is not True:
            yield f"P13 {name}: may be deleted"
    for name, resource in subject.template["Resources"].items():
        if resource["Type"] in KEPT_FOR_GOOD and resource.get("DeletionPolicy") != "Retain":
            yield f"P13 {name}: goes with its stack"


def encrypted_at_rest(subject: Subject) -> Iterator[str]:
    """P14: every store is under a key of the cell's own, which changes each year."""
    caches = subject.of("AWS::ElastiCache::ReplicationGroup")
    encrypted = [(*found, "StorageEncrypted") for found in _primaries(subject)]
    for name, properties, switch in [*encrypted, *((*found, "AtRestEncryptionEnabled") for found in caches)]:
        if properties.get(switch) is not True or "KmsKeyId" not in properties:
            yield f"P14 {name}: isn't under a key of ours"
    for name, properties in subject.of("AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"):
        if "KmsKeyId" not in properties:
            yield f"P14 {name}: isn't under a key of ours"
    for name, properties in subject.of("AWS::KMS::Key"):
        if properties.get("EnableKeyRotation") is not True:
            yield f"P14 {name}: never changes"


def objects_are_encrypted(subject: Subject) -> Iterator[str]:
    """P14: buckets too; the access logs' own under Amazon's key, since who writes there knows none of ours."""
    logs = {reference(properties["LoggingConfiguration"]["DestinationBucketName"]) for properties in _logging(subject)}
    for name, properties in subject.of("AWS::S3::Bucket"):
        rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        algorithms = {rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules}
        if algorithms != ({"AES256"} if name in logs else {"aws:kms"}):
            yield f"P14 {name}: isn't under a key of ours"


def encrypted_on_the_way(subject: Subject) -> Iterator[str]:
    """P14: TLS on every connection, refused without it."""
    groups = dict(subject.of("AWS::RDS::DBParameterGroup"))
    for name, properties in subject.of("AWS::RDS::DBInstance"):
        group = groups.get(reference(properties.get("DBParameterGroupName")), {})
        if group.get("Parameters", {}).get("rds.force_ssl") != "1":
            yield f"P14 {name}: takes connections without TLS"
    for name, properties in subject.of("AWS::ElastiCache::ReplicationGroup"):
        if properties.get("TransitEncryptionMode") != "required" or "AuthToken" not in properties:
            yield f"P14 {name}: takes connections without TLS or password"


def objects_answer_over_tls(subject: Subject) -> Iterator[str]:
    """P14: no bucket answers without TLS."""
    by_tls = {
        reference(properties["Bucket"])
        for _, properties in subject.of("AWS::S3::BucketPolicy")
        if any(_refuses_plain(statement) for statement in properties["PolicyDocument"]["Statement"])
    }
    for name, _ in subject.of("AWS::S3::Bucket"):
        if name not in by_tls:
            yield f"P14 {name}: answers without TLS"


def private(subject: Subject) -> Iterator[str]:
    """P1: nobody outside reaches a store, and no store reaches out."""
    for name, properties in subject.of("AWS::RDS::DBInstance"):
        if properties.get("PubliclyAccessible") is not False:
            yield f"P1 {name}: has a public address"
    for name, properties in subject.of("AWS::S3::Bucket"):
        block = properties.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(block.values()):
            yield f"P1 {name}: may become public"


def no_group_is_open(subject: Subject) -> Iterator[str]:
    """P1: no group of the stores and services lets everybody in, or its members everywhere."""
    for name, properties in subject.of("AWS::EC2::SecurityGroup"):
        for rule in [*properties.get("SecurityGroupIngress", []), *properties.get("SecurityGroupEgress", [])]:
            if rule.get("CidrIp", rule.get("CidrIpv6")) in EVERYWHERE:
                yield f"P1 {name}: open to everywhere"
    for name, properties in subject.of("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        if properties.get("CidrIp", properties.get("CidrIpv6")) in EVERYWHERE:
            yield f"P1 {name}: open to everywhere"
    yield from _stores_that_reach_out(subject)


def secrets_have_their_place(subject: Subject) -> Iterator[str]:
    """P19: every secret that is declared, under its cell's own name, and no value in the template."""
    prefix = f"{subject.environment.name}/{subject.cell.name}"
    declared = {f"{prefix}/{secret}" for secret in subject.definition.secrets} | {f"{prefix}/database/postgres"}
    found = set()
    for name, properties in subject.of("AWS::SecretsManager::Secret"):
        found.add(properties.get("Name"))
        if "SecretString" in properties:
            yield f"P19 {name}: its value stands in the template"
    for name in sorted(declared - found):
        yield f"P19 {name}: has no place"
    for name in sorted(str(name) for name in found - declared):
        yield f"P19 {name}: nobody declares it"


def secrets_are_rotated(subject: Subject) -> Iterator[str]:
    """P19: each secret that is declared to is rotated on its schedule, and the superuser's too."""
    names = {name: properties.get("Name") for name, properties in subject.of("AWS::SecretsManager::Secret")}
    days = {
        names.get(reference(found["SecretId"]), reference(found["SecretId"])): found["RotationRules"]
        for _, found in subject.of("AWS::SecretsManager::RotationSchedule")
    }
    declared = {f"{subject.prefix}/{each.name}": each.rotate_days for each in subject.definition.secrets.values()}
    for name, wanted in declared.items():
        if wanted and not _each_days(days.get(name, {}), wanted):
            yield f"P19 {name}: isn't rotated each {wanted} days"
    hosted = [
        found for _, found in subject.of("AWS::SecretsManager::RotationSchedule") if "HostedRotationLambda" in found
    ]
    if hosted and "SecretsManager" not in str(subject.template.get("Transform")):
        yield "P19 nobody makes the function that rotates PostgreSQL's passwords"
    if len(days) != len([wanted for wanted in declared.values() if wanted]) + 1:
        yield "P19 the superuser's password isn't rotated, or something is that isn't declared to be"


def secrets_are_copied(subject: Subject) -> Iterator[str]:
    """P32: secrets stand in the backup region as well, under a key of ours."""
    for name, properties in subject.of("AWS::SecretsManager::Secret"):
        if properties.get("Name") == f"{subject.prefix}/database/postgres":
            continue
        copies = properties.get("ReplicaRegions", [])
        if [copy["Region"] for copy in copies if "KmsKeyId" in copy] != [subject.cell.backup_region]:
            yield f"P32 {name}: has no copy in {subject.cell.backup_region}"


def topics_are_encrypted(subject: Subject) -> Iterator[str]:
    """P14, P23: each severity has a topic, under a key of the cell's."""
    topics = list(subject.of("AWS::SNS::Topic"))
    if len(topics) != len(get_args(Severity)):
        yield "P23 not every severity has a topic"
    for name, properties in topics:
        if "KmsMasterKeyId" not in properties:
            yield f"P14 {name}: isn't under a key of ours"


def nothing_uses_the_default_group(subject: Subject) -> Iterator[str]:
    """P1: the network's own group, which lets its members reach each other, has none."""
    if '"DefaultSecurityGroup"' in json.dumps(subject.template["Resources"]):
        yield "P1 something is in the network's default group"


def images_are_kept(subject: Subject) -> Iterator[str]:
    """P7: images are scanned when they come, and none is replaced by another of its name."""
    for name, properties in subject.of("AWS::ECR::Repository"):
        if properties.get("ImageTagMutability") != "IMMUTABLE":
            yield f"P7 {name}: an image may be replaced"
        if properties.get("ImageScanningConfiguration", {}).get("ScanOnPush") is not True:
            yield f"P7 {name}: nobody scans what comes"


def cells_are_apart(subject: Subject) -> Iterator[str]:
    """P31: nothing leads from one cell to another."""
    for name, _ in subject.of(*JOINING):
        yield f"P31 {name}: joins this cell's network with another"
    text = json.dumps(subject.template)
    for other in subject.environment.cells.values():
        if other.name != subject.cell.name and f"{subject.environment.name}/{other.name}/" in text:
            yield f"P31 the stack names secrets of the cell {other.name}"


POLICIES: Final[tuple[Policy, ...]] = (
    region_is_lawful,
    primary_fails_over,
    replicas_serve,
    restorable,
    encrypted_at_rest,
    objects_are_encrypted,
    encrypted_on_the_way,
    objects_answer_over_tls,
    private,
    no_group_is_open,
    secrets_have_their_place,
    secrets_are_rotated,
    secrets_are_copied,
    topics_are_encrypted,
    nothing_uses_the_default_group,
    images_are_kept,
    cells_are_apart,
)


def _each_days(rules: Mapping[str, Any], wanted: int) -> bool:
    """Whether a schedule comes so often, as days or as the rate that says the same."""
    rate = str(rules.get("ScheduleExpression", ""))
    return rules.get("AutomaticallyAfterDays") == wanted or rate == f"rate({wanted} days)"


def _primaries(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, properties in subject.of("AWS::RDS::DBInstance"):
        if "SourceDBInstanceIdentifier" not in properties:
            yield name, properties


def _logging(subject: Subject) -> Iterator[Mapping[str, Any]]:
    for _, properties in subject.of("AWS::S3::Bucket"):
        if "LoggingConfiguration" in properties:
            yield properties


def _stores_that_reach_out(subject: Subject) -> Iterator[str]:
    """Subnets of stores whose table has a way out."""
    stores = {
        name
        for name, properties in subject.of("AWS::EC2::Subnet")
        if {"Key": "aws-cdk:subnet-name", "Value": "stores"} in properties.get("Tags", [])
    }
    if not stores:
        yield "P1 the stores have no subnets of their own"
    tables = {
        reference(properties["RouteTableId"]): reference(properties["SubnetId"])
        for _, properties in subject.of("AWS::EC2::SubnetRouteTableAssociation")
    }
    for name, properties in subject.of("AWS::EC2::Route"):
        if tables.get(reference(properties["RouteTableId"])) in stores:
            yield f"P1 {name}: a way out for stores"


def _refuses_plain(statement: Mapping[str, Any]) -> bool:
    plain = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return bool(statement["Effect"] == "Deny" and plain == "false" and statement["Action"] == "s3:*")

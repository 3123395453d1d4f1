"""The templates for AWS keep what is promised of stores, and each policy catches what is planted against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deploy.aws.policies import Subject, findings
from deploy.aws.policies.asked import subjects
from tests.deploy.planting import Change, Planted, found_in, of, setting, without, without_resource

pytestmark = pytest.mark.synth


@pytest.fixture(scope="module")
def stores() -> Mapping[str, Subject]:
    """The stores of every cell of every environment."""
    return subjects("stores")


def test_every_cell_is_as_promised(stores: Mapping[str, Subject]) -> None:
    assert len(stores) == 4
    assert [finding for subject in stores.values() for finding in findings("stores", subject)] == []


def force_no_tls(template: dict[str, Any]) -> None:
    next(of(template, "AWS::RDS::DBParameterGroup"))["Properties"]["Parameters"]["rds.force_ssl"] = "0"


def goes_with_its_stack(template: dict[str, Any]) -> None:
    next(of(template, "AWS::S3::Bucket"))["DeletionPolicy"] = "Delete"


def bucket_by_plain_http(template: dict[str, Any]) -> None:
    policy = next(of(template, "AWS::S3::BucketPolicy", which="Documents"))["Properties"]["PolicyDocument"]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Effect"] != "Deny"]


def way_out(template: dict[str, Any]) -> None:
    subnet = next(
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::EC2::Subnet" and "stores" in name
    )
    table = next(
        resource["Properties"]["RouteTableId"]
        for resource in of(template, "AWS::EC2::SubnetRouteTableAssociation")
        if resource["Properties"]["SubnetId"] == {"Ref": subnet}
    )
    template["Resources"]["Out"] = {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": table}}


def no_subnets_of_stores(template: dict[str, Any]) -> None:
    for subnet in of(template, "AWS::EC2::Subnet", which="stores"):
        subnet["Properties"]["Tags"] = []


def other_cells_secret(template: dict[str, Any]) -> None:
    next(of(template, "AWS::IAM::Policy"))["Properties"]["PolicyName"] = "production/au/database/crm_app"


def joined(template: dict[str, Any]) -> None:
    template["Resources"]["Peer"] = {"Type": "AWS::EC2::VPCPeeringConnection", "Properties": {}}


def second_primary(template: dict[str, Any]) -> None:
    next(of(template, "AWS::RDS::DBInstance", which="Replica"))["Properties"].pop("SourceDBInstanceIdentifier")


def rotated_rarely(template: dict[str, Any]) -> None:
    schedule = next(of(template, "AWS::SecretsManager::RotationSchedule", which="CrmOwner"))["Properties"]
    schedule["RotationRules"] = {"AutomaticallyAfterDays": 365}


def in_the_default_group(template: dict[str, Any]) -> None:
    nodes = next(of(template, CACHE))["Properties"]
    vpc = next(name for name in template["Resources"] if template["Resources"][name]["Type"] == "AWS::EC2::VPC")
    nodes["SecurityGroupIds"] = [{"Fn::GetAtt": [vpc, "DefaultSecurityGroup"]}]


DATABASE, BUCKET, CACHE = "AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::ElastiCache::ReplicationGroup"
SECRET, KEY, GROUP = "AWS::SecretsManager::Secret", "AWS::KMS::Key", "AWS::EC2::SecurityGroup"
OPEN = [{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}]


STORES: Planted = [
    (setting(DATABASE, "AutomaticBackupReplicationRegion", "us-east-1", "Primary"), "P30 ClusterPrimary"),
    (without(DATABASE, "AutomaticBackupReplicationRegion", "Primary"), "P30 ClusterPrimary"),
    (setting(DATABASE, "MultiAZ", False, "Primary"), "P12 ClusterPrimary"),
    (setting(CACHE, "MultiAZEnabled", False), "P5 CacheNodes"),
    (setting(CACHE, "AutomaticFailoverEnabled", False), "P5 CacheNodes"),
    (second_primary, "P31 the cell has not one primary"),
    (second_primary, "P11 there are 1 replicas, not 2"),
    (setting(DATABASE, "BackupRetentionPeriod", 7, "Primary"), "P13 ClusterPrimary"),
    (setting(DATABASE, "DeletionProtection", False, "Replica"), "P13 ClusterReplica"),
    (goes_with_its_stack, "P13 Objects"),
    (setting(DATABASE, "StorageEncrypted", False, "Primary"), "P14 ClusterPrimary"),
    (without(DATABASE, "KmsKeyId", "Primary"), "P14 ClusterPrimary"),
    (setting(CACHE, "AtRestEncryptionEnabled", False), "P14 CacheNodes"),
    (without(BUCKET, "BucketEncryption", "Documents"), "P14 ObjectsDocuments"),
    (without(SECRET, "KmsKeyId"), "P14 Secret"),
    (without("AWS::Logs::LogGroup", "KmsKeyId"), "P14 NetworkFlowLog"),
    (setting(KEY, "EnableKeyRotation", False), "P14 LogsKey"),
    (force_no_tls, "P14 ClusterPrimary"),
    (setting(CACHE, "TransitEncryptionMode", "preferred"), "P14 CacheNodes"),
    (without(CACHE, "AuthToken"), "P14 CacheNodes"),
    (bucket_by_plain_http, "P14 ObjectsDocuments"),
    (setting(DATABASE, "PubliclyAccessible", True, "Replica"), "P1 ClusterReplica"),
    (without(BUCKET, "PublicAccessBlockConfiguration", "Anchors"), "P1 ObjectsAnchors"),
    (setting(GROUP, "SecurityGroupIngress", OPEN, "ClusterAccess"), "P1 ClusterAccess"),
    (setting(GROUP, "SecurityGroupEgress", OPEN, "NetworkServices"), "P1 NetworkServices"),
    (setting("AWS::EC2::SecurityGroupIngress", "CidrIp", "0.0.0.0/0"), "P1 "),
    (way_out, "P1 Out"),
    (no_subnets_of_stores, "P1 the stores have no subnets"),
    (setting(SECRET, "SecretString", "s3cret"), "P19 Secret"),
    (setting(SECRET, "Name", "production/eu/database/crm_boss"), "P19 production/eu/database/crm_boss"),
    (
        setting(SECRET, "Name", "production/au/database/crm_owner", "CrmOwner"),
        "P19 production/eu/database/crm_owner",
    ),
    (without_resource("RotationCrmAppSchedule"), "P19 production/eu/database/crm_app: isn't rotated"),
    (rotated_rarely, "P19 production/eu/database/crm_owner: isn't rotated each 30 days"),
    (without_resource("RotationPostgresSchedule"), "P19 the superuser's password isn't rotated"),
    (without(SECRET, "ReplicaRegions"), "P32 Secret"),
    (without_resource("PagingTicket", "AWS::SNS::Topic"), "P23 not every severity"),
    (without("AWS::SNS::Topic", "KmsMasterKeyId"), "P14 PagingPage"),
    (lambda template: template.pop("Transform"), "P19 nobody makes the function"),
    (in_the_default_group, "P1 something is in the network's default group"),
    (setting("AWS::ECR::Repository", "ImageTagMutability", "MUTABLE"), "P7 ImagesRepository"),
    (without("AWS::ECR::Repository", "ImageScanningConfiguration"), "P7 ImagesRepository"),
    (other_cells_secret, "P31 the stack names secrets of the cell au"),
    (joined, "P31 Peer"),
]


@pytest.mark.parametrize(("planted", "finding"), STORES)
def test_what_is_planted_is_found(stores: Mapping[str, Subject], planted: Change, finding: str) -> None:
    found = found_in("stores", stores["production-eu-stores"], planted)
    assert [each for each in found if each.startswith(finding)]


def test_a_stack_elsewhere_is_found(stores: Mapping[str, Subject]) -> None:
    subject = replace(stores["production-eu-stores"], stands_in="aws://111111111111/us-east-1")
    assert findings("stores", subject) == ["P30 the stack stands in aws://111111111111/us-east-1, not in eu-central-1"]

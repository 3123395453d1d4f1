"""The copy of a cell's objects in its backup region, made by S3 within fifteen minutes (P32)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.aws.objects import KINDS, Objects

WITHIN_MINUTES: Final = 15
RULE: Final = "standby"


class Copies(Construct):
    """Every object of every bucket goes to the bucket of its kind in the other region, under the key there.

    A version keeps its id, its time and its lock. Deleting isn't copied: whoever deletes here must do it there as well.
    """

    def __init__(
        self, scope: Construct, name: str, *, of: str, objects: Objects, to: Objects, key: kms.IKey, region: str
    ) -> None:
        super().__init__(scope, name)
        role = self._role(of)
        for kind in KINDS:
            source, copy = objects.buckets[kind], f"arn:aws:s3:::{to.names[kind]}"
            for statement in _may_copy(source, copy):
                role.add_to_policy(statement)
            self._copy(source, copy, role, key)
        for actions, whose, where in (
            (["kms:Decrypt"], objects.key, cdk.Stack.of(self).region),
            (["kms:Encrypt", "kms:GenerateDataKey"], key, region),
        ):
            by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{where}.amazonaws.com"}}
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[whose.key_arn], conditions=by_s3))

    def _role(self, of: str) -> iam.Role:
        return iam.Role(
            self,
            "Role",
            description=f"{of}: copies its objects to its backup region",
            assumed_by=iam.ServicePrincipal(
                "s3.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
            ),
        )

    def _copy(self, source: s3.Bucket, copy: str, role: iam.Role, key: kms.IKey) -> None:
        bucket = source.node.default_child
        assert isinstance(bucket, s3.CfnBucket)
        within = s3.CfnBucket.ReplicationTimeValueProperty(minutes=WITHIN_MINUTES)
        rule = s3.CfnBucket.ReplicationRuleProperty(
            id=RULE,
            status="Enabled",
            priority=1,
            filter=s3.CfnBucket.ReplicationRuleFilterProperty(prefix=""),
            delete_marker_replication=s3.CfnBucket.DeleteMarkerReplicationProperty(status="Disabled"),
            source_selection_criteria=s3.CfnBucket.SourceSelectionCriteriaProperty(
                sse_kms_encrypted_objects=s3.CfnBucket.SseKmsEncryptedObjectsProperty(status="Enabled")
            ),
            destination=s3.CfnBucket.ReplicationDestinationProperty(
                bucket=copy,
                encryption_configuration=s3.CfnBucket.EncryptionConfigurationProperty(replica_kms_key_id=key.key_arn),
                replication_time=s3.CfnBucket.ReplicationTimeProperty(status="Enabled", time=within),
                metrics=s3.CfnBucket.MetricsProperty(status="Enabled", event_threshold=within),
            ),
        )
        bucket.replication_configuration = s3.CfnBucket.ReplicationConfigurationProperty(
            role=role.role_arn, rules=[rule]
        )


def _may_copy(source: s3.Bucket, copy: str) -> Iterator[iam.PolicyStatement]:
    for actions, resource in (
        (["s3:GetReplicationConfiguration", "s3:ListBucket"], source.bucket_arn),
        (
            [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
                "s3:GetObjectRetention",
                "s3:GetObjectLegalHold",
            ],
            source.arn_for_objects("*"),
        ),
        (["s3:ReplicateObject", "s3:ReplicateTags"], f"{copy}/*"),
    ):
        yield iam.PolicyStatement(actions=actions, resources=[resource])

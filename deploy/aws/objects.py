"""A cell's objects: documents that may be erased when their time is over, and anchors that nobody can."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, get_args

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deploy.definition import CellPlace
from deploy.definition.services import Objects as Kind

# The longest that any shipped jurisdiction keeps its records; an anchor holds hashes only, and no personal data.
ANCHORS_KEPT_DAYS: Final = 7 * 366
LOGS_KEPT_DAYS: Final = 7 * 366
LOCKED: Final[tuple[Kind, ...]] = ("anchors",)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def bucket_names(of: str, cell: CellPlace, region: str) -> Mapping[Kind, str]:
    """What the buckets of a cell (`production-eu`) are called in a region; on all of AWS no others are."""
    return MappingProxyType({kind: f"{of}-{kind}-{cell.account}-{region}" for kind in KINDS})


def private_bucket(scope: Construct, name: str, *, key: kms.IKey | None, **options: Any) -> s3.Bucket:
    """A bucket that answers over TLS, to nobody outside, keeps every version, and stays when its stack goes.

    Encrypted under `key`, or under S3's own where those who write there know none of ours.
    """
    return s3.Bucket(
        scope,
        name,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,
        versioned=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=cdk.RemovalPolicy.RETAIN,
        **options,
    )


def access_log_of(scope: Construct, *, kept_days: int) -> s3.Bucket:
    """The bucket into which buckets or a load balancer write who came."""
    rules = [s3.LifecycleRule(expiration=cdk.Duration.days(kept_days))]
    return private_bucket(scope, "AccessLog", key=None, lifecycle_rules=rules)


class Objects(Construct):
    """The buckets of a region. All of them are private, under a key of ours, and answer over TLS only."""

    def __init__(self, scope: Construct, name: str, *, names: Mapping[Kind, str], key: kms.IKey) -> None:
        super().__init__(scope, name)
        self.names, self.key = names, key
        self._access_log = access_log_of(self, kept_days=LOGS_KEPT_DAYS)
        self.buckets = {kind: self._bucket(kind) for kind in KINDS}
        for kind in LOCKED:
            _write_once(self.buckets[kind])

    def _bucket(self, kind: Kind) -> s3.Bucket:
        locked = kind in LOCKED
        return private_bucket(
            self,
            kind.capitalize(),
            key=self.key,
            bucket_name=self.names[kind],
            server_access_logs_bucket=self._access_log,
            server_access_logs_prefix=f"{kind}/",
            object_lock_enabled=locked or None,
            object_lock_default_retention=(
                s3.ObjectLockRetention.compliance(cdk.Duration.days(ANCHORS_KEPT_DAYS)) if locked else None
            ),
        )


def _write_once(bucket: s3.Bucket) -> None:
    """The lock keeps every version; that nobody puts a later one before it, or a marker, is said here, to everybody."""
    everybody = {"effect": iam.Effect.DENY, "principals": [iam.AnyPrincipal()]}
    objects = [bucket.arn_for_objects("*")]
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="OnlyWhatIsNotThere",
            actions=["s3:PutObject"],
            resources=objects,
            # The parts of an upload in parts carry no such header; its end does.
            conditions={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
            **everybody,
        )
    )
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="NobodyDeletes", actions=["s3:DeleteObject", "s3:DeleteObjectVersion"], resources=objects, **everybody
        )
    )

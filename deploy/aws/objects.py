"""A cell's objects: documents that may be erased when their time is over, and anchors that nobody can."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

# The longest that any shipped jurisdiction keeps its records; an anchor holds hashes only, and no personal data.
ANCHORS_KEPT_DAYS: Final = 7 * 366
LOGS_KEPT_DAYS: Final = 7 * 366


def access_log_of(scope: Construct, *, kept_days: int) -> s3.Bucket:
    """The bucket into which buckets or a load balancer write who came."""
    return s3.Bucket(
        scope,
        "AccessLog",
        # Whoever writes access logs knows no key of ours.
        encryption=s3.BucketEncryption.S3_MANAGED,
        versioned=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(kept_days))],
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )


class Objects(Construct):
    """The buckets. All of them are private, under the cell's key, and answer over TLS only."""

    def __init__(self, scope: Construct, name: str, *, key: kms.IKey) -> None:
        super().__init__(scope, name)
        access_log = access_log_of(self, kept_days=LOGS_KEPT_DAYS)
        for bucket, locked in (("Documents", False), ("Anchors", True)):
            s3.Bucket(
                self,
                bucket,
                encryption=s3.BucketEncryption.KMS,
                encryption_key=key,
                bucket_key_enabled=True,
                versioned=True,
                enforce_ssl=True,
                minimum_tls_version=1.2,
                block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
                object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
                server_access_logs_bucket=access_log,
                server_access_logs_prefix=f"{bucket.lower()}/",
                object_lock_enabled=locked or None,
                object_lock_default_retention=(
                    s3.ObjectLockRetention.compliance(cdk.Duration.days(ANCHORS_KEPT_DAYS)) if locked else None
                ),
                removal_policy=cdk.RemovalPolicy.RETAIN,
            )

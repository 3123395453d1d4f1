"""Where a cell's images lie: scanned when they come, never replaced, under a key of the cell's."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from constructs import Construct

KEPT: Final = 100


class Images(Construct):
    """The registry's repository of one cell, which its tasks alone pull from."""

    def __init__(self, scope: Construct, name: str, *, of: str, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=of,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=KEPT)],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

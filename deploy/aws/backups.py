"""What a cell keeps in its backup region: its backups and secrets under a key there, and a copy of its objects."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from deploy.aws.objects import Objects, bucket_names
from deploy.aws.told import Told


class Backups(cdk.Stack):
    """The stack of a cell's backup region, which lies in the same legal area (P30)."""

    def __init__(self, scope: Construct, name: str, *, told: Told) -> None:
        cell = told.cell
        super().__init__(
            scope,
            name,
            env=cdk.Environment(account=cell.account, region=cell.backup_region),
            cross_region_references=True,
            termination_protection=True,
        )
        self.key = kms.Key(
            self,
            "Key",
            description=f"Backups of the cell {cell.name}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.objects: Objects | None = None
        if cell.backup_region != cell.region:
            # Locked as the first ones are, since a copy keeps its lock only there.
            names = bucket_names(told.dashed, cell, cell.backup_region)
            self.objects = Objects(self, "Objects", names=names, key=self.key)

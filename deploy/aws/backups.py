"""What a cell has in its backup region: the key under which its database's backups stand there."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from deploy.definition import CellPlace


class Backups(cdk.Stack):
    """The stack of a cell's backup region, which lies in the same legal area (P30)."""

    def __init__(self, scope: Construct, name: str, *, cell: CellPlace) -> None:
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

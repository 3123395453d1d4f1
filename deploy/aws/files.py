"""A cell's folders: what the product keeps in files, in all zones, encrypted, mounted over TLS by role only."""

from __future__ import annotations

from typing import Final, get_args

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_kms as kms
from constructs import Construct

from deploy.aws.network import STORES, Network
from deploy.definition.services import Folder

PORT: Final = 2049
# The image's own user; it alone enters what an access point shows.
USER: Final = "10001"


class Files(Construct):
    """One file system, and for each folder the access point that is all a service sees of it."""

    def __init__(
        self, scope: Construct, name: str, *, network: Network, key: kms.IKey, copied_to: efs.CfnFileSystem | None
    ) -> None:
        super().__init__(scope, name)
        access = opened(self, network)
        self.system = efs.FileSystem(
            self,
            "System",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name=STORES),
            security_group=access,
            encrypted=True,
            kms_key=key,
            enable_automatic_backups=True,
            throughput_mode=efs.ThroughputMode.ELASTIC,
            allow_anonymous_access=False,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        if copied_to is not None:
            self._copy(copied_to)
        self.folders = folders_of(self, self.system)

    def _copy(self, to: efs.CfnFileSystem) -> None:
        """Keep a copy in the other region, never more than some minutes old; it is read-only until it is let go."""
        system = self.system.node.default_child
        assert isinstance(system, efs.CfnFileSystem)
        destination = efs.CfnFileSystem.ReplicationDestinationProperty(
            file_system_id=to.attr_file_system_id, region=cdk.Stack.of(to).region
        )
        system.replication_configuration = efs.CfnFileSystem.ReplicationConfigurationProperty(
            destinations=[destination]
        )


def opened(scope: Construct, network: Network) -> ec2.SecurityGroup:
    """The group of folders: services of the cell come in."""
    access = ec2.SecurityGroup(
        scope, "Access", vpc=network.vpc, description="Folders of the cell", allow_all_outbound=False
    )
    access.add_ingress_rule(network.services, ec2.Port.tcp(PORT), "services of the cell")
    network.services.add_egress_rule(access, ec2.Port.tcp(PORT), "folders of the cell")
    return access


def folders_of(scope: Construct, system: efs.IFileSystem) -> dict[str, efs.AccessPoint]:
    """Each folder's access point, by its name."""
    return {
        folder: efs.AccessPoint(
            scope,
            folder.capitalize(),
            file_system=system,
            path=f"/{folder}",
            create_acl=efs.Acl(owner_uid=USER, owner_gid=USER, permissions="700"),
            posix_user=efs.PosixUser(uid=USER, gid=USER),
        )
        for folder in get_args(Folder)
    }

"""What is done when a cell's region is lost, as a document that Systems Manager carries out in the standby region.

Who is on call starts it; P32 gives it less than fifteen minutes. The names lead to the standby by themselves as soon as
nobody serves in the lost region (deploy/aws/names.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from deploy.aws.told import Told
from deploy.definition import Definition, Service

# A promoted replica says it is available for a moment before it begins to be promoted.
PROMOTION_BEGINS: Final = "PT1M"
PROMOTED_WITHIN_SECONDS: Final = 600
READY_WITHIN_SECONDS: Final = 600


class Failover(cdk.Stack):
    """The document and the one role that may carry it out."""

    def __init__(self, scope: Construct, name: str, *, told: Told) -> None:
        where = cdk.Environment(account=told.cell.account, region=told.cell.backup_region)
        super().__init__(scope, name, env=where, termination_protection=True)
        self._cluster = told.dashed
        role = self._role()
        ssm.CfnDocument(
            self,
            "Document",
            name=f"{self._cluster}-region-lost",
            document_type="Automation",
            document_format="JSON",
            update_method="NewVersion",
            content={"assumeRole": role.role_arn, **self._content(told)},
        )

    def _content(self, told: Told) -> dict[str, Any]:
        return {
            "schemaVersion": "0.3",
            "description": f"{told.prefix}: the standby becomes the cell. The lost one must not come back by itself.",
            "mainSteps": self._steps(told.definition),
        }

    def _steps(self, definition: Definition) -> list[dict[str, Any]]:
        services = list(definition.services.values())
        return [
            *self._database(),
            *(step for service in services for step in self._run(service)),
            *(self._ready(service) for service in services),
        ]

    def _database(self) -> list[dict[str, Any]]:
        instance = f"{self._cluster}-standby"
        waiting = {"Service": "rds", "Api": "DescribeDBInstances", "DBInstanceIdentifier": instance}
        return [
            _api(
                "promoteDatabase", "rds", "PromoteReadReplica", DBInstanceIdentifier=instance, BackupRetentionPeriod=35
            ),
            {"name": "promotionBegins", "action": "aws:sleep", "inputs": {"Duration": PROMOTION_BEGINS}},
            _wait(
                "databaseIsPromoted",
                PROMOTED_WITHIN_SECONDS,
                **waiting,
                PropertySelector="$.DBInstances[0].DBInstanceStatus",
                DesiredValues=["available"],
            ),
        ]

    def _run(self, service: Service) -> Iterator[dict[str, Any]]:
        word, wanted = service.name.capitalize(), service.scaling.minimum
        if service.scaling.signal != "none":
            bounds = {"MinCapacity": wanted, "MaxCapacity": service.scaling.maximum}
            what = {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": f"service/{self._cluster}/{service.name}",
            }
            yield _api(f"scale{word}", "application-autoscaling", "RegisterScalableTarget", **what, **bounds)
        asked = {"cluster": self._cluster, "service": service.name, "desiredCount": wanted}
        yield _api(f"run{word}", "ecs", "UpdateService", **asked)

    def _ready(self, service: Service) -> dict[str, Any]:
        return _wait(
            f"{service.name}Runs",
            READY_WITHIN_SECONDS,
            Service="ecs",
            Api="DescribeServices",
            cluster=self._cluster,
            services=[service.name],
            PropertySelector="$.services[0].runningCount",
            DesiredValues=[str(number) for number in range(service.scaling.minimum, service.scaling.maximum + 1)],
        )

    def _role(self) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description=f"{self._cluster}: carries out what is done when the region is lost",
            assumed_by=iam.ServicePrincipal(
                "ssm.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
        )
        here = f"{self.region}:{self.account}"
        for actions, resources in (
            (["rds:PromoteReadReplica", "rds:DescribeDBInstances"], [f"arn:aws:rds:{here}:db:{self._cluster}-standby"]),
            (["ecs:UpdateService", "ecs:DescribeServices"], [f"arn:aws:ecs:{here}:service/{self._cluster}/*"]),
            (
                ["application-autoscaling:RegisterScalableTarget"],
                [f"arn:aws:application-autoscaling:{here}:scalable-target/*"],
            ),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        return role


def _api(name: str, service: str, api: str, /, **inputs: Any) -> dict[str, Any]:
    return {"name": name, "action": "aws:executeAwsApi", "inputs": {"Service": service, "Api": api, **inputs}}


def _wait(name: str, seconds: int, /, **inputs: Any) -> dict[str, Any]:
    return {"name": name, "action": "aws:waitForAwsResourceProperty", "timeoutSeconds": seconds, "inputs": inputs}

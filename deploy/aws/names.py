"""The cell's names: they lead to its region while somebody serves there, and else to the standby (P33)."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from deploy.aws.alarms import lost_alarm
from deploy.aws.services import Services
from deploy.aws.told import Told
from deploy.definition import AwsPlace


class Names(cdk.Stack):
    """The stack of names, in the standby region: it can be changed while the other is lost.

    Behind Cloudflare the names are those that its proxies call; the hosts themselves are Cloudflare's.
    """

    def __init__(self, scope: Construct, name: str, *, told: Told, here: Services, there: Services) -> None:
        cell, aws = told.cell, told.aws
        super().__init__(
            scope,
            name,
            env=cdk.Environment(account=cell.account, region=cell.backup_region),
            cross_region_references=True,
            termination_protection=True,
        )
        serves = route53.CfnHealthCheck(
            self,
            "Serves",
            health_check_config=route53.CfnHealthCheck.HealthCheckConfigProperty(
                type="CLOUDWATCH_METRIC",
                alarm_identifier=route53.CfnHealthCheck.AlarmIdentifierProperty(
                    name=lost_alarm(told.dashed), region=cell.region
                ),
                # A region that tells nothing is lost.
                insufficient_data_health_status="Unhealthy",
            ),
        )
        hosts = [f"origin.{cell.hosts[0]}"] if aws.front == "cloudflare" else list(cell.hosts)
        for number, host in enumerate(hosts):
            self._lead(f"First{number}", host, aws, here, failover="PRIMARY", health_check_id=serves.ref)
            self._lead(f"Second{number}", host, aws, there, failover="SECONDARY")

    def _lead(self, name: str, host: str, aws: AwsPlace, to: Services, **how: Any) -> None:
        balancer = to.door.balancer
        route53.CfnRecordSet(
            self,
            name,
            name=f"{host}.",
            type="A",
            hosted_zone_id=aws.hosted_zone,
            set_identifier=str(how["failover"]).lower(),
            alias_target=route53.CfnRecordSet.AliasTargetProperty(
                dns_name=balancer.load_balancer_dns_name,
                hosted_zone_id=balancer.load_balancer_canonical_hosted_zone_id,
                evaluate_target_health=how["failover"] == "PRIMARY",
            ),
            **how,
        )

"""Two target groups for a service that clients reach: ECS brings up the new version in one, asks it, and then switches.

It goes back by itself when the new version isn't ready, or when alarms ring while the old one is still there (P9).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_sns as sns
from constructs import Construct

from deploy.aws.door import Door
from deploy.aws.front import TEST_PORT
from deploy.definition import Service
from deploy.definition.services import READY_PATH

# A share of failed requests that no version may have, in per cent, and from how many requests on it is one.
FAILING_PERCENT: Final = 1
FROM_REQUESTS: Final = 50

MINUTE: Final = cdk.Duration.minutes(1)
QUIET_UNDER: Final = {
    "comparison_operator": cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    "treat_missing_data": cloudwatch.TreatMissingData.NOT_BREACHING,
}
HEALTHY: Final = elb.HealthCheck(
    path=READY_PATH,
    healthy_http_codes="200",
    interval=cdk.Duration.seconds(10),
    timeout=cdk.Duration.seconds(5),
    healthy_threshold_count=2,
    unhealthy_threshold_count=3,
)


class BlueGreen(Construct):
    """What ECS needs to switch one service between its two target groups."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        prefix: str,
        service: Service,
        hosts: Sequence[str],
        priority: int,
        vpc: ec2.IVpc,
        door: Door,
        asker: functions.IFunction,
        switching: iam.IRole,
        page: sns.ITopic,
    ) -> None:
        super().__init__(scope, name)
        self._page = actions.SnsAction(page)
        self._hosts = hosts
        self._door = door
        self._asker = asker
        self._switching = switching
        self._service = service
        self.groups = [self._target_group(colour, service, vpc) for colour in ("Blue", "Green")]
        self._clients = self._rule(
            "ClientsRule",
            door.clients,
            priority,
            [elb.ListenerCondition.host_headers(list(hosts)), elb.ListenerCondition.path_patterns(list(service.paths))],
        )
        self._test = self._rule(
            "TestRule", door.test, priority, [elb.ListenerCondition.http_header("X-Service", [service.name])]
        )
        self.alarms = self._alarms(prefix, service)

    def load_balancer(self, service: Service) -> ecs.CfnService.LoadBalancerProperty:
        """What the service is told of the load balancer."""
        blue, green = self.groups
        return ecs.CfnService.LoadBalancerProperty(
            container_name=service.name,
            container_port=service.port,
            target_group_arn=blue.target_group_arn,
            advanced_configuration=ecs.CfnService.AdvancedConfigurationProperty(
                alternate_target_group_arn=green.target_group_arn,
                production_listener_rule=self._clients.listener_rule_arn,
                test_listener_rule=self._test.listener_rule_arn,
                role_arn=self._switching.role_arn,
            ),
        )

    def deployment(self, bake_minutes: int) -> ecs.CfnService.DeploymentConfigurationProperty:
        """How a new version comes, and what brings the old one back."""
        hook = ecs.CfnService.DeploymentLifecycleHookProperty(
            hook_target_arn=self._asker.function_arn,
            role_arn=self._switching.role_arn,
            lifecycle_stages=["POST_TEST_TRAFFIC_SHIFT"],
            hook_details={
                "balancer": self._door.balancer.load_balancer_dns_name,
                "port": TEST_PORT,
                "host": self._hosts[0],
                "path": READY_PATH,
                "service": self._service.name,
            },
        )
        return ecs.CfnService.DeploymentConfigurationProperty(
            strategy="BLUE_GREEN",
            bake_time_in_minutes=bake_minutes,
            minimum_healthy_percent=100,
            maximum_percent=200,
            lifecycle_hooks=[hook],
            deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
            alarms=ecs.CfnService.DeploymentAlarmsProperty(
                alarm_names=[alarm.alarm_name for alarm in self.alarms], enable=True, rollback=True
            ),
        )

    def _target_group(self, colour: str, service: Service, vpc: ec2.IVpc) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            colour,
            vpc=vpc,
            port=service.port,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.IP,
            deregistration_delay=cdk.Duration.seconds(service.stop_seconds),
            health_check=HEALTHY,
        )

    def _rule(
        self, name: str, listener: elb.ApplicationListener, priority: int, conditions: list[elb.ListenerCondition]
    ) -> elb.ApplicationListenerRule:
        weights = zip(self.groups, (1, 0), strict=True)
        both = [elb.WeightedTargetGroup(target_group=group, weight=weight) for group, weight in weights]
        return elb.ApplicationListenerRule(
            self,
            name,
            listener=listener,
            priority=priority,
            conditions=conditions,
            action=elb.ListenerAction.weighted_forward(both),
        )

    def _alarms(self, prefix: str, service: Service) -> list[cloudwatch.Alarm]:
        """Of both target groups: whichever is the new one, its failures count."""
        name = f"{prefix.replace('/', '-')}-{service.name}"
        failing = f"Over {FAILING_PERCENT} % of {service.name}'s requests fail."
        not_ready = f"A process of {service.name} isn't ready."
        return [
            self._alarm("Failing", f"{name}-failing", failing, self._failing(), FAILING_PERCENT, minutes=2),
            self._alarm("NotReady", f"{name}-not-ready", not_ready, self._not_ready(), 0, minutes=3),
        ]

    def _failing(self) -> cloudwatch.MathExpression:
        code = elb.HttpCodeTarget.TARGET_5XX_COUNT
        blue, green = (group.metrics for group in self.groups)
        asked, failed = "(FILL(a0, 0) + FILL(a1, 0))", "(FILL(f0, 0) + FILL(f1, 0))"
        return cloudwatch.MathExpression(
            label="failed requests in per cent",
            expression=f"IF({asked} >= {FROM_REQUESTS}, 100 * {failed} / {asked}, 0)",
            using_metrics={
                "f0": blue.http_code_target(code, period=MINUTE),
                "f1": green.http_code_target(code, period=MINUTE),
                "a0": blue.request_count(period=MINUTE),
                "a1": green.request_count(period=MINUTE),
            },
            period=MINUTE,
        )

    def _not_ready(self) -> cloudwatch.MathExpression:
        ill = {f"u{number}": group.metrics.unhealthy_host_count() for number, group in enumerate(self.groups)}
        return cloudwatch.MathExpression(
            label="processes that aren't ready",
            expression="FILL(u0, 0) + FILL(u1, 0)",
            using_metrics=ill,
            period=MINUTE,
        )

    def _alarm(
        self, name: str, alarm_name: str, what: str, metric: cloudwatch.IMetric, threshold: float, *, minutes: int
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=alarm_name,
            alarm_description=what,
            metric=metric,
            threshold=threshold,
            evaluation_periods=minutes,
            **QUIET_UNDER,
        )
        alarm.add_alarm_action(self._page)
        alarm.add_ok_action(self._page)
        return alarm

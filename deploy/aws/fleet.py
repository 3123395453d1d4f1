"""Every service of a cell on Fargate: blue and green for those that clients reach, one after the other for the rest."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from deploy.aws.blue_green import BlueGreen
from deploy.aws.measures import NAMESPACE
from deploy.aws.network import SERVICES
from deploy.definition import Service

# How long the old version stays after the new one has taken over: so long the way back is instant.
BAKE_MINUTES: Final = 15
GRACE_SECONDS: Final = 120
SLOW_TO_SHRINK_SECONDS: Final = 300
QUICK_TO_GROW_SECONDS: Final = 60


class Fleet(Construct):
    """The services that run, scaled by their signals, in the services' subnets and without public addresses."""

    def __init__(
        self, scope: Construct, name: str, *, prefix: str, cluster: ecs.CfnCluster, vpc: ec2.IVpc, desired: int | None
    ) -> None:
        super().__init__(scope, name)
        self._prefix = prefix
        self._cluster = cluster
        self._subnets = vpc.select_subnets(subnet_group_name=SERVICES).subnet_ids
        self._desired = desired

    def run(
        self, service: Service, task: ecs.CfnTaskDefinition, groups: list[ec2.ISecurityGroup], door: BlueGreen | None
    ) -> ecs.CfnService:
        """One service, with what scales it."""
        running = ecs.CfnService(
            self,
            service.name.capitalize(),
            cluster=self._cluster.ref,
            service_name=service.name,
            task_definition=task.ref,
            desired_count=self._number(service),
            launch_type="FARGATE",
            platform_version="LATEST",
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=False,
            propagate_tags="SERVICE",
            health_check_grace_period_seconds=GRACE_SECONDS if door else None,
            network_configuration=ecs.CfnService.NetworkConfigurationProperty(
                awsvpc_configuration=ecs.CfnService.AwsVpcConfigurationProperty(
                    subnets=self._subnets,
                    security_groups=[group.security_group_id for group in groups],
                    assign_public_ip="DISABLED",
                )
            ),
            load_balancers=[door.load_balancer(service)] if door else None,
            deployment_configuration=door.deployment(BAKE_MINUTES) if door else _one_after_the_other(),
        )
        self._scale(service, running)
        return running

    def _number(self, service: Service) -> int | None:
        """How many are asked for; of those that are scaled, no deploy says it anew."""
        if self._desired is not None:
            return self._desired
        return service.scaling.minimum if service.scaling.signal == "none" else None

    def _scale(self, service: Service, running: ecs.CfnService) -> None:
        wanted = service.scaling
        if wanted.signal == "none":
            return
        target = scaling.CfnScalableTarget(
            self,
            f"{service.name.capitalize()}Size",
            min_capacity=wanted.minimum if self._desired is None else self._desired,
            max_capacity=wanted.maximum,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{self._cluster.cluster_name}/{running.service_name}",
        )
        target.node.add_dependency(running)
        scaling.CfnScalingPolicy(
            self,
            f"{service.name.capitalize()}Scaling",
            policy_name=f"{service.name}-by-{wanted.signal}",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=(
                scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=wanted.target or 0,
                    scale_in_cooldown=SLOW_TO_SHRINK_SECONDS,
                    scale_out_cooldown=QUICK_TO_GROW_SECONDS,
                    **_signal(service, self._prefix),
                )
            ),
        )


def _one_after_the_other() -> ecs.CfnService.DeploymentConfigurationProperty:
    return ecs.CfnService.DeploymentConfigurationProperty(
        strategy="ROLLING",
        minimum_healthy_percent=100,
        maximum_percent=200,
        deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
    )


def _signal(service: Service, prefix: str) -> dict[str, object]:
    tracking = scaling.CfnScalingPolicy
    if service.scaling.signal == "cpu":
        cpu = tracking.PredefinedMetricSpecificationProperty(predefined_metric_type="ECSServiceAverageCPUUtilization")
        return {"predefined_metric_specification": cpu}
    dimensions = dict(zip(("environment", "cell"), prefix.split("/"), strict=True))
    own = tracking.CustomizedMetricSpecificationProperty(
        namespace=NAMESPACE,
        metric_name=service.scaling.metric,
        # Connections are those of each process; the oldest of a queue is the same whoever looks.
        statistic="Average" if service.scaling.signal == "connections" else "Maximum",
        dimensions=[tracking.MetricDimensionProperty(name=name, value=value) for name, value in dimensions.items()],
    )
    return {"customized_metric_specification": own}

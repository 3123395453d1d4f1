"""A cell's services and tasks on Fargate, and the door that leads to them."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from deploy.aws.blue_green import BlueGreen
from deploy.aws.containers import Stands
from deploy.aws.door import Door
from deploy.aws.fleet import Fleet
from deploy.aws.network import SERVICES
from deploy.aws.objects import access_log_of
from deploy.aws.outside import Outside
from deploy.aws.standby import Standby
from deploy.aws.stores import Stores
from deploy.aws.switching import Switching
from deploy.aws.task_definitions import TaskDefinitions
from deploy.aws.tasks import Tasks
from deploy.aws.told import Told
from deploy.definition import AwsPlace, Definition, Service

LOGS_KEPT_DAYS = 366


class Services(cdk.Stack):
    """The stack of what runs. The image is told by its digest: what was tested is what starts.

    `desired` is how many of each service run instead of its minimum: none, where a standby waits.
    """

    def __init__(
        self, scope: Construct, name: str, *, told: Told, stores: Stores | Standby, desired: int | None = None
    ) -> None:
        super().__init__(
            scope, name, env=cdk.Environment(account=stores.account, region=stores.region), termination_protection=True
        )
        cell, definition = told.cell, told.definition
        self._cell, self._stores, self._prefix = cell, stores, stores.prefix
        self._vpc = stores.network.vpc
        self.cluster = self._cluster()
        self.door = self._door(told.aws)
        self._outside = Outside(self, "Outside", cell=cell, aws=told.aws, vpc=self._vpc)
        self._served = self._group_of_served(definition)
        self._switching = Switching(
            self, "Switching", prefix=self._prefix, network=stores.network, door=self.door, log_key=stores.logs_key
        )
        stands = self._stands(told)
        self._definitions = TaskDefinitions(self, "Definitions", stands=stands, stores=stores)
        self.deployments: dict[str, BlueGreen] = {}
        self.running = self._run(definition, desired)
        self.tasks = Tasks(
            self,
            "Tasks",
            told=told,
            cluster=self.cluster,
            tasks=definition.tasks,
            definitions=self._definitions,
            groups=[stores.network.services],
            subnets=self._vpc.select_subnets(subnet_group_name=SERVICES).subnet_ids,
            key=stores.logs_key,
        )

    def _run(self, definition: Definition, desired: int | None) -> dict[str, ecs.CfnService]:
        fleet = Fleet(self, "Fleet", prefix=self._prefix, cluster=self.cluster, vpc=self._vpc, desired=desired)
        running = {}
        for priority, service in enumerate(definition.services.values(), 1):
            if service.public:
                self.deployments[service.name] = self._blue_green(service, priority)
            task = self._definitions.of(service)
            running[service.name] = fleet.run(service, task, self._groups(service), self.deployments.get(service.name))
        return running

    def _cluster(self) -> ecs.CfnCluster:
        return ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=self._prefix.replace("/", "-"),
            cluster_settings=[ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enhanced")],
        )

    def _door(self, aws: AwsPlace) -> Door:
        return Door(
            self,
            "Door",
            prefix=self._prefix,
            cell=self._cell,
            aws=aws,
            vpc=self._vpc,
            log_bucket=access_log_of(self, kept_days=LOGS_KEPT_DAYS),
            log_key=self._stores.logs_key,
        )

    def _stands(self, told: Told) -> Stands:
        cluster = self._stores.cluster
        return Stands(
            environment=told.environment,
            cell=told.cell,
            definition=told.definition,
            alerts=told.alerts,
            image=self._image(),
            region=self.region,
            primary=cluster.primary.db_instance_endpoint_address,
            replica=cluster.replicas[0].db_instance_endpoint_address if cluster.replicas else "",
            valkey=self._stores.cache.nodes.attr_primary_end_point_address,
            objects=self._stores.objects.names,
        )

    def _image(self) -> str:
        repository = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self._prefix.replace('/', '-')}"
        image = cdk.CfnParameter(
            self,
            "Image",
            description="The image by its digest, from this cell's own repository",
            allowed_pattern=repository.replace(".", r"\.") + "@sha256:[0-9a-f]{64}",
        )
        return str(image.value_as_string)

    def _group_of_served(self, definition: Definition) -> ec2.SecurityGroup:
        served = ec2.SecurityGroup(
            self,
            "Served",
            vpc=self._vpc,
            description="Services that the load balancer reaches",
            allow_all_outbound=False,
        )
        for port in sorted({service.port for service in definition.services.values() if service.public}):
            served.add_ingress_rule(self.door.group, ec2.Port.tcp(port), "the load balancer")
            self.door.group.add_egress_rule(served, ec2.Port.tcp(port), "services that it reaches")
        return served

    def _groups(self, service: Service) -> list[ec2.ISecurityGroup]:
        groups: list[ec2.ISecurityGroup] = [self._stores.network.services]
        if service.outside:
            groups.append(self._outside.group)
        if service.public:
            groups.append(self._served)
        return groups

    def _blue_green(self, service: Service, priority: int) -> BlueGreen:
        return BlueGreen(
            self,
            service.name.capitalize(),
            prefix=self._prefix,
            service=service,
            hosts=self._cell.hosts,
            priority=priority,
            vpc=self._vpc,
            door=self.door,
            asker=self._switching.asker,
            switching=self._switching.role,
            page=self._stores.paging.topics["page"],
        )

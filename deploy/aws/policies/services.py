"""What is promised of what runs: how it is started, what it may touch, and how a new version comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from deploy.aws.policies.subject import Policy, Subject, listed, reference, statements, text_of
from deploy.definition import Command, Service

TASK, SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
# An environment holds names; what looks like one of these would be a credential.
CREDENTIALS: Final = ("PASSWORD", "SECRET_KEY", "API_KEY", "TOKEN", "AWS_ACCESS_KEY_ID")
LEAST_BAKE_MINUTES: Final = 5


def everything_runs_on_fargate(subject: Subject) -> Iterator[str]:
    """P3: each service and each task of the definition runs on Fargate."""
    tasks = _task_definitions(subject)
    for name in sorted({*subject.definition.services, *subject.definition.tasks} - set(tasks)):
        yield f"P3 {name}: has no task definition"
    for name, properties in tasks.items():
        if properties.get("RequiresCompatibilities") != ["FARGATE"] or properties.get("NetworkMode") != "awsvpc":
            yield f"P3 {name}: doesn't run on Fargate"
    running = {properties["ServiceName"] for _, properties in subject.of(SERVICE)}
    for name in sorted(set(subject.definition.services) - running):
        yield f"P3 {name}: doesn't run"


def commands_are_the_definitions(subject: Subject) -> Iterator[str]:
    """P3: each container runs the definition's own command, and has the definition's time to end."""
    defined: dict[str, Command] = {**subject.definition.services, **subject.definition.tasks}
    for name, properties in _task_definitions(subject).items():
        container, command = _container(properties, name), defined[name]
        if [*container.get("EntryPoint", []), *container.get("Command", [])] != _words(command, subject):
            yield f"P3 {name}: runs another command than the definition's"
        if isinstance(command, Service) and container.get("StopTimeout") != command.stop_seconds:
            yield f"P3 {name}: has another time to end than the definition's"


def everything_scales_as_defined(subject: Subject) -> Iterator[str]:
    """P3: each service with a signal is scaled by it, up to its bound."""
    sizes = {
        properties["ResourceId"].rpartition("/")[2]: (name, properties)
        for name, properties in subject.of("AWS::ApplicationAutoScaling::ScalableTarget")
    }
    for service in subject.definition.services.values():
        if service.scaling.signal == "none":
            continue
        name, bounds = sizes.get(service.name, ("", {}))
        if bounds.get("MaxCapacity") != service.scaling.maximum:
            yield f"P3 {service.name}: isn't scaled as defined"
        if _scaled_by(subject, name) != (service.scaling.metric, service.scaling.target):
            yield f"P3 {service.name}: isn't scaled by its signal"


def containers_can_do_little(subject: Subject) -> Iterator[str]:
    """P14: no container is root, has a capability or writes to its own file system."""
    for name, properties in _task_definitions(subject).items():
        for container in properties["ContainerDefinitions"]:
            whose = f"P14 {name}/{container['Name']}"
            if container.get("User") in (None, "0", "root") or container.get("Privileged") is not False:
                yield f"{whose}: is root"
            if container.get("ReadonlyRootFilesystem") is not True:
                yield f"{whose}: writes to its own file system"
            if container.get("LinuxParameters", {}).get("Capabilities", {}).get("Drop") != ["ALL"]:
                yield f"{whose}: has capabilities"


def nobody_gets_into_a_task(subject: Subject) -> Iterator[str]:
    """P1: no task has a public address, and no person gets a shell in one."""
    for name, properties in subject.of(SERVICE):
        network = properties["NetworkConfiguration"]["AwsvpcConfiguration"]
        if network.get("AssignPublicIp") != "DISABLED":
            yield f"P1 {name}: has a public address"
        if properties.get("EnableExecuteCommand") is not False:
            yield f"P1 {name}: lets people in"


def nothing_is_kept_in_a_task(subject: Subject) -> Iterator[str]:
    """P14: what a task writes to its disk goes with it, and every log stands under the cell's key."""
    for name, properties in _task_definitions(subject).items():
        for volume in properties.get("Volumes", []):
            if set(volume) != {"Name"}:
                yield f"P14 {name}: keeps files in {volume['Name']}"
    for name, properties in subject.of("AWS::Logs::LogGroup"):
        if "KmsKeyId" not in properties:
            yield f"P14 {name}: isn't under a key of ours"


def no_credential_is_told(subject: Subject) -> Iterator[str]:
    """P19: no container is given a secret; it fetches those that it may read at run time, by name."""
    for name, properties in _task_definitions(subject).items():
        for container in properties["ContainerDefinitions"]:
            if container.get("Secrets"):
                yield f"P19 {name}: is given secrets when it starts"
            for told in container.get("Environment", []):
                if any(word in told["Name"] for word in CREDENTIALS):
                    yield f"P19 {name}: is told {told['Name']}"
        told = {each["Name"]: each["Value"] for each in _container(properties, name).get("Environment", [])}
        if told.get("FINTECH_SECRETS_PREFIX") != subject.prefix:
            yield f"P19 {name}: looks for secrets elsewhere than in {subject.prefix}"


def roles_read_what_is_declared(subject: Subject) -> Iterator[str]:
    """P19, P31: a task's role reads the secrets that its definition declares, of its own cell, and no other."""
    defined: dict[str, Command] = {**subject.definition.services, **subject.definition.tasks}
    allowed = _allowed_by_role(subject)
    for name, properties in _task_definitions(subject).items():
        readable = _readable(allowed.get(reference(properties["TaskRoleArn"]), []))
        if readable != {f"{subject.prefix}/{secret}-??????" for secret in defined[name].secrets}:
            yield f"P19 {name}: reads other secrets than it declares: {', '.join(sorted(readable))}"
        starting = allowed.get(reference(properties["ExecutionRoleArn"]), [])
        if "secretsmanager" in json.dumps(starting):
            yield f"P19 {name}: who starts it reads secrets"


def roles_are_narrow(subject: Subject) -> Iterator[str]:
    """P19, P31: no role may do everything, and none may do what it does to everything without a condition."""
    for role, found in _allowed_by_role(subject).items():
        for statement in found:
            actions = listed(statement["Action"])
            if any(action == "*" or action.endswith(":*") for action in actions):
                yield f"P19 {role}: may do everything"
            # A login to the registry is for no image by itself; AWS knows no narrower one.
            to_all = "*" in listed(statement["Resource"]) and "Condition" not in statement
            if to_all and set(actions) - {"ecr:GetAuthorizationToken"}:
                yield f"P19 {role}: may do {', '.join(actions)} to everything"


def new_versions_come_blue_green(subject: Subject) -> Iterator[str]:
    """P9: what clients reach is switched from blue to green, asked first, and may be switched back at once."""
    for name, deployment, properties in _public(subject):
        if deployment.get("Strategy") != "BLUE_GREEN":
            yield f"P9 {name}: isn't switched from blue to green"
        if deployment.get("BakeTimeInMinutes", 0) < LEAST_BAKE_MINUTES:
            yield f"P9 {name}: the old version is gone too early to go back to"
        if not any(
            "POST_TEST_TRAFFIC_SHIFT" in hook["LifecycleStages"] for hook in deployment.get("LifecycleHooks", [])
        ):
            yield f"P9 {name}: nobody asks the new version first"
        yield from _has_two_targets(subject, name, properties)


def failing_versions_go_back(subject: Subject) -> Iterator[str]:
    """P9: a version that doesn't start, or that alarms ring for, gives its place back by itself."""
    alarms = {name for name, _ in subject.of("AWS::CloudWatch::Alarm")}
    for name, properties in subject.of(SERVICE):
        breaker = properties.get("DeploymentConfiguration", {}).get("DeploymentCircuitBreaker", {})
        if not (breaker.get("Enable") and breaker.get("Rollback")):
            yield f"P9 {name}: doesn't go back from a version that doesn't start"
    for name, deployment, _ in _public(subject):
        back = deployment.get("Alarms", {})
        ringing = {reference(alarm) for alarm in back.get("AlarmNames", [])}
        if not (ringing and ringing <= alarms and back.get("Enable") and back.get("Rollback")):
            yield f"P9 {name}: no alarm brings the old version back"


def migrations_run_apart(subject: Subject) -> Iterator[str]:
    """P10: no service migrates or could, and no clock does."""
    owners = {f"database/{database.owner}" for database in subject.definition.databases.values()}
    for service in subject.definition.services.values():
        if "migrate" in " ".join(service.command) or owners & set(service.secrets):
            yield f"P10 {service.name}: could migrate"
    for name, properties in subject.of("AWS::Scheduler::Schedule"):
        if "Migrate" in json.dumps(properties["Target"]["EcsParameters"]["TaskDefinitionArn"]):
            yield f"P10 {name}: migrates by the clock"


def drills_are_scheduled(subject: Subject) -> Iterator[str]:
    """P32: the drill runs each quarter, and whoever couldn't start it leaves a word."""
    schedules = [properties for _, properties in subject.of("AWS::Scheduler::Schedule")]
    drills = [found for found in schedules if "Drill" in json.dumps(found["Target"]["EcsParameters"])]
    if [found["ScheduleExpression"] for found in drills] != ["cron(0 3 ? 1,4,7,10 SUN#1 *)"]:
        yield "P32 no drill runs each quarter"
    for found in drills:
        if found.get("State", "ENABLED") != "ENABLED" or "DeadLetterConfig" not in found["Target"]:
            yield "P32 a drill that doesn't start is noticed by nobody"


def containers_are_seen(subject: Subject) -> Iterator[str]:
    """P21: the cluster shows processor, memory, disk and network of each task, and each service its own metrics."""
    for name, properties in subject.of("AWS::ECS::Cluster"):
        if {"Name": "containerInsights", "Value": "enhanced"} not in properties.get("ClusterSettings", []):
            yield f"P21 {name}: shows nothing of its tasks"
    for name, properties in _task_definitions(subject).items():
        watched = {container["Name"] for container in properties["ContainerDefinitions"]}
        if name in subject.definition.services and "watcher" not in watched:
            yield f"P21 {name}: tells nobody its metrics"


def images_are_told_by_digest(subject: Subject) -> Iterator[str]:
    """P7: what starts is what was scanned: an image by its digest, of this cell's own repository."""
    parameter = subject.template.get("Parameters", {}).get("Image", {})
    pattern = str(parameter.get("AllowedPattern", ""))
    if not pattern.endswith("@sha256:[0-9a-f]{64}") or subject.prefix.replace("/", "-") not in pattern:
        yield "P7 any image may be told"
    if "Default" in parameter:
        yield "P7 an image is told for good"
    for name, properties in _task_definitions(subject).items():
        for container in properties["ContainerDefinitions"]:
            if container["Image"] != {"Ref": "Image"}:
                yield f"P7 {name}/{container['Name']}: is another image"


POLICIES: Final[tuple[Policy, ...]] = (
    everything_runs_on_fargate,
    commands_are_the_definitions,
    everything_scales_as_defined,
    containers_can_do_little,
    nobody_gets_into_a_task,
    nothing_is_kept_in_a_task,
    no_credential_is_told,
    roles_read_what_is_declared,
    roles_are_narrow,
    new_versions_come_blue_green,
    failing_versions_go_back,
    migrations_run_apart,
    drills_are_scheduled,
    containers_are_seen,
    images_are_told_by_digest,
)


def _task_definitions(subject: Subject) -> dict[str, Mapping[str, Any]]:
    """By the name of the service or task, which each family ends in."""
    start = f"{subject.prefix.replace('/', '-')}-"
    return {properties["Family"].removeprefix(start): properties for _, properties in subject.of(TASK)}


def _container(properties: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next((each for each in properties["ContainerDefinitions"] if each["Name"] == name), {})


def _allowed_by_role(subject: Subject) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for _, properties in subject.of("AWS::IAM::Policy"):
        for role in properties.get("Roles", []):
            found.setdefault(reference(role), []).extend(
                statement for statement in statements(properties) if statement["Effect"] == "Allow"
            )
    return found


def _readable(allowed: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names in the ARNs of the secrets that may be read."""
    return {
        text_of(resource).rpartition(":secret:")[2]
        for statement in allowed
        if any(action.startswith("secretsmanager:") for action in listed(statement["Action"]))
        for resource in listed(statement["Resource"])
    }


def _words(command: Command, subject: Subject) -> list[str]:
    port = str(command.port) if isinstance(command, Service) else ""
    return command.words(address="0.0.0.0", port=port, cell=subject.cell.name)  # noqa: S104 - reached by its group only


def _scaled_by(subject: Subject, target: str) -> tuple[str | None, float | None]:
    """The metric (None: the processor) and the target by which something is scaled."""
    for _, properties in subject.of("AWS::ApplicationAutoScaling::ScalingPolicy"):
        if reference(properties["ScalingTargetId"]) == target:
            by = properties["TargetTrackingScalingPolicyConfiguration"]
            return by.get("CustomizedMetricSpecification", {}).get("MetricName"), by.get("TargetValue")
    return None, None


def _public(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """The services that clients reach: name, deployment and everything."""
    for name, properties in subject.of(SERVICE):
        if subject.definition.services[properties["ServiceName"]].public:
            yield name, properties.get("DeploymentConfiguration", {}), properties


def _has_two_targets(subject: Subject, name: str, properties: Mapping[str, Any]) -> Iterator[str]:
    rules = {rule for rule, _ in subject.of("AWS::ElasticLoadBalancingV2::ListenerRule")}
    for balanced in properties.get("LoadBalancers", []):
        advanced = balanced.get("AdvancedConfiguration", {})
        both = {reference(balanced.get("TargetGroupArn")), reference(advanced.get("AlternateTargetGroupArn"))}
        switched = {reference(advanced.get(rule)) for rule in ("ProductionListenerRule", "TestListenerRule")}
        if len(both - {""}) != 2 or len(switched) != 2 or not switched <= rules:
            yield f"P9 {name}: has no second place to bring a new version up in"

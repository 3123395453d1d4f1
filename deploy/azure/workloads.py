"""What runs in a cell's cluster: each service, twice where clients reach it, and the tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from deploy.azure.names import Names
from deploy.azure.pods import Manifest, pod
from deploy.definition import Definition, Service, Task

COLOURS: Final = ("blue", "green")
# Early on the first day of a quarter, by UTC.
QUARTERLY: Final = "0 3 1 1,4,7,10 *"
SCALED_DOWN_AFTER_SECONDS: Final = 300


def workloads(names: Names, definition: Definition) -> Iterator[Manifest]:
    """Everything that runs until it is told to end, and what is started by the calendar."""
    for service in definition.services.values():
        for colour in COLOURS if service.public else ("",):
            yield from _service(names, service, colour)
    for task in definition.tasks.values():
        if task.schedule == "quarterly":
            yield _calendar(names, task)


def doors(names: Names, definition: Definition, colour: str) -> Iterator[Manifest]:
    """The services that clients are brought to, while this colour is live: the one thing that a switch changes."""
    for service in definition.services.values():
        if service.public:
            spec = {
                "selector": {"app": service.name, "colour": colour},
                "ports": [{"name": "doors", "port": service.port, "targetPort": "doors", "protocol": "TCP"}],
            }
            yield manifest("v1", "Service", service.name, names, spec=spec)


def job(names: Names, task: Task) -> Manifest:
    """A task that is asked for; a release puts the image in."""
    return manifest("batch/v1", "Job", task.name, names, spec=_job(names, task))


def manifest(version: str, kind: str, name: str, names: Names, **more: Any) -> Manifest:
    """An object of the cell's namespace."""
    metadata = {"name": name, "namespace": names.stack, **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _service(names: Names, service: Service, colour: str) -> Iterator[Manifest]:
    labels = {"app": service.name, **({"colour": colour} if colour else {})}
    name = "-".join(labels.values())
    spec = _deployment(names, service, colour, labels)
    yield manifest("apps/v1", "Deployment", name, names, metadata={"labels": labels}, spec=spec)
    disrupted = {"maxUnavailable": 1, "selector": spec["selector"]}
    yield manifest("policy/v1", "PodDisruptionBudget", name, names, spec=disrupted)
    if service.scaling.signal != "none":
        yield _scaled(names, service, name)


def _deployment(names: Names, service: Service, colour: str, labels: dict[str, str]) -> dict[str, Any]:
    image = "-".join(("fintech", *([colour] if colour else [])))
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "revisionHistoryLimit": 5,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": pod(names, service, image, labels),
    }
    if service.scaling.signal == "none":
        # What is scaled says its own number; who applies this would undo it.
        spec["replicas"] = service.scaling.minimum
    return spec


def _scaled(names: Names, service: Service, name: str) -> Manifest:
    scaling = service.scaling
    assert scaling.target is not None
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    if scaling.signal == "cpu":
        measured = {"type": "Utilization", "averageUtilization": int(scaling.target)}
        spec = {
            "scaleTargetRef": target,
            "minReplicas": scaling.minimum,
            "maxReplicas": scaling.maximum,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": measured}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": SCALED_DOWN_AFTER_SECONDS}},
        }
        return manifest("autoscaling/v2", "HorizontalPodAutoscaler", name, names, spec=spec)
    summed = "sum" if scaling.signal == "connections" else "max"
    trigger = {
        "type": "prometheus",
        "metadata": {
            "serverAddress": names.place.metrics,
            "query": f'{summed}({scaling.metric}{{cell="{names.cell.name}"}})',
            "threshold": f"{scaling.target:g}",
        },
        "authenticationRef": {"name": "metrics"},
    }
    spec = {
        "scaleTargetRef": target,
        "minReplicaCount": scaling.minimum,
        "maxReplicaCount": scaling.maximum,
        "cooldownPeriod": SCALED_DOWN_AFTER_SECONDS,
        "triggers": [trigger],
        # Who can't be asked must not be taken for nobody there.
        "fallback": {"failureThreshold": 3, "replicas": scaling.maximum},
    }
    return manifest("keda.sh/v1alpha1", "ScaledObject", name, names, spec=spec)


def _calendar(names: Names, task: Task) -> Manifest:
    spec = {
        "schedule": QUARTERLY,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": _job(names, task)},
    }
    return manifest("batch/v1", "CronJob", task.name, names, spec=spec)


def _job(names: Names, task: Task) -> Manifest:
    template = pod(names, task, "fintech", {"app": task.name})
    template["spec"]["restartPolicy"] = "Never"
    # It is told that it failed, and not tried again unseen.
    return {"backoffLimit": 0, "template": template}

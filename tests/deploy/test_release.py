"""A release migrates before anything else, brings clients to what is ready, and goes back to what is still up."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.test import Client

from deploy.definition import CellPlace, Environment, read_environments
from deploy.release import aks, ecs
from deploy.release.__main__ import main
from deploy.release.errors import NotReleased
from deploy.release.smoke import DOORS, smoke

OLD, NEW = "registry.example.com/fintech@sha256:" + "0" * 64, "registry.example.com/fintech@sha256:" + "1" * 64


@pytest.fixture
def environment() -> Environment:
    return read_environments()["production"]


@pytest.fixture
def cell(environment: Environment) -> CellPlace:
    return environment.cells["eu"]


class FakeEcs:
    """ECS as far as a release asks it; notes what was done."""

    def __init__(self, *, exit_code: int = 0, under_way: bool = False, version: int = 7) -> None:
        self.done: list[str] = []
        self._exit_code, self._under_way, self._version = exit_code, under_way, version

    def describe_task_definition(self, *, taskDefinition: str) -> dict[str, Any]:
        containers = [{"name": "migrate", "image": OLD}]
        return {"taskDefinition": {"family": taskDefinition, "revision": 3, "containerDefinitions": containers}}

    def register_task_definition(self, **task: Any) -> dict[str, Any]:
        assert "revision" not in task
        self.done.append(f"register {task['family']} {task['containerDefinitions'][0]['image'][-3:]}")
        return {"taskDefinition": {"taskDefinitionArn": "arn:task-definition/production-eu-migrate:4"}}

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        task = f"arn:task-definition/{cluster}-{services[0]}:{self._version}"
        return {"services": [{"networkConfiguration": {"subnets": ["a"]}, "taskDefinition": task}]}

    def run_task(self, *, taskDefinition: str, **_: Any) -> dict[str, Any]:
        self.done.append(f"run {taskDefinition}")
        return {"failures": [], "tasks": [{"taskArn": "arn:task"}]}

    def get_waiter(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(wait=lambda **_: self.done.append(name))

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [{"containers": [{"exitCode": self._exit_code}]}]}

    def list_service_deployments(self, *, service: str, **_: Any) -> dict[str, Any]:
        return {"serviceDeployments": [{"serviceDeploymentArn": service}] if self._under_way else []}

    def stop_service_deployment(self, *, serviceDeploymentArn: str, stopType: str) -> None:
        self.done.append(f"{stopType} {serviceDeploymentArn}")

    def get_paginator(self, _name: str) -> SimpleNamespace:
        def pages(*, familyPrefix: str, **_: Any) -> list[dict[str, list[str]]]:
            arns = [f"arn:task-definition/{familyPrefix}:{number}" for number in (5, 6, 7)]
            # A family whose name begins alike is listed as well.
            return [{"taskDefinitionArns": [*arns, f"arn:task-definition/{familyPrefix}-other:6"]}]

        return SimpleNamespace(paginate=pages)

    def update_service(self, *, service: str, taskDefinition: str, **_: Any) -> None:
        self.done.append(f"update {service} {taskDefinition.rpartition('/')[2]}")


def test_on_ecs_the_new_images_migration_runs_to_its_end(environment: Environment, cell: CellPlace) -> None:
    client = FakeEcs()
    ecs.migrate(environment, cell, NEW, client=client)
    assert client.done == [
        "register production-eu-migrate 111",
        "run arn:task-definition/production-eu-migrate:4",
        "tasks_stopped",
    ]


def test_on_ecs_a_migration_that_fails_ends_the_release(environment: Environment, cell: CellPlace) -> None:
    with pytest.raises(NotReleased, match="production-eu: the migration failed"):
        ecs.migrate(environment, cell, NEW, client=FakeEcs(exit_code=1))


def test_on_ecs_the_way_back_ends_what_is_under_way(environment: Environment, cell: CellPlace) -> None:
    client = FakeEcs(under_way=True)
    ecs.roll_back(environment, cell, client=client)
    assert client.done[:2] == ["ROLLBACK web", "ROLLBACK api"]
    assert len(client.done) == 7


def test_on_ecs_the_way_back_starts_the_version_before(environment: Environment, cell: CellPlace) -> None:
    client = FakeEcs()
    ecs.roll_back(environment, cell, client=client)
    assert client.done[0] == "update web production-eu-web:6"
    with pytest.raises(NotReleased, match="web has no version before"):
        ecs.roll_back(environment, cell, client=FakeEcs(version=5))


class FakeKubernetes:
    """A cluster as far as kubectl is asked; notes what was applied and waited for."""

    def __init__(self, *, live: str | None = "blue", ready: bool = True, ends: str = "Complete") -> None:
        self.done: list[str] = []
        self._live, self._ready, self._ends = live, ready, ends

    def __call__(self, *words: str) -> str:
        match words:
            case ("get", "services", *_):
                colour = {"colour": self._live} if self._live else {}
                return json.dumps({"items": [{"spec": {"selector": colour}}, {"spec": {}}]})
            case ("get", "deployments", *_):
                colours = ("blue", "green") if self._live else ()
                return json.dumps({"items": [deployment(colour) for colour in colours]})
            case ("get", "job", *_):
                return json.dumps({"status": {"conditions": [{"type": self._ends, "status": "True"}]}})
            case ("rollout", "status", name, *_):
                if not self._ready:
                    raise NotReleased("not ready")
                self.done.append(f"ready {name}")
            case ("apply", "--kustomize", folder):
                self.done.append(applied(Path(folder)))
            case _:
                self.done.append(" ".join(words[:2]))
        return ""


def deployment(colour: str) -> dict[str, Any]:
    container = {"image": OLD.replace("0", "b" if colour == "blue" else "9")}
    return {"metadata": {"labels": {"colour": colour}}, "spec": {"template": {"spec": {"containers": [container]}}}}


def applied(folder: Path) -> str:
    kustomization = json.loads((folder / "kustomization.yaml").read_text())
    images = {image["name"]: image["digest"][-1] for image in kustomization["images"]}
    return f"{kustomization['resources'][0]} {images}"


@pytest.fixture
def rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    job = {"spec": {"template": {"spec": {"containers": [{"name": "migrate", "image": "fintech"}]}}}}
    (tmp_path / "production-eu" / "tasks").mkdir(parents=True)
    (tmp_path / "production-eu" / "tasks" / "migrate.json").write_text(json.dumps(job))
    monkeypatch.setattr(aks, "RENDERED", tmp_path)
    return tmp_path


def test_on_aks_the_new_images_migration_runs_to_its_end(
    environment: Environment, cell: CellPlace, rendered: Path
) -> None:
    kubectl = FakeKubernetes()
    aks.migrate(environment, cell, NEW, kubectl=kubectl)
    assert kubectl.done == ["delete job", "create --filename"]
    assert NEW in (rendered / "production-eu" / "migrate-now.json").read_text()
    with pytest.raises(NotReleased, match="the migration failed"):
        aks.migrate(environment, cell, NEW, kubectl=FakeKubernetes(ends="Failed"))


@pytest.mark.usefixtures("rendered")
def test_on_aks_clients_are_brought_to_the_other_colour_when_it_is_ready(
    environment: Environment, cell: CellPlace
) -> None:
    kubectl = FakeKubernetes(live="blue")
    aks.deploy(environment, cell, NEW, kubectl=kubectl)
    images = {"fintech": "1", "fintech-blue": "b", "fintech-green": "1"}
    assert kubectl.done == [
        f"../blue {images}",
        "ready deployment/web-green",
        "ready deployment/api-green",
        "ready deployment/ws-green",
        f"../green {images}",
    ]


@pytest.mark.usefixtures("rendered")
def test_on_aks_clients_stay_where_they_are_when_the_new_version_is_not_ready(
    environment: Environment, cell: CellPlace
) -> None:
    kubectl = FakeKubernetes(live="blue", ready=False)
    with pytest.raises(NotReleased):
        aks.deploy(environment, cell, NEW, kubectl=kubectl)
    assert [done.split()[0] for done in kubectl.done] == ["../blue"]


@pytest.mark.usefixtures("rendered")
def test_on_aks_the_way_back_is_one_change(environment: Environment, cell: CellPlace) -> None:
    kubectl = FakeKubernetes(live="green")
    aks.roll_back(environment, cell, kubectl=kubectl)
    assert kubectl.done == [f"../blue {dict.fromkeys(('fintech', 'fintech-blue'), 'b') | {'fintech-green': '9'}}"]
    with pytest.raises(NotReleased, match="there is no green version"):
        aks.roll_back(environment, cell, kubectl=FakeKubernetes(live=None))


def answering(statuses: dict[str, int], headers: dict[str, str]) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(statuses[request.url.path], headers=headers))


STRICT = {"strict-transport-security": "max-age=1"}


@pytest.mark.parametrize(
    ("transport", "finding"),
    [
        (answering(DOORS, STRICT), None),
        (answering({**DOORS, "/api/v1/openapi.json": 502}, STRICT), "openapi.json: 502, not 200"),
        (answering({**DOORS, "/metrics": 200}, STRICT), "/metrics: 200, not 404"),
        (answering(DOORS, {}), "/admin/login/: lets browsers come back without TLS"),
    ],
)
def test_what_is_wrong_at_the_doors_is_found(cell: CellPlace, transport: httpx.BaseTransport, finding: str) -> None:
    found = smoke(cell, transport=transport)
    assert [each for each in found if finding in each] if finding else found == []


@pytest.mark.parametrize("path", [path for path in DOORS if not path.startswith(("/static", "/metrics"))])
def test_the_doors_that_are_asked_are_the_products_own(eu: object, client: Client, path: str) -> None:
    assert client.get(path, headers={"Host": "eu.localhost"}).status_code == DOORS[path]


def test_a_door_that_does_not_answer_is_found(cell: CellPlace) -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert len(smoke(cell, transport=httpx.MockTransport(refused))) == len(DOORS)


@pytest.mark.parametrize("words", [[], ["deploy"], ["deploy", "nowhere"], ["destroy", "staging"]])
def test_a_step_that_there_is_not_is_refused(words: list[str]) -> None:
    assert main(words) == 2


def test_an_image_without_digest_is_never_deployed(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("FINTECH_IMAGE", "registry.example.com/fintech:latest")
    assert main(["migrate", "staging"]) == 1
    assert "by its digest" in capsys.readouterr().out

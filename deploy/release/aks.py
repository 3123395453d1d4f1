"""A cell on AKS: its manifests are those that deploy/azure has rendered, its context is named like it.

There are two of each service that clients reach, blue and green. One is live; the other gets the new image, and clients
are brought to it by one change of the services' selectors when it is ready. The way back is the same change.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from deploy.definition import CellPlace, Environment, read_services
from deploy.locked_environment import REPOSITORY
from deploy.release.errors import NotReleased

RENDERED: Final = REPOSITORY / ".local" / "azure"
COLOURS: Final = ("blue", "green")
READY_SECONDS: Final = 600
MIGRATION_SECONDS: Final = 3600
LOOK_SECONDS: Final = 5.0

# Runs kubectl with these words, and gives what it printed.
Kubectl = Callable[..., str]


def kubectl_of(name: str) -> Kubectl:
    """Kubectl for one cell: its context and its namespace are named like it."""

    def kubectl(*words: str) -> str:
        done = subprocess.run(
            ["kubectl", "--context", name, "--namespace", name, *words], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NotReleased(f"{name}: kubectl {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    return kubectl


def migrate(environment: Environment, cell: CellPlace, image: str, *, kubectl: Kubectl | None = None) -> None:
    """Run the new image's migration to its end, before any service has that image. Raises NotReleased."""
    name = f"{environment.name}-{cell.name}"
    kubectl = kubectl or kubectl_of(name)
    job = json.loads((RENDERED / name / "tasks" / "migrate.json").read_text(encoding="utf-8"))
    for container in job["spec"]["template"]["spec"]["containers"]:
        container["image"] = image
    started = RENDERED / name / "migrate-now.json"
    started.write_text(json.dumps(job))
    kubectl("delete", "job", "migrate", "--ignore-not-found", "--wait")
    kubectl("create", "--filename", str(started))
    _await_end(kubectl, name)


def deploy(environment: Environment, cell: CellPlace, image: str, *, kubectl: Kubectl | None = None) -> None:
    """Bring everything to what the manifests say, and clients to the new image when it is ready. Raises NotReleased."""
    name = f"{environment.name}-{cell.name}"
    kubectl = kubectl or kubectl_of(name)
    live, images = _live(kubectl)
    idle = _other(live)
    images = {live: images.get(live, image), idle: image}
    _apply(kubectl, name, live, images, others=image)
    for service in (service.name for service in read_services().services.values() if service.public):
        kubectl("rollout", "status", f"deployment/{service}-{idle}", f"--timeout={READY_SECONDS}s")
    _apply(kubectl, name, idle, images, others=image)


def roll_back(environment: Environment, cell: CellPlace, *, kubectl: Kubectl | None = None) -> None:
    """Bring clients back to the version that is still up. Raises NotReleased when there is none."""
    name = f"{environment.name}-{cell.name}"
    kubectl = kubectl or kubectl_of(name)
    live, images = _live(kubectl)
    back = _other(live)
    if back not in images:
        raise NotReleased(f"{name}: there is no {back} version to go back to")
    _apply(kubectl, name, back, images, others=images[back])


def _live(kubectl: Kubectl) -> tuple[str, dict[str, str]]:
    """The colour that clients are brought to, and the image of each; before the first deploy blue, and none."""
    services = json.loads(kubectl("get", "services", "--output", "json"))["items"]
    selectors: list[dict[str, str]] = [service["spec"].get("selector") or {} for service in services]
    colours = {selector["colour"] for selector in selectors if "colour" in selector}
    if len(colours) > 1:
        raise NotReleased("some services are blue and some are green; bring them to one colour by hand")
    return (colours.pop() if colours else COLOURS[0]), _images(kubectl)


def _images(kubectl: Kubectl) -> dict[str, str]:
    deployments: list[dict[str, Any]] = json.loads(kubectl("get", "deployments", "--output", "json"))["items"]
    return {
        colour: deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        for deployment in deployments
        if (colour := deployment["metadata"]["labels"].get("colour"))
    }


def _other(colour: str) -> str:
    return COLOURS[1 - COLOURS.index(colour)]


def _apply(kubectl: Kubectl, name: str, colour: str, images: dict[str, str], *, others: str) -> None:
    """Apply the manifests with the live colour and with each image where it belongs."""
    folder = RENDERED / name / "now"
    folder.mkdir(exist_ok=True)
    wanted = {"fintech": others, **{f"fintech-{each}": image for each, image in images.items()}}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../{colour}"],
        "images": [_replaced(each, image) for each, image in wanted.items()],
    }
    # JSON is YAML, too.
    Path(folder, "kustomization.yaml").write_text(json.dumps(kustomization))
    kubectl("apply", "--kustomize", str(folder))


def _replaced(name: str, image: str) -> dict[str, str]:
    repository, _, digest = image.partition("@")
    if not digest:
        raise NotReleased(f"the image {image!r} isn't named by its digest")
    return {"name": name, "newName": repository, "digest": digest}


def _await_end(kubectl: Kubectl, name: str) -> None:
    deadline = time.monotonic() + MIGRATION_SECONDS
    while time.monotonic() < deadline:
        status = json.loads(kubectl("get", "job", "migrate", "--output", "json")).get("status", {})
        states = {condition["type"] for condition in status.get("conditions", []) if condition["status"] == "True"}
        if "Complete" in states:
            return
        if "Failed" in states:
            raise NotReleased(f"{name}: the migration failed; `kubectl logs job/migrate` says why")
        time.sleep(LOOK_SECONDS)
    raise NotReleased(f"{name}: the migration hasn't ended after {MIGRATION_SECONDS} s")

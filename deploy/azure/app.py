"""Writes the templates and manifests: `python -m deploy.azure.app FOLDER`, in the environment of Azure's libraries.

No account is asked anything. For each cell there are `template.json`, the folders `blue` and `green` for Kustomize, of
which one is live, what both share in `shared`, and in `tasks` what a release starts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import kubernetes_validate

from deploy.azure.access import accounts, ingress, namespace, policies
from deploy.azure.cell import cell_template
from deploy.azure.cluster import KUBERNETES
from deploy.azure.names import Names
from deploy.azure.pods import Manifest
from deploy.azure.workloads import COLOURS, doors, job, workloads
from deploy.definition import Definition, read_environments, read_services
from deploy.definition.environments import FOLDER

# Of extensions of Kubernetes, whose schemas it doesn't bring.
EXTENSIONS: Final = ("keda.sh/", "secrets-store.csi.x-k8s.io/", "approuting.kubernetes.azure.com/")


def main() -> None:
    """Write everything of every cell that stands on Azure."""
    output = Path(sys.argv[1])
    definition = read_services()
    for environments in (read_environments(), read_environments(FOLDER / "azure")):
        for environment in environments.values():
            for cell in environment.cells.values():
                if cell.cloud == "azure":
                    _write_cell(output, Names.of(environment, cell), definition)


def _shared(names: Names, definition: Definition) -> list[Manifest]:
    """What is the same whichever colour is live."""
    return [
        namespace(names),
        *accounts(names, definition),
        *policies(names, definition),
        *workloads(names, definition),
        *ingress(names, definition),
    ]


def _write_cell(output: Path, names: Names, definition: Definition) -> None:
    folder = output / names.stack
    _write(folder / "template.json", cell_template(names, definition))
    _write_kustomization(folder / "shared", _shared(names, definition), ())
    for colour in COLOURS:
        _write_kustomization(folder / colour, list(doors(names, definition, colour)), ("../shared",))
    for task in definition.tasks.values():
        if task.schedule == "on demand":
            _write(folder / "tasks" / f"{task.name}.json", _checked(job(names, task)))


def _write_kustomization(folder: Path, manifests: list[Manifest], others: Iterable[str]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [_checked(manifest) for manifest in manifests]}
    _write(folder / "manifests.json", listed)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [*others, "manifests.json"],
    }
    # JSON is YAML, too.
    _write(folder / "kustomization.yaml", kustomization)


def _checked(manifest: Manifest) -> Manifest:
    """The manifest, once Kubernetes' own schema knows each of its members."""
    if not manifest["apiVersion"].startswith(EXTENSIONS):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    return manifest


def _write(path: Path, content: Manifest) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

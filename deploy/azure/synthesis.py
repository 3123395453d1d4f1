"""Synthesises templates and manifests and gives them back: `python -m deploy.azure.synthesis` writes `.local/azure`.

Needs no account and no network, once the environment of Azure's libraries is set up.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.locked_environment import REPOSITORY, locked_python

OUTPUT: Final = REPOSITORY / ".local" / "azure"
REQUIREMENTS: Final = Path(__file__).parent / "requirements.txt"

Manifests = list[dict[str, Any]]


class NotSynthesised(RuntimeError):
    """They couldn't be made; the message says why."""


@dataclass(frozen=True)
class Rendered:
    """A cell as rendered: its template, what both colours share, the doors of each, and the tasks."""

    template: dict[str, Any]
    shared: Manifests
    doors: Mapping[str, Manifests]
    tasks: Mapping[str, dict[str, Any]]


def synthesise(output: Path = OUTPUT) -> Mapping[str, Rendered]:
    """Every cell by its name (`production-eu`). Raises NotSynthesised."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    done = subprocess.run(
        [str(locked_python(".venv-azure", REQUIREMENTS)), "-m", "deploy.azure.app", str(output)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotSynthesised(f"Azure's templates couldn't be made:\n{(done.stdout + done.stderr)[-4000:]}")
    return {folder.name: _read(folder) for folder in sorted(output.iterdir())}


def _read(folder: Path) -> Rendered:
    def listed(name: str) -> Manifests:
        items: Manifests = json.loads((folder / name / "manifests.json").read_text(encoding="utf-8"))["items"]
        return items

    return Rendered(
        template=json.loads((folder / "template.json").read_text(encoding="utf-8")),
        shared=listed("shared"),
        doors={colour: listed(colour) for colour in ("blue", "green")},
        tasks={path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "tasks").glob("*.json")},
    )


def main() -> int:
    """Write them, and count what is in them."""
    try:
        cells = synthesise()
    except NotSynthesised as why:
        print(why)
        return 1
    for name, cell in cells.items():
        print(f"{name}: {len(cell.template['resources'])} resources, {len(cell.shared)} manifests")
    return 0


if __name__ == "__main__":
    sys.exit(main())

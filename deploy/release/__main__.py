"""One step of a release, for every cell of an environment: `python -m deploy.release STEP ENVIRONMENT`.

The steps are `migrate`, `deploy`, `smoke` and `roll-back`. FINTECH_IMAGE names the image by its digest. In GitLab each
step has an identity of its own in each cell (deploy/release/identity.py); each cell is asked for in its own region.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from deploy.definition import CellPlace, Environment, read_environments
from deploy.locked_node import NotInstalled, installed
from deploy.release import aks, ecs
from deploy.release.errors import NotReleased
from deploy.release.identity import taken
from deploy.release.smoke import smoke

STEPS: Final = ("migrate", "deploy", "smoke", "roll-back")


def release(step: str, environment: Environment, image: str) -> None:
    """Take the step in each cell. Raises NotReleased at the first that fails: the others stay as they are."""
    for cell in environment.cells.values():
        print(f"{environment.name}-{cell.name} on {cell.cloud}: {step}", flush=True)
        _step(step, environment, cell, image)


def _step(step: str, environment: Environment, cell: CellPlace, image: str) -> None:
    if step == "smoke":
        if found := smoke(cell):
            raise NotReleased("\n".join(found))
        return
    if step != "roll-back" and "@sha256:" not in image:
        raise NotReleased("FINTECH_IMAGE doesn't name an image by its digest")
    if step == "roll-back":
        with taken(environment, cell, "roll-back"):
            (ecs.roll_back if cell.cloud == "aws" else aks.roll_back)(environment, cell)
    elif step == "migrate":
        with taken(environment, cell, "migrate"):
            (ecs.migrate if cell.cloud == "aws" else aks.migrate)(environment, cell, image)
    else:
        with taken(environment, cell, "deploy"):
            (ecs.deploy if cell.cloud == "aws" else aks.deploy)(environment, cell, image)


def main(words: Sequence[str]) -> int:
    """Take one step; 1 when it failed, 2 when it can't be understood."""
    environments = read_environments()
    if len(words) != 2 or words[0] not in STEPS or words[1] not in environments:
        print(f"usage: python -m deploy.release {{{'|'.join(STEPS)}}} {{{'|'.join(environments)}}}")
        return 2
    try:
        if words[0] == "deploy":
            installed()
        release(words[0], environments[words[1]], os.environ.get("FINTECH_IMAGE", ""))
    except (NotReleased, NotInstalled) as why:
        print(why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

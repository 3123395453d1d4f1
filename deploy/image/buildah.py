"""Buildah, which builds images without a daemon: one process in a chroot, and plain folders for layers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from deploy.locked_environment import REPOSITORY

# Neither overlays nor a runtime of containers, which a machine of a pipeline may not allow.
STORAGE: Final = ("--storage-driver", "vfs")


class NotBuilt(RuntimeError):
    """The image couldn't be built; the message says why, or what to install."""


def buildah(*arguments: str, shown: bool = False) -> str:
    """Run it, and give what it printed; with `shown` it prints to the terminal instead. Raises NotBuilt."""
    if shutil.which("buildah") is None:
        raise NotBuilt("buildah isn't on the path; it is Debian's package buildah")
    done = subprocess.run(
        ["buildah", *STORAGE, *arguments],
        cwd=REPOSITORY,
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotBuilt(f"buildah {arguments[0]} failed ({done.returncode}): {(done.stderr or '')[-2000:]}".rstrip(": "))
    return (done.stdout or "").strip()


def exists(image: str) -> bool:
    """Whether there is an image of this name here."""
    return bool(buildah("images", "--quiet", "--filter", f"reference={image}"))


def fetched(image: str) -> bool:
    """Whether the image is here, or could be fetched."""
    try:
        buildah("pull", "--quiet", "--policy", "missing", image)
    except NotBuilt:
        return False
    return True


def configuration(image: str) -> Mapping[str, Any]:
    """What the image says of its own processes: environment, user, folder, health check."""
    docker: Mapping[str, Any] = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    return docker

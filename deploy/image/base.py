"""The base to build on: the one that the Dockerfile pins by its digest, or where that can't be had, one made here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from deploy.image.buildah import NotBuilt, buildah, exists, fetched
from deploy.locked_environment import REPOSITORY

DOCKERFILE: Final = REPOSITORY / "Dockerfile"
RELEASE: Final = "bookworm"
MADE_HERE: Final = f"localhost/fintech-base:{RELEASE}"
PACKAGES: Final = ("python3", "python3-venv", "ca-certificates", "netbase", "tzdata")

_PINNED: Final = re.compile(r"^ARG BASE=(\S+@sha256:[0-9a-f]{64})$", re.MULTILINE)


def pinned_base(dockerfile: str) -> str:
    """The base that a Dockerfile names. Raises NotBuilt for one without a digest: it would change unseen."""
    found = _PINNED.search(dockerfile)
    if found is None:
        raise NotBuilt("the Dockerfile's ARG BASE names no image by its digest")
    return found[1]


def base() -> str:
    """The name of a base that is here now. Raises NotBuilt."""
    pinned = pinned_base(DOCKERFILE.read_text(encoding="utf-8"))
    if fetched(pinned):
        return pinned
    print(f"the pinned base can't be fetched here; Debian {RELEASE} with its own Python stands in for it", flush=True)
    if not exists(MADE_HERE):
        _make()
    return MADE_HERE


def _make() -> None:
    if shutil.which("debootstrap") is None:
        raise NotBuilt("debootstrap isn't on the path; it is Debian's package debootstrap")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = Path(folder) / "root"
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", RELEASE, str(root)],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NotBuilt(f"debootstrap failed:\n{made.stdout[-2000:]}")
        for downloaded in (root / "var/cache/apt/archives").glob("*.deb"):
            downloaded.unlink()
        container = buildah("from", "scratch")
        try:
            buildah("add", "--quiet", container, str(root), "/")
            buildah("config", "--env", "LANG=C.UTF-8", container)
            buildah("commit", "--quiet", container, MADE_HERE)
        finally:
            buildah("rm", container)

"""Builds the image, looks it through and lists what is in it: `python -m deploy.image.build`.

What comes out stands in `.local/image`: `image.json` (name, root and configuration, for deploy/image/container.py) and
`sbom.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from deploy.image.base import base
from deploy.image.bill_of_materials import with_system
from deploy.image.buildah import NotBuilt, buildah, configuration
from deploy.image.looked_through import findings
from deploy.locked_environment import REPOSITORY

OUTPUT: Final = REPOSITORY / ".local" / "image"
NAME: Final = "localhost/fintech"
# A container that isn't started: its root stays unpacked until the next build.
KEPT: Final = "fintech-image"
LISTED: Final = Path("srv/sbom.json")


def build() -> list[str]:
    """Build it and write what is known of it; gives what is wrong with it. Raises NotBuilt."""
    version = _version()
    image = f"{NAME}:{version}"
    on = base()
    _drop_earlier()
    _build(on, image)
    described = configuration(image)
    buildah("from", "--pull-never", "--name", KEPT, image)
    root = Path(buildah("mount", KEPT))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "image.json").write_text(json.dumps({"name": image, "root": str(root), "configuration": described}))
    listed = json.loads((root / LISTED).read_text(encoding="utf-8"))
    bill = with_system(listed, root, name=NAME, version=version)
    (OUTPUT / "sbom.json").write_text(json.dumps(bill, indent=1))
    print(f"{image} on {on}: {len(bill['components'])} components in {OUTPUT.relative_to(REPOSITORY)}/sbom.json")
    return findings(root, described)


def _build(on: str, image: str) -> None:
    # Without a layer for each step: with plain folders for layers each would be a copy of the whole.
    buildah(
        "build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--network", "host", "--quiet",
        *_own_authorities(), "--build-arg", f"BASE={on}", "--tag", image, ".",
        shown=True,
    )  # fmt: skip


def _own_authorities() -> tuple[str, ...]:
    """Whoever builds behind a proxy trusts its certificate authority while building; the image doesn't."""
    trusted = os.environ.get("SSL_CERT_FILE")
    return ("--volume", f"{trusted}:/etc/ssl/certs/ca-certificates.crt:ro") if trusted else ()


def _drop_earlier() -> None:
    """What an earlier build has left: hundreds of megabytes each."""
    if KEPT in buildah("containers", "--format", "{{.ContainerName}}").split():
        buildah("rm", KEPT)
    for image in buildah("images", "--quiet", "--filter", f"reference={NAME}").split():
        buildah("rmi", "--force", image)


def _version() -> str:
    """The commit that the image is built of; with what isn't committed it isn't that commit's."""
    described = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=-changed"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return described.stdout.strip()


def main() -> int:
    """Build; 1 when it can't be built or something is wrong with it."""
    begun = time.monotonic()
    try:
        found = build()
    except NotBuilt as why:
        print(why)
        return 1
    print("\n".join(found) or f"nothing is wrong with it; built after {time.monotonic() - begun:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

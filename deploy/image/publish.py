"""Gives the built image its name in the registry, as the pipeline does: `python -m deploy.image.publish`.

CI_REGISTRY_IMAGE names the repository there; who may write to it stands in CI_REGISTRY_USER and CI_REGISTRY_PASSWORD.
What comes out stands in `.local/image`: `published.env` (FINTECH_IMAGE, by its digest) and `image.tar`, to be scanned.
"""

from __future__ import annotations

import json
import os
import sys

from deploy.image.build import OUTPUT
from deploy.image.buildah import NotBuilt, buildah


def publish() -> str:
    """Push it; gives its name by digest, which says what it is and not only what it was called. Raises NotBuilt."""
    image = json.loads((OUTPUT / "image.json").read_text(encoding="utf-8"))["name"]
    version = image.rpartition(":")[2]
    if version.endswith("-changed"):
        raise NotBuilt(f"{image} holds what isn't committed; commit it and build again")
    repository = os.environ["CI_REGISTRY_IMAGE"]
    signed_in = f"{os.environ['CI_REGISTRY_USER']}:{os.environ['CI_REGISTRY_PASSWORD']}"
    (OUTPUT / "image.tar").unlink(missing_ok=True)
    buildah("push", "--quiet", image, f"docker-archive:{OUTPUT / 'image.tar'}:{repository}:{version}")
    digest, place = OUTPUT / "digest", f"docker://{repository}:{version}"
    buildah("push", "--quiet", "--creds", signed_in, "--digestfile", str(digest), image, place)
    published = f"{repository}@{digest.read_text(encoding='ascii').strip()}"
    (OUTPUT / "published.env").write_text(f"FINTECH_IMAGE={published}\n", encoding="ascii")
    return published


def main() -> int:
    """Publish; 1 when it can't be."""
    try:
        print(publish())
    except (NotBuilt, KeyError) as why:
        print(f"not published: {why}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

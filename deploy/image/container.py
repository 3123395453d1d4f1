"""Runs a command of the built image as an orchestrator would: `python -m deploy.image.container COMMAND …`.

As the image's own user without any right of root's, on the image's root, read-only, with a /tmp of its own. It takes
the place of this process, so whoever started it signals the command itself. Needs root and Linux; processes and network
are this machine's, since the engines that it is tried with stand there.

The local stack's folder is seen as /run/stack: its certificate authority, and of its secrets a copy that only the
image's user reads; documents and anchors can be written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from deploy.image.build import OUTPUT

SCRIPT: Final = Path(__file__).with_name("container.sh")
STACK: Final = "/run/stack"
# What the local stack tells its services; everything else of this machine's environment stays outside.
PASSED: Final = ("FINTECH_", "DJANGO_SETTINGS_MODULE")
WRITTEN: Final = ("storage", "anchors")


def command_line(words: list[str], described: Mapping[str, Any], stack: str) -> list[str]:
    """What starts the words in the image."""
    configuration = described["configuration"]
    user, _, group = configuration["User"].partition(":")
    return [
        "unshare", "--mount", "--propagation", "private", "--",
        "/bin/sh", str(SCRIPT), described["root"], configuration["WorkingDir"], user, group or user, stack, *words,
    ]  # fmt: skip


def environment_of(described: Mapping[str, Any], outside: Mapping[str, str]) -> dict[str, str]:
    """The image's own environment, and what the local stack tells a service."""
    own = dict(entry.split("=", 1) for entry in described["configuration"]["Env"])
    passed = {name: value for name, value in outside.items() if name.startswith(PASSED)}
    return {**own, **passed, "FINTECH_LOCAL_ROOT": STACK}


def main() -> None:
    """Become the command."""
    described = json.loads((OUTPUT / "image.json").read_text(encoding="utf-8"))
    stack = Path(os.environ["FINTECH_LOCAL_ROOT"])
    user = int(described["configuration"]["User"].partition(":")[0])
    for name in WRITTEN:
        (stack / name).mkdir(exist_ok=True)
        os.chown(stack / name, user, user)
    words = command_line(sys.argv[1:], described, str(stack))
    os.execvpe(words[0], words, environment_of(described, os.environ))  # noqa: S606  (no shell between)


if __name__ == "__main__":
    main()

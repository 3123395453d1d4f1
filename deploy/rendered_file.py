"""A file that is rendered and kept in the repository: written with `--write`, else compared with what it should be."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.locked_environment import REPOSITORY


def write_or_compare(files: Mapping[Path, str], *, command: str) -> int:
    """Write them when `--write` is asked for; 1 when one isn't as rendered, with the command that makes it so."""
    if "--write" in sys.argv[1:]:
        for path, text in files.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    found = outdated(files)
    for path in found:
        print(f"{path.relative_to(REPOSITORY)}: isn't as rendered; `{command} --write` makes it so")
    return 1 if found else 0


def outdated(files: Mapping[Path, str]) -> list[Path]:
    """The files that aren't there or hold something else."""
    return [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]

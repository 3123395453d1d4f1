"""What stands in each template, resource by resource: `python -m deploy.aws.snapshots [--write]`.

A line for each resource: its type, its name, and a digest of everything in it. So a change of the definition or of the
CDK shows, in the commit that makes it, which resources of which stack become others.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from deploy.aws.synthesis import NotSynthesised, Template, synthesise

FOLDER: Final = Path(__file__).parent / "kept"
WRITE: Final = "render them with `python -m deploy.aws.snapshots --write` and look at the difference"


def snapshot(template: Template) -> str:
    """The lines of one template, by type and name; parameters and outputs are lines too."""
    lines = [
        f"{part[:-1]} {name} {_digest(found)}"
        for part in ("Parameters", "Outputs")
        for name, found in _of(template, part)
    ]
    lines += [f"{found['Type']} {name} {_digest(found)}" for name, found in _of(template, "Resources")]
    return "\n".join(sorted(lines)) + "\n"


def outdated(templates: Mapping[str, Template], folder: Path = FOLDER) -> list[str]:
    """What differs between the templates and what is kept of them."""
    kept = {path.stem: path.read_text(encoding="ascii") for path in folder.glob("*.txt")}
    found = [
        f"{stack}: {change}"
        for stack, template in templates.items()
        for change in _changes(kept.get(stack, ""), snapshot(template))
    ]
    return found + [f"{stack}: is no stack any more" for stack in sorted(set(kept) - set(templates))]


def write(templates: Mapping[str, Template], folder: Path = FOLDER) -> None:
    """Keep what stands in the templates now, and nothing else."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.txt"):
        path.unlink()
    for stack, template in templates.items():
        (folder / f"{stack}.txt").write_text(snapshot(template), encoding="ascii")


def _of(template: Template, part: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield from template.get(part, {}).items()


def _digest(found: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:12]


def _changes(before: str, now: str) -> Iterator[str]:
    """Resources that came, went or became others."""
    old = dict(line.rsplit(" ", 1) for line in before.splitlines())
    new = dict(line.rsplit(" ", 1) for line in now.splitlines())
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{name} is gone"
        elif name not in old:
            yield f"{name} is new"
        elif old[name] != new[name]:
            yield f"{name} is another"


def main() -> int:
    """Write or compare; 1 when a template isn't as it is kept."""
    try:
        templates = synthesise()
    except NotSynthesised as why:
        print(why)
        return 1
    if "--write" in sys.argv[1:]:
        write(templates)
    found = outdated(templates)
    print("\n".join([*found, WRITE] if found else [f"{len(templates)} templates: as kept"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

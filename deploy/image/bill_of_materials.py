"""The bill of materials (CycloneDX): Python's packages as the image's own stage lists them, and those of its system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

STATUS: Final = "var/lib/dpkg/status"

Components = list[dict[str, Any]]


def with_system(bill: dict[str, Any], root: Path, *, name: str, version: str) -> dict[str, Any]:
    """The bill of an image called `name` with the system's packages beside Python's."""
    return {
        **bill,
        "metadata": {
            **bill.get("metadata", {}),
            "component": {"type": "container", "bom-ref": name, "name": name, "version": version},
        },
        "components": [*bill.get("components", []), *system_packages(root)],
    }


def system_packages(root: Path) -> Components:
    """Debian's packages in an image's root, as components; those that are removed but still known are left out."""
    return [
        {
            "type": "library",
            "bom-ref": f"deb:{package['Package']}:{package['Architecture']}",
            "name": package["Package"],
            "version": package["Version"],
            "purl": f"pkg:deb/debian/{quote(package['Package'])}@{quote(package['Version'])}"
            f"?arch={package['Architecture']}",
        }
        for package in _paragraphs((root / STATUS).read_text(encoding="utf-8"))
        if package.get("Status") == "install ok installed"
    ]


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    for paragraph in text.split("\n\n"):
        lines = (line.partition(": ") for line in paragraph.splitlines() if line and not line[0].isspace())
        if fields := {name: value for name, _, value in lines}:
            yield fields

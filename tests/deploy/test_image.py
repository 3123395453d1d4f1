"""What must not be in an image is found where it is planted, and the Dockerfile's base can't change unseen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.image.base import DOCKERFILE, pinned_base
from deploy.image.bill_of_materials import with_system
from deploy.image.buildah import NotBuilt
from deploy.image.container import command_line, environment_of
from deploy.image.looked_through import findings

CONFIGURATION: dict[str, Any] = {
    "User": "10001:10001",
    "WorkingDir": "/srv/app",
    "Env": ["PATH=/srv/venv/bin:/bin", "DJANGO_SETTINGS_MODULE=production"],
    "Healthcheck": {"Test": ["CMD", "python"]},
}
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Description: a library
 of many lines

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""


def written(root: Path, name: str, text: str = "", mode: int = 0o644) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of an image with nothing wrong."""
    written(tmp_path, "srv/app/manage.py")
    written(tmp_path, "srv/app/__pycache__/manage.cpython-311.pyc")
    written(tmp_path, "srv/static/admin/css/base.css")
    written(tmp_path, "usr/bin/python3", mode=0o755)
    written(tmp_path, "var/lib/dpkg/status", STATUS)
    return tmp_path


def test_nothing_is_found_where_nothing_is_wrong(root: Path) -> None:
    assert findings(root, CONFIGURATION) == []


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (lambda root: written(root, "usr/bin/gcc"), "/usr/bin/gcc: a tool"),
        (lambda root: written(root, "srv/venv/bin/pip"), "/srv/venv/bin/pip: a tool"),
        (lambda root: written(root, "usr/lib/python3.11/ensurepip/x.py"), "/usr/lib/python3.11/ensurepip: an inst"),
        (
            lambda root: written(root, "usr/local/lib/python3.11/site-packages/pip/x.py"),
            "/usr/local/lib/python3.11/site-packages/pip: an installer",
        ),
        (lambda root: written(root, "usr/bin/su", mode=0o4755), "/usr/bin/su: gives rights"),
        (lambda root: written(root, "srv/app/crm.pyc", mode=0o666), "/srv/app/crm.pyc: can be changed"),
        (lambda root: written(root, "srv/app/crm/new.py"), "/srv/app/crm/new.py: isn't compiled"),
        (lambda root: written(root, "srv/app/crm/tests/x.txt"), "/srv/app/crm/tests: isn't part"),
        (lambda root: (root / "srv/app/manage.py").unlink(), "/srv/app holds no manage.py"),
        (lambda root: (root / "srv/static/admin/css/base.css").unlink(), "/srv/static holds no static files"),
    ],
)
def test_what_is_planted_is_found(root: Path, plant: Callable[[Path], object], finding: str) -> None:
    plant(root)
    assert [found for found in findings(root, CONFIGURATION) if found.startswith(finding)]


@pytest.mark.parametrize("user", ["", "0", "0:0", "fintech"])
def test_an_image_that_runs_as_root_or_by_a_name_is_found(root: Path, user: str) -> None:
    assert findings(root, {**CONFIGURATION, "User": user}) == [
        f"it runs as user {user.partition(':')[0] or 'root'!r}; name an unprivileged one by its number"
    ]


def test_an_image_without_health_check_is_found(root: Path) -> None:
    assert findings(root, {**CONFIGURATION, "Healthcheck": None}) == ["it has no health check"]


def test_the_base_is_pinned_by_its_digest() -> None:
    assert "@sha256:" in pinned_base(DOCKERFILE.read_text())
    with pytest.raises(NotBuilt, match="by its digest"):
        pinned_base("ARG BASE=docker.io/library/python:3.11-slim-bookworm\n")


def test_every_stage_is_built_on_the_pinned_base() -> None:
    stages = [line.split()[1] for line in DOCKERFILE.read_text().splitlines() if line.startswith("FROM ")]
    assert stages == ["${BASE}", "${BASE}"]


def test_the_bill_of_materials_lists_the_systems_packages_too(root: Path) -> None:
    bill = with_system({"components": [{"name": "django"}]}, root, name="fintech", version="abc")
    assert [component["name"] for component in bill["components"]] == ["django", "libc6"]
    assert bill["components"][1]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64"
    assert bill["metadata"]["component"]["version"] == "abc"


def test_a_command_is_started_in_the_image_with_no_more_than_a_service_is_told() -> None:
    described = {"root": "/image", "configuration": CONFIGURATION}
    words = command_line(["python", "manage.py"], described, "/stack")
    assert words[-7:] == ["/image", "/srv/app", "10001", "10001", "/stack", "python", "manage.py"]
    outside = {"HOME": "/root", "PATH": "/usr/bin", "FINTECH_CELLS": "eu", "FINTECH_LOCAL_ROOT": "/stack"}
    assert environment_of(described, outside) == {
        "PATH": "/srv/venv/bin:/bin",
        "DJANGO_SETTINGS_MODULE": "production",
        "FINTECH_CELLS": "eu",
        "FINTECH_LOCAL_ROOT": "/run/stack",
    }

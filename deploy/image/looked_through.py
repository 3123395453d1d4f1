"""What an image must not be or hold, asked of its root and of its configuration: each finding says what to change."""

from __future__ import annotations

import datetime
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deploy.image import authorities

APPLICATION: Final = "srv/app"
STATIC: Final = "srv/static"
# Where settings on AWS and on Azure look for the authorities of their databases.
RDS: Final = "srv/certificates/rds.pem"
PUBLIC: Final = "etc/ssl/certs/ca-certificates.crt"
# Who has got into a container shall find nothing to build or to fetch with.
TOOLS: Final = frozenset(
    {"gcc", "g++", "cc", "c++", "clang", "make", "ld", "as", "cargo", "rustc", "go", "git", "node", "npm"}
    | {"pip", "pip3", "uv", "uvx", "poetry", "pipx", "easy_install", "curl", "wget", "buildah"}
)
INSTALLERS: Final = frozenset({"pip", "setuptools", "wheel", "uv", "ensurepip"})
FOLDERS_OF_PROGRAMS: Final = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "srv/venv/bin")
# Of the local stack and the tests; with production's dependencies they have no use.
NOT_OF_THE_PRODUCT: Final = ("tests", "deploy", "bench", ".git", ".local")


def findings(root: Path, configuration: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with an image."""
    return [
        *_runs_unprivileged(configuration),
        *_says_whether_it_lives(configuration),
        *_no_tools(root),
        *_nothing_gains_rights(root),
        *_nobody_may_change_it(root),
        *_ready_to_run(root),
        *_knows_its_databases(root),
    ]


def _runs_unprivileged(configuration: Mapping[str, Any]) -> Iterator[str]:
    user = str(configuration.get("User", "")).partition(":")[0]
    # By its number: an orchestrator that refuses root can't look up a name.
    if not user.isdecimal() or int(user) == 0:
        yield f"it runs as user {user or 'root'!r}; name an unprivileged one by its number"


def _says_whether_it_lives(configuration: Mapping[str, Any]) -> Iterator[str]:
    if not (configuration.get("Healthcheck") or {}).get("Test"):
        yield "it has no health check"


def _no_tools(root: Path) -> Iterator[str]:
    for folder in FOLDERS_OF_PROGRAMS:
        for program in sorted((root / folder).glob("*")):
            if program.name in TOOLS:
                yield f"/{folder}/{program.name}: a tool to build or to fetch with"
    for library in ("usr/lib/python3*", "usr/local/lib/python3*", "srv/venv/lib/python3*"):
        for place in root.glob(library):
            for name in sorted(INSTALLERS):
                for found in (place / name, place / "site-packages" / name, place / "dist-packages" / name):
                    if found.exists():
                        yield f"/{found.relative_to(root)}: an installer"


def _nothing_gains_rights(root: Path) -> Iterator[str]:
    for path in _files(root):
        if path.lstat().st_mode & (stat.S_ISUID | stat.S_ISGID):
            yield f"/{path.relative_to(root)}: gives rights to whoever starts it"


def _nobody_may_change_it(root: Path) -> Iterator[str]:
    owner = root.stat().st_uid
    for path in _files(root / "srv"):
        found = path.lstat()
        if not stat.S_ISLNK(found.st_mode) and (found.st_uid != owner or found.st_mode & stat.S_IWOTH):
            yield f"/{path.relative_to(root)}: can be changed by others than root"


def _ready_to_run(root: Path) -> Iterator[str]:
    application = root / APPLICATION
    if not (application / "manage.py").is_file():
        yield f"/{APPLICATION} holds no manage.py"
    for name in NOT_OF_THE_PRODUCT:
        for found in sorted(application.rglob(name)):
            yield f"/{found.relative_to(root)}: isn't part of what runs"
    for module in sorted(application.rglob("*.py")):
        if not list((module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc")):
            yield f"/{module.relative_to(root)}: isn't compiled, and on a read-only root can't be later"
    if not (root / STATIC / "admin" / "css" / "base.css").is_file():
        yield f"/{STATIC} holds no static files"


def _knows_its_databases(root: Path) -> Iterator[str]:
    """Without the authority of its database a service trusts nobody, and so doesn't start."""
    text = (root / RDS).read_text(encoding="ascii") if (root / RDS).is_file() else ""
    today = datetime.datetime.now(datetime.UTC)
    for finding in authorities.findings(text, authorities.wanted_regions(), today=today):
        yield f"/{RDS}: {finding}"
    bundle = (root / PUBLIC).read_bytes() if (root / PUBLIC).is_file() else b""
    for name in sorted(authorities.AZURE - authorities.names(bundle)):
        yield f"/{PUBLIC}: holds no {name}, one of those that sign for Azure's databases"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or path.is_file():
            yield path

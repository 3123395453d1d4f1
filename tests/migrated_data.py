"""Data folders of migrated primaries, kept between runs: made by one process, copied by all others.

They stand below `.local/migrated` under a name made of everything that could show in them: every file of the product,
every installed package, the interpreter, the PostgreSQL and its user. So there is no telling old ones from new ones:
what has another name is never looked at, and goes when others are made.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distributions
from pathlib import Path

from fintech.secrets import use_provider
from fintech.stack import engine_home
from fintech.stack.engine_home import EngineHome
from fintech.stack.engine_user import EngineUser
from fintech.stack.engines import Stack, Starting
from fintech.stack.find_postgresql import PostgresqlInstallation, find_postgresql
from fintech.stack.layout import REPOSITORY, LocalLayout
from fintech.stack.postgresql import Cluster
from fintech.stack.readable_programs import readable_postgresql

PRODUCT = ("fintech", "crm", "payments", "trading", "audit")
KEPT = REPOSITORY / ".local" / "migrated"


@dataclass(frozen=True, kw_only=True)
class MigratedData:
    """The migrated data of some cells, for the primaries of one layout."""

    layout: LocalLayout
    cells: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """Differs whenever anything differs that the data could come from."""
        return self._name_of_now()

    def install(self, *, starting: Starting) -> None:
        """Give primaries that have no data what is kept, or make it, with them, if nothing is kept under this name.

        `starting` is told of each engine that is started meanwhile; none runs afterwards.
        """
        KEPT.mkdir(parents=True, exist_ok=True)
        with _locked():
            kept = KEPT / self.name
            if not kept.exists():
                self._make(kept, starting)
                return
            home = engine_home.make_home(self.layout, self._user)
            for cell in self.cells:
                self._copy(kept / cell, self._bare_stack.primary(cell), home)

    def _make(self, kept: Path, starting: Starting) -> None:
        stack = self._bare_stack
        try:
            stack.up(starting=starting)
            use_provider(None)
            _migrate(self.cells)
        finally:
            stack.down()
        if self._name_of_now() != self.name:
            # A file was changed meanwhile: who knows which of its versions was read.
            return
        for other in KEPT.iterdir():
            if other.is_dir():
                shutil.rmtree(other)
        unfinished = KEPT / f"{self.name}.unfinished"
        unfinished.mkdir(mode=0o700)
        for cell in self.cells:
            _copy_with_owner(stack.primary(cell).files.data, unfinished / cell)
            # The roles have the passwords of the stack that made them; whoever copies gives them others.
            (unfinished / cell / "databases-prepared").unlink()
        unfinished.rename(kept)

    def _copy(self, kept: Path, primary: Cluster, home: EngineHome) -> None:
        primary.folder.mkdir()
        home.user.own(primary.folder, 0o700)
        _copy_with_owner(kept, primary.files.data)
        self._set_superusers_password(primary, readable_postgresql(find_postgresql(), home), home.user)

    def _set_superusers_password(
        self, primary: Cluster, installation: PostgresqlInstallation, user: EngineUser
    ) -> None:
        """By a server without a network, since nobody knows the password of the one that made the data."""
        password = self.layout.secret(f"{primary.cell}/database/postgres")
        script = primary.folder / "first-password"
        script.touch(mode=0o600)
        script.write_text(f"ALTER ROLE postgres PASSWORD '{password}'\n", encoding="utf-8")
        user.own(script, 0o600)
        server = [installation.program("postgres"), "--single", "-F", "-D", primary.files.data, "postgres"]
        try:
            user.run(["/bin/sh", "-c", 'exec "$@" <first-password', "sh", *server], folder=primary.folder)
        finally:
            script.unlink()

    def _name_of_now(self) -> str:
        digest = hashlib.sha256()
        for file in _files_of_the_product():
            digest.update(f"{file.relative_to(REPOSITORY)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
        packages = sorted(f"{found.name} {found.version}" for found in distributions())
        for told in (*packages, sys.version, *self.cells, find_postgresql(), self._user):
            digest.update(f"{told}\0".encode())
        return digest.hexdigest()[:32]

    @cached_property
    def _bare_stack(self) -> Stack:
        return Stack(self.layout, cells=self.cells, replicas=False, durable=False)

    @cached_property
    def _user(self) -> EngineUser:
        return EngineUser.choose()


def _files_of_the_product() -> Iterator[Path]:
    yield REPOSITORY / "manage.py"
    for folder in PRODUCT:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and not {"tests", "__pycache__"} & set(path.relative_to(REPOSITORY).parts):
                yield path


@contextmanager
def _locked() -> Iterator[None]:
    with (KEPT / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _migrate(cells: tuple[str, ...]) -> None:
    migrators = [
        subprocess.Popen(
            [sys.executable, "manage.py", "migrate_cells", "--cell", cell, "--verbosity", "0"],
            cwd=REPOSITORY,
            env={**os.environ, "FINTECH_DATABASE_SUFFIX": ""},
        )
        for cell in cells
    ]
    if any([migrator.wait() for migrator in migrators]):
        raise RuntimeError("the templates couldn't be migrated; see above")


def _copy_with_owner(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)

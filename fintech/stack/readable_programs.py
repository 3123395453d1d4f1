"""Programs that the engines' user can start: copied beside the engines' data when they stand where only root can read.

Happens when the virtual environment lies below a root-only home or was installed under a umask of 077.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from fintech.stack.engine_home import EngineHome
from fintech.stack.errors import StackError
from fintech.stack.find_postgresql import PostgresqlInstallation


def readable_postgresql(installation: PostgresqlInstallation, home: EngineHome) -> PostgresqlInstallation:
    """The installation itself if the engines' user can run it, else a copy of its folder (it is relocatable).

    Raises StackError when it is unreadable and not in one folder of its own.
    """
    whole = installation.programs.parent
    catalogue = whole / "share" / "postgres.bki"
    runs = home.user.can_execute(installation.program("initdb"))
    if runs and (not catalogue.exists() or home.user.can_read(catalogue)):
        return installation
    if not (whole / "share").is_dir():
        raise StackError(f"user {home.user.name}, who runs the engines, can't run {installation.programs}/initdb")
    copy = _copy_of_folder(whole, home.folder / f"postgresql-{installation.version}")
    return replace(installation, programs=copy / installation.programs.name)


def readable_program(program: Path, home: EngineHome) -> Path:
    """The program itself if the engines' user can run it, else a copy."""
    if home.user.can_execute(program):
        return program
    copy = home.folder / program.name
    if not copy.exists() or copy.stat().st_size != program.stat().st_size:
        shutil.copyfile(program, copy)
        copy.chmod(0o755)
    return copy


def readable_folder(folder: Path, home: EngineHome, *, name: str) -> Path:
    """The folder itself if the engines' user can read all that is in it, else a copy of that name.

    The name tells the version, so that a newer one is copied anew.
    """
    if all(home.user.can_read(file) for file in (folder, *folder.rglob("*"))):
        return folder
    return _copy_of_folder(folder, home.folder / name)


def _copy_of_folder(folder: Path, copy: Path) -> Path:
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(folder, unfinished, symlinks=True)
        _open_to_readers(unfinished)
        unfinished.rename(copy)
    return copy


def _open_to_readers(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)

"""Where the engines' data stands: in the stack's root if the engines' user can come in there, else elsewhere.

When root runs the stack of a repository that lies below a folder only root may enter, the engines (which run as
an unprivileged user) can't reach `.local/stack`. Then their folder is made in /var/tmp, named after the root, and
`.local/stack/engines` is a symbolic link to it: that link is the record of where the data is, and `reset` follows it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fintech.stack import processes
from fintech.stack.engine_user import EngineUser
from fintech.stack.errors import RootNotOurs, StackError
from fintech.stack.layout import LocalLayout

PREFIX = "fintech-engines-"
OWNER_NOTE = "belongs-to"
MARK = ".fintech-stack"
# What a root may hold before its first start: other parts of the product write there too.
HARMLESS = {"logs", "run"}


@dataclass(frozen=True, kw_only=True)
class EngineHome:
    """The engines' folder, by its real path, and the user who runs them."""

    folder: Path
    user: EngineUser


def prepare_root(layout: LocalLayout, user: EngineUser) -> None:
    """Make the stack's root and its folders. Raises RootNotOurs when what stands there is somebody else's."""
    root = layout.root
    if root.exists():
        _require_ours(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / MARK).touch()
    # Closed to everybody but its owner; the engines' user may pass through by its group, and see nothing.
    root.chmod(0o700)
    if user.other:
        os.chown(root, 0, user.gid)
        root.chmod(0o710)
    for folder in (layout.logs, layout.run, layout.certificates):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)


def require_marked(layout: LocalLayout) -> None:
    """Raise RootNotOurs unless the root was made by `prepare_root`: nothing else is ever deleted."""
    if not (layout.root / MARK).exists():
        raise RootNotOurs(f"{layout.root} isn't a stack's folder (no {MARK} in it)")


def existing_home(layout: LocalLayout, user: EngineUser) -> EngineHome | None:
    """The engines' folder of an earlier start, or None."""
    folder = layout.engines.resolve()
    return EngineHome(folder=folder, user=user) if folder.is_dir() else None


def make_home(layout: LocalLayout, user: EngineUser) -> EngineHome:
    """The engines' folder: that of an earlier start, or a new one where the user can reach it.

    Raises StackError when no place can be reached.
    """
    _sweep(user)
    found = existing_home(layout, user)
    if found is None:
        layout.engines.unlink(missing_ok=True)
        if user.may_enter(layout.root):
            layout.engines.mkdir()
        else:
            layout.engines.symlink_to(_make_outside(layout, user), target_is_directory=True)
        found = EngineHome(folder=layout.engines.resolve(), user=user)
        user.own(found.folder, 0o700)
    if not user.may_enter(found.folder):
        raise StackError(
            f"user {user.name}, who runs the engines, can't enter {found.folder}; "
            "open the folders above it, or start afresh with `manage.py stack reset`"
        )
    return found


def remove_root(layout: LocalLayout) -> None:
    """Delete the root with all in it, and the engines' folder outside if there is one."""
    require_marked(layout)
    if layout.engines.is_symlink():
        outside = layout.engines.resolve()
        if outside.name.startswith(PREFIX) and outside.is_dir() and _owner_of(outside) == str(layout.root):
            shutil.rmtree(outside)
    shutil.rmtree(layout.root)


def short_mark(layout: LocalLayout) -> str:
    """Eight digits that tell this root from another on the same machine."""
    return hashlib.sha256(str(layout.root).encode()).hexdigest()[:8]


def _require_ours(root: Path) -> None:
    owner = root.stat().st_uid
    if owner != os.geteuid():
        raise RootNotOurs(
            f"{root} belongs to user {owner}, you are {os.geteuid()}; run as that user, "
            "or keep a stack of your own: FINTECH_LOCAL_ROOT=<another folder>"
        )
    if not (root / MARK).exists() and not all(entry.name in HARMLESS for entry in root.iterdir()):
        raise RootNotOurs(f"{root} isn't empty and isn't a stack's folder; name another by FINTECH_LOCAL_ROOT")


def _make_outside(layout: LocalLayout, user: EngineUser) -> Path:
    for place in _outside_places():
        if not user.may_enter(place):
            continue
        folder = place / f"{PREFIX}{short_mark(layout)}"
        if folder.exists():
            # Left by a root at the same path that was deleted by hand: its secrets are gone, so it is no use.
            _remove_abandoned(folder, user)
        folder.mkdir(mode=0o700)
        (folder / OWNER_NOTE).write_text(str(layout.root), encoding="utf-8")
        return folder
    raise StackError(
        f"user {user.name}, who runs the engines, can reach neither {layout.root} nor a folder for temporary files; "
        "name a root that it can enter by FINTECH_LOCAL_ROOT"
    )


def _outside_places() -> Iterator[Path]:
    # /var/tmp first: it survives a restart of the machine.
    yield from dict.fromkeys((Path("/var/tmp"), Path(tempfile.gettempdir()).resolve(), Path("/tmp")))  # noqa: S108


def _sweep(user: EngineUser) -> None:
    """Remove engines' folders outside whose root exists no more (a clone that was deleted)."""
    if not user.other:
        return
    for place in _outside_places():
        for folder in place.glob(f"{PREFIX}*"):
            owner = _owner_of(folder) if _is_safe(folder, user) else None
            if owner is not None and not Path(owner).exists():
                _remove_abandoned(folder, user)


def _remove_abandoned(folder: Path, user: EngineUser) -> None:
    if not _is_safe(folder, user):
        raise StackError(
            f"{folder} is in the way and isn't ours; remove it, or use FINTECH_LOCAL_ROOT=<another folder>"
        )
    for pid, line in processes.living():
        # Servers that were left running when their root was deleted.
        if f" {folder}/" in line:
            processes.signal_process(pid, signal.SIGKILL)
            processes.wait_until(partial(_has_gone, pid), seconds=5)
    shutil.rmtree(folder)


def _has_gone(pid: int) -> bool:
    return not processes.is_alive(pid)


def _is_safe(folder: Path, user: EngineUser) -> bool:
    """Nobody else may have planted it: a real folder that belongs to us and is closed to others."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, user.uid) and not found.st_mode & 0o077


def _owner_of(folder: Path) -> str | None:
    try:
        return (folder / OWNER_NOTE).read_text(encoding="utf-8")
    except OSError:
        return None

"""As which user the engines run: PostgreSQL refuses to run as root, so root hands over to an unprivileged user."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fintech.stack.errors import StackError

# Users that systems bring along; PostgreSQL needs one with an entry in the password database.
UNPRIVILEGED = ("postgres", "nobody")
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, kw_only=True)
class EngineUser:
    """The user that engines run as; `other` when that isn't the user who runs this program."""

    name: str
    uid: int
    gid: int
    other: bool

    @classmethod
    def choose(cls, environment: Mapping[str, str] = os.environ) -> EngineUser:
        """Whoever runs this program; for root the user named by FINTECH_STACK_USER, else postgres or nobody.

        Raises StackError when root finds no such user.
        """
        if os.geteuid() != 0:
            return cls(name=str(os.geteuid()), uid=os.geteuid(), gid=os.getegid(), other=False)
        named = environment.get("FINTECH_STACK_USER")
        for name in (named,) if named else UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            if entry.pw_uid != 0:
                return cls(name=name, uid=entry.pw_uid, gid=entry.pw_gid, other=True)
        raise StackError(
            f"PostgreSQL doesn't run as root, and there is no unprivileged user {named or ' or '.join(UNPRIVILEGED)}; "
            "name one with FINTECH_STACK_USER=<name>, or run this as an ordinary user"
        )

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder to this user, with this mode."""
        if self.other:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can come into the folder, through all folders above it."""
        return self._succeeds('cd "$1"', folder)

    def can_execute(self, program: Path) -> bool:
        """Whether this user can start the program (it is asked for its version)."""
        return self._succeeds('"$1" --version', program)

    def can_read(self, file: Path) -> bool:
        """Whether this user can read the file."""
        return self._succeeds('test -r "$1"', file)

    def _succeeds(self, script: str, argument: Path) -> bool:
        done = subprocess.run(["/bin/sh", "-c", script, "sh", str(argument)], check=False, **self._as_user("/", {}))
        return done.returncode == 0

    def run(self, command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Run a program to its end in `folder`, apart from the terminal, so that Ctrl-C leaves nothing half done.

        Raises StackError with the program's own words when it fails.
        """
        options = self._as_user(folder, environment or {}) | {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }
        done = subprocess.run([str(word) for word in command], check=False, text=True, **options)
        if done.returncode != 0:
            raise StackError(f"{Path(command[0]).name} failed ({done.returncode}): {done.stdout.strip()[-2000:]}")

    def start_detached(self, command: Sequence[str | Path], *, folder: Path, log: IO[bytes]) -> int:
        """Start a program that outlives this one, its output going to `log`; returns its process id."""
        # The shell in between ends at once, so the program is nobody's child here and never becomes a zombie.
        options = self._as_user(folder, {}) | {"stdout": subprocess.PIPE, "stderr": log}
        script = ["/bin/sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *(str(word) for word in command)]
        return int(subprocess.run(script, check=True, **options).stdout)

    def _as_user(self, folder: Path | str, environment: Mapping[str, str]) -> dict[str, Any]:
        options: dict[str, Any] = {
            "cwd": folder,
            "env": {"HOME": str(folder), "PATH": SEARCH_PATH, "LC_ALL": "C", **environment},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "start_new_session": True,
        }
        if self.other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

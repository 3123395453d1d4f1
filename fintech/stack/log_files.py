"""Log files of engines and services: appended to, set aside once when they have grown large."""

from __future__ import annotations

from pathlib import Path
from typing import IO

LARGE_BYTES = 50_000_000
LINES_SHOWN = 20
BYTES_READ = 20_000


def open_log(file: Path) -> IO[bytes]:
    """Open a log for appending (mode 600). A large one becomes `<name>.log.1` first, in place of an older one."""
    if file.exists() and file.stat().st_size > LARGE_BYTES:
        file.replace(file.with_name(file.name + ".1"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    return file.open("ab")


def last_lines(file: Path, count: int = LINES_SHOWN) -> str:
    """The last lines of a log, for an error's text."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - BYTES_READ))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(f"    {line}" for line in lines[-count:]) or "(its log is empty)"

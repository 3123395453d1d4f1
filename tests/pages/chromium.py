"""The system's browser: named by FINTECH_CHROMIUM, found on the path, or installed where we are root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Root's browser has no sandbox of its own; every address here is this machine's.
ARGUMENTS = ("--no-sandbox", "--host-resolver-rules=MAP *.localhost 127.0.0.1", "--disable-gpu")


def find() -> str:
    """The path of a Chromium. Raises RuntimeError, saying what to install."""
    named = os.environ.get("FINTECH_CHROMIUM")
    if named:
        if shutil.which(named):
            return named
        raise RuntimeError(f"FINTECH_CHROMIUM={named} is no program")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=True, env=quietly)
        subprocess.run(
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"], check=True, env=quietly
        )
        found = shutil.which("chromium")
    if found is None:
        raise RuntimeError("there is no browser: install Chromium (Debian: chromium), or name one by FINTECH_CHROMIUM")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of this thread's own, without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()

"""Writes secrets that guard nothing, for checking production settings: `python -m tests.check_secrets FILE`."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path


def main() -> None:
    """Make the file with mode 600, unless it's there."""
    path = Path(sys.argv[1])
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("django/secret-key", "valkey/password")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({f"production/eu/{name}": secrets.token_urlsafe(64) for name in names}, file)


if __name__ == "__main__":
    main()

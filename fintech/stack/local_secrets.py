"""The local stack's secrets: one JSON file, mode 600, made at first start and completed when a cell is added.

An existing secret is never changed here. Pure: standard library only.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

CONCERNS = ("crm", "trading", "payments", "audit")
DATABASE_ROLES = (
    "postgres",
    "replicator",
    *(f"{concern}_owner" for concern in CONCERNS),
    *(f"{concern}_app" for concern in CONCERNS if concern != "audit"),
    "audit_writer",
    "audit_reader",
)
VALKEY_PASSWORD = "valkey/password"  # noqa: S105  (a secret's name)


def _password() -> str:
    return secrets.token_urlsafe(32)


def _key_of_32_bytes() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _webhook_secret() -> str:
    # Standard Webhooks: "whsec_" and 24 to 64 bytes in base64.
    return "whsec_" + _key_of_32_bytes()


def _makers(cells: Iterable[str]) -> dict[str, Callable[[], str]]:
    makers = {VALKEY_PASSWORD: _password}
    for cell in cells:
        makers |= {f"{cell}/database/{role}": _password for role in DATABASE_ROLES}
        makers |= {
            f"{cell}/django/secret-key": lambda: secrets.token_urlsafe(64),
            f"{cell}/kms/master-key": _key_of_32_bytes,
            f"{cell}/audit/signing-key": _key_of_32_bytes,
            f"{cell}/psp/sandbox/webhook-secret": _webhook_secret,
            f"{cell}/psp/sandbox/api-key": _password,
            f"{cell}/journal/hash-key": _key_of_32_bytes,
        }
    return makers


def read(file: Path, name: str) -> str:
    """One secret. Raises KeyError, saying what to run, when the file or the name is missing."""
    try:
        found = _load(file)[name]
    except (FileNotFoundError, KeyError):
        raise KeyError(f"no secret {name!r} in {file}; `manage.py stack up` makes what is missing") from None
    return found


def make_missing(file: Path, cells: Iterable[str]) -> None:
    """Make every secret that these cells need and that the file doesn't hold. Existing ones stay as they are."""
    held = _load(file) if file.exists() else {}
    missing = {name: make() for name, make in _makers(cells).items() if name not in held}
    if missing:
        _write(file, held | missing)


def _load(file: Path) -> dict[str, str]:
    loaded: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def _write(file: Path, content: Mapping[str, str]) -> None:
    # Written beside and renamed, so that a crash never leaves half a file; mkstemp makes it with mode 600.
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2, sort_keys=True)
        stream.flush()
        os.fsync(stream.fileno())
    Path(temporary).replace(file)

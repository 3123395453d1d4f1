"""Secrets from one JSON file of this machine: for the local stack and for tests, never for production."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final

from fintech.secrets.providers import SecretMissing, SecretsUnavailable

# The file's owner may read and write it; group and others may do nothing with it.
_FORBIDDEN: Final = stat.S_IRWXG | stat.S_IRWXO


class LocalFileSecrets:
    """A flat JSON object of names and values, readable by its owner alone (mode 600 or stricter).

    With `allowed` it gives those names only, as a cloud's store gives a service what its role lets it read.
    """

    def __init__(self, path: str | Path, *, allowed: Collection[str] | None = None) -> None:
        self._path = Path(path)
        self._allowed = allowed

    def fetch(self, name: str) -> str:
        """The value of the moment: the file is read each time, so a change is seen without a restart."""
        if self._allowed is not None and name not in self._allowed:
            raise SecretsUnavailable(
                f"this process may not read the secret {name!r}: deploy/services.toml doesn't say so"
            )
        try:
            value = self._read()[name]
        except KeyError:
            raise SecretMissing(f"{self._path} has no secret {name!r}") from None
        if not isinstance(value, str) or not value:
            raise SecretMissing(f"{self._path} has no text for the secret {name!r}")
        return value

    def _read(self) -> dict[str, object]:
        try:
            # O_NOFOLLOW, and the mode taken from the open file: what is checked is what is read.
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise SecretsUnavailable(
                f"there is no file of secrets {self._path}: `manage.py stack up` makes it"
            ) from None
        except OSError as error:
            raise SecretsUnavailable(f"{self._path} can't be opened: {error.strerror}") from None
        with open(handle, encoding="utf-8") as file:
            self._refuse_readable_by_others(os.fstat(handle))
            try:
                content = json.load(file)
            except ValueError:
                # The decoder's message quotes the content, which is secret.
                raise SecretsUnavailable(f"{self._path} isn't valid JSON") from None
        if not isinstance(content, dict):
            raise SecretsUnavailable(f"{self._path} isn't a JSON object of names and values")
        return content

    def _refuse_readable_by_others(self, found: os.stat_result) -> None:
        if found.st_mode & _FORBIDDEN:
            mode = stat.S_IMODE(found.st_mode)
            raise SecretsUnavailable(
                f"{self._path} has mode {mode:o}, so others may read it: `chmod 600` it, change its secrets"
            )
        if found.st_uid not in (os.geteuid(), 0):
            raise SecretsUnavailable(f"{self._path} belongs to another user")

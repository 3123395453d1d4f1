"""Secrets as files in a folder, one each: how Kubernetes' store driver shows a vault to a container."""

from __future__ import annotations

from pathlib import Path

from fintech.secrets.providers import SecretMissing, SecretsUnavailable
from fintech.secrets.vault_names import vault_name


class MountedSecrets:
    """The files of one folder, each named by `vault_name`.

    The driver writes a file anew when its secret is rotated; it is read each time, so no restart is needed.
    """

    def __init__(self, path: str | Path) -> None:
        self._folder = Path(path)

    def fetch(self, name: str) -> str:
        """The value of the moment. A secret that isn't mounted for this process is missing for it."""
        if not self._folder.is_dir():
            raise SecretsUnavailable(f"no secrets are mounted at {self._folder}")
        try:
            value = (self._folder / vault_name(name)).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise SecretMissing(f"{self._folder} shows this process no secret {name!r}") from None
        except OSError as error:
            raise SecretsUnavailable(f"the secret {name!r} can't be read: {error.strerror}") from None
        if not value:
            raise SecretMissing(f"{self._folder} has no text for the secret {name!r}")
        return value

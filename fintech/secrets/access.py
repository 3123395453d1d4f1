"""The face of the stores: names in, values out, cached for a minute per process.

A rotated secret is noticed in two ways: after a minute, or at once when the server that it opens
refuses it (`refresh`, `fresh_on_failure`). So a rotation needs no restart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.conf import settings
from django.utils.module_loading import import_string

from fintech.secrets.providers import SecretProvider, SecretsUnavailable, checked_name

KEPT_SECONDS: Final = 60.0

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Kept:
    value: str
    until: float


class _Secrets:
    """Values fetched by one provider, with the time until which each may be used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._provider: SecretProvider | None = None
        self._kept: dict[str, _Kept] = {}

    def use(self, provider: SecretProvider | None) -> None:
        with self._lock:
            self._provider = provider
            self._kept.clear()

    def get(self, name: str) -> str:
        kept = self._kept.get(checked_name(name))
        if kept is not None and kept.until > time.monotonic():
            return kept.value
        return self.fetch(name)

    def fetch(self, name: str) -> str:
        fetched_at = time.monotonic()
        value = self._current_provider().fetch(checked_name(name))
        with self._lock:
            self._kept[name] = _Kept(value, fetched_at + KEPT_SECONDS)
        return value

    def _current_provider(self) -> SecretProvider:
        with self._lock:
            if self._provider is None:
                self._provider = _provider_from_settings()
            return self._provider


_secrets = _Secrets()


def secret(name: str) -> str:
    """The secret of this name, at most a minute old.

    Raises ValueError for what is no name, SecretMissing when the store has none, SecretsUnavailable
    when the store can't be used. Never log the answer, never keep it longer than its use.
    """
    return _secrets.get(name)


def refresh(name: str) -> str:
    """The secret as it stands in the store now: for after a server has refused the cached one."""
    return _secrets.fetch(name)


def fresh_on_failure(
    name: str,
    attempt: Callable[[str], Answer],
    *,
    refused: Callable[[Exception], bool],
) -> Answer:
    """Run `attempt` with the secret; when it is refused and has been rotated, once more with the new one.

    `refused` says whether an exception means that the credential was refused. Any other exception,
    and a refusal of a secret that hasn't changed, goes to the caller.
    """
    used = secret(name)
    try:
        return attempt(used)
    except Exception as error:
        if not refused(error):
            raise
        current = refresh(name)
        if current == used:
            raise
        return attempt(current)


def use_provider(provider: SecretProvider | None) -> None:
    """Take secrets from this provider from now on; None goes back to the settings. Empties the cache."""
    _secrets.use(provider)


def _provider_from_settings() -> SecretProvider:
    """The provider that FINTECH_SECRETS_PROVIDER names, made with FINTECH_SECRETS_OPTIONS."""
    path: str | None = getattr(settings, "FINTECH_SECRETS_PROVIDER", None)
    if not path:
        raise SecretsUnavailable(
            "no store of secrets is chosen: set FINTECH_SECRETS_PROVIDER, such as "
            "'fintech.secrets.local.LocalFileSecrets' with FINTECH_SECRETS_OPTIONS = {'path': …}"
        )
    options: dict[str, Any] = dict(getattr(settings, "FINTECH_SECRETS_OPTIONS", {}))
    provider = import_string(path)(**options)
    if not isinstance(provider, SecretProvider):
        raise SecretsUnavailable(f"{path} is no SecretProvider: it has no `fetch`")
    return provider

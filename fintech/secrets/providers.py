"""What a store of secrets must be able to do, and how it fails. Pure."""

from __future__ import annotations

import re
from typing import Final, Protocol, runtime_checkable

# A path of lower-case words: environment or cell first, what it opens last.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]*(?:/[a-z0-9][a-z0-9_.-]*)+")


class SecretMissing(LookupError):
    """No secret has this name in the store that was asked."""


class SecretsUnavailable(RuntimeError):
    """The store of secrets can't be used: unreachable, refused, or unsafe (a file others can read)."""


@runtime_checkable
class SecretProvider(Protocol):
    """A store of secrets. It neither caches nor logs: `access.py` caches, nobody logs."""

    def fetch(self, name: str) -> str:
        """The value as it is now. Raises SecretMissing, or SecretsUnavailable."""
        ...


def checked_name(name: str) -> str:
    """The name when it has the form of a path (`eu/database/payments_app`), else ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of a secret: a path of lower-case words such as 'eu/database/payments_app'"
        )
    return name

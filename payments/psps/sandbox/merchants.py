"""Who may use the provider: one merchant per cell, each with its own keys."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_API_KEY = "/psp/sandbox/api-key"
_WEBHOOK_SECRET = "/psp/sandbox/webhook-secret"  # noqa: S105 - the secret's name


@dataclass(frozen=True, kw_only=True)
class Merchant:
    """One merchant; its name is the cell's."""

    name: str
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


class Merchants:
    """All merchants, found by their API key."""

    def __init__(self, merchants: Mapping[str, Merchant]) -> None:
        self._merchants = dict(merchants)

    def by_api_key(self, api_key: str) -> Merchant | None:
        """The key's owner; every key is compared, in constant time."""
        found = None
        for merchant in self._merchants.values():
            if hmac.compare_digest(merchant.api_key.encode(), api_key.encode("utf-8", "replace")):
                found = merchant
        return found

    def by_name(self, name: str) -> Merchant | None:
        """The merchant, or nothing if its keys are no longer in the file."""
        return self._merchants.get(name)

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted(self._merchants))


def read_merchants(secret_file: Path) -> Merchants:
    """Read a JSON object of secrets by name; each cell with both of its sandbox secrets is a merchant.

    Raises ``ValueError`` when there is none, or a cell has only one of the two.
    """
    secrets = json.loads(secret_file.read_text(encoding="utf-8"))
    names = {
        name.removesuffix(suffix) for name in secrets for suffix in (_API_KEY, _WEBHOOK_SECRET) if name.endswith(suffix)
    }
    if not names:
        raise ValueError(f"{secret_file} names no merchant: <cell>{_API_KEY} and <cell>{_WEBHOOK_SECRET}.")
    merchants = {}
    for name in names:
        missing = [suffix for suffix in (_API_KEY, _WEBHOOK_SECRET) if not secrets.get(name + suffix)]
        if missing:
            raise ValueError(f"{secret_file} lacks {name}{missing[0]}.")
        merchants[name] = Merchant(
            name=name, api_key=secrets[name + _API_KEY], webhook_secret=secrets[name + _WEBHOOK_SECRET]
        )
    return Merchants(merchants)

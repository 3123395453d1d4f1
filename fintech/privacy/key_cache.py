"""Unwrapped keys kept in this process for a few seconds. Pure.

A destroyed key opens nothing more at once in the process that destroyed it, and after at most
KEPT_SECONDS in every other: an entry's time runs from before its row was read.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from fintech.privacy.wrapping import KeyContext

KEPT_SECONDS: Final = 5.0
KEPT_KEYS: Final = 4096


def now() -> float:
    """Seconds on the clock that entries are aged by."""
    return time.monotonic()


@dataclass(frozen=True, kw_only=True)
class CachedKey:
    """A key with the wrapped form that it came from.

    `committed` says that its row was read outside a transaction. A row that is only seen inside one
    may be this transaction's own and be rolled back, and data sealed under it later would be lost;
    so such an entry spares the unwrapping, but never the look at the row.
    """

    wrapped: bytes
    key: bytes
    read_at: float
    committed: bool


class KeyCache:
    """The keys used last, bounded in number and age; safe for threads."""

    def __init__(self, *, seconds: float = KEPT_SECONDS, size: int = KEPT_KEYS) -> None:
        self._seconds = seconds
        self._size = size
        self._lock = threading.Lock()
        self._keys: OrderedDict[KeyContext, CachedKey] = OrderedDict()

    def get(self, context: KeyContext) -> CachedKey | None:
        """The key, unless it is too old."""
        with self._lock:
            found = self._keys.get(context)
            if found is None:
                return None
            if now() - found.read_at >= self._seconds:
                del self._keys[context]
                return None
            self._keys.move_to_end(context)
            return found

    def put(self, context: KeyContext, entry: CachedKey) -> None:
        """Keep a key; the one unused for longest goes when there are too many."""
        with self._lock:
            self._keys[context] = entry
            self._keys.move_to_end(context)
            while len(self._keys) > self._size:
                self._keys.popitem(last=False)

    def forget(self, context: KeyContext) -> None:
        """Drop a key, known or not."""
        with self._lock:
            self._keys.pop(context, None)

    def clear(self) -> None:
        """Drop all keys."""
        with self._lock:
            self._keys.clear()

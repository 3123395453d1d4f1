"""Bells: the relay looks every two seconds for work that stands unapplied in a database, and rings for it again.

The database is the truth and the broker only a bell: a lost message delays its work by a moment, never for good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

RING_EVERY_SECONDS = 2.0

_bells: dict[str, Callable[[], int]] = {}


def bell(name: str) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Declare a bell: called with a cell bound, it publishes tasks for unapplied work and gives their number."""

    def declare(ring: Callable[[], int]) -> Callable[[], int]:
        if name in _bells and _bells[name].__module__ != ring.__module__:
            raise ValueError(f"two bells are called {name!r}")
        _bells[name] = ring
        return ring

    return declare


def all_bells() -> Mapping[str, Callable[[], int]]:
    """Every declared bell by its name."""
    return dict(_bells)

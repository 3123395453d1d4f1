"""Columns that several tables have alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Q

CURRENCY: Final[dict[str, Any]] = {"max_length": 3}
"""A currency's ISO 4217 code."""

CODE: Final[dict[str, Any]] = {"max_length": 80}
"""A stable word of ours or of a provider."""


def is_state_of(machine: Mapping[str, frozenset[str]]) -> Q:
    """The condition that a row's state is one that its machine knows."""
    return Q(state__in=sorted(machine))


def choices_of(machine: Mapping[str, frozenset[str]]) -> list[tuple[str, str]]:
    """A machine's states as a field's choices."""
    return [(state, state.replace("_", " ")) for state in machine]

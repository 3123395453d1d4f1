"""How a fact is declared: a frozen dataclass under `@fact(kind, version)`, in a file of its concern.

A fact's fields are identifiers, codes, amounts in minor units, moments (aware UTC) and flags. It never holds a name,
an address or anything else that would have to be forgotten: logs are kept whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from typing import TypeVar, dataclass_transform

F = TypeVar("F")

_kinds: dict[str, type] = {}


@dataclass(frozen=True)
class FactKind:
    """What a fact's class says about itself: its word on the wire and the version of its fields."""

    kind: str
    version: int


@dataclass_transform(kw_only_default=True, frozen_default=True)
def fact(kind: str, *, version: int) -> Callable[[type[F]], type[F]]:
    """Declare a fact. Raises ValueError when another class has the kind already."""

    def declare(cls: type[F]) -> type[F]:
        declared = dataclass(frozen=True, kw_only=True)(cls)
        if kind in _kinds:
            raise ValueError(f"two facts are called {kind!r}: {_kinds[kind].__qualname__}, {cls.__qualname__}")
        declared.__fact__ = FactKind(kind, version)  # type: ignore[attr-defined]
        _kinds[kind] = declared
        return declared

    return declare


def fact_kind(subject: object) -> FactKind:
    """The kind of a fact or of a fact's class. Raises TypeError for what isn't declared as one."""
    kind = getattr(subject, "__fact__", None)
    if not isinstance(kind, FactKind) or not is_dataclass(subject):
        raise TypeError(f"{subject!r} is no declared fact: it has no schema")
    return kind


def fact_class(kind: str) -> type | None:
    """The class of a kind, or None for a row's change and for kinds that nobody declares any more."""
    return _kinds.get(kind)


def all_facts() -> Mapping[str, type]:
    """Every declared fact by its kind."""
    return dict(_kinds)

"""Dataclasses to JSON values and back, exactly: ids, whole numbers, text, moments, flags, and tuples of them."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_encoders: dict[type, Callable[[Any], Json]] = {}
_decoders: dict[type, Callable[[Any], Any]] = {}


def register(cls: type, encode: Callable[[Any], Json], decode: Callable[[Any], Any]) -> None:
    """Teach the codec a type of which the wire form is not the dataclass's own fields."""
    _encoders[cls] = encode
    _decoders[cls] = decode


def encode(value: object) -> Json:  # noqa: C901, PLR0911  # one line for each type
    """The JSON form of a value. Raises TypeError for floats and everything else that isn't exact."""
    if value is None or (isinstance(value, bool | str) and not isinstance(value, Enum)):
        return value
    if type(value) in _encoders:
        return _encoders[type(value)](value)
    if isinstance(value, Enum):
        return encode(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return _encode_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} has no exact JSON form")


def decode(kind: Any, value: Any) -> Any:  # noqa: PLR0911  # likewise
    """A value of type `kind` from its JSON form. Raises ValueError or TypeError when it has another shape."""
    if kind is Any or kind is None or kind is type(None):
        return value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        choices = [choice for choice in get_args(kind) if choice is not type(None)]
        return None if value is None else decode(choices[0], value)
    if origin in (tuple, list):
        return tuple(decode(get_args(kind)[0], item) for item in value)
    if origin is dict:
        return dict(value)
    if kind in _decoders:
        return _decoders[kind](value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: decode(hints[name], item) for name, item in value.items() if name in hints})
    if isinstance(kind, type) and issubclass(kind, UUID | Decimal | Enum):
        return kind(value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _encode_moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise TypeError(f"{moment!r} names no time zone; moments are aware UTC")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

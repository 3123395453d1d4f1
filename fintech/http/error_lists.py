"""REST framework's nested errors as a flat list, each with its place and its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

ErrorItem = Mapping[str, str]
Where = Literal["pointer", "parameter"]

# A body with a million wrong items gets an answer of a size that can be read.
MAX_ERRORS: Final = 100


def errors_of(detail: Any, *, where: Where) -> list[ErrorItem]:
    """The errors of a ValidationError's detail; at most MAX_ERRORS.

    `where` names the member that says where: "pointer" into the body (RFC 6901; "" is the whole
    body) or "parameter", a name in the query.
    """
    found: list[ErrorItem] = []
    for place, error in _flattened(detail, ""):
        if len(found) == MAX_ERRORS:
            break
        found.append(
            {
                where: place if where == "pointer" else place.lstrip("/"),
                "rule": str(getattr(error, "code", None) or "invalid").replace("_", "-"),
                "detail": str(error),
            }
        )
    return found


def _flattened(detail: Any, place: str) -> Iterator[tuple[str, ErrorDetail | str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = name in (api_settings.NON_FIELD_ERRORS_KEY, "__all__")
            yield from _flattened(inner, place if own else f"{place}/{_escaped(str(name))}")
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            # A list of texts is about this place; a list of anything else is about items, by their number.
            yield from _flattened(inner, place if isinstance(inner, str) else f"{place}/{index}")
    elif detail:
        yield place, detail


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

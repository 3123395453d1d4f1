"""Bodies: JSON without its loopholes, bounded in size and depth, the same for every endpoint."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any, Final, NoReturn

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from fintech.http.problems import PayloadTooLarge

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32


class StrictJSONParser(BaseParser):
    """Takes the I-JSON part of JSON (RFC 7493): two readers never understand one body differently.

    Refused with 400: anything but UTF-8, duplicate names, NaN and Infinity (also as 1e999), lone
    surrogates, more than MAX_DEPTH levels, text after the end. Refused with 413: more than MAX_BYTES.
    """

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value of the body; raises ParseError, PayloadTooLarge or UnsupportedMediaType."""
        context = parser_context or {}
        request = context.get("request")
        if request is not None:
            refuse_other_encodings(request.headers, media_type or "")
        return parse_strictly(_read(stream))


def parse_strictly(raw: bytes) -> Any:
    """The value of a JSON text; ParseError says what is wrong with it, without repeating it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError("The body isn't UTF-8.") from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ParseError(f"The body isn't JSON: line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise ParseError(f"The body has more than {MAX_DEPTH} levels.") from None
    except ValueError:
        # Python's own limit on the digits of an integer.
        raise ParseError("The body has a number with too many digits.") from None
    _refuse_depth_and_surrogates(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} isn't JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ParseError("The body has a number that is too large.")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ParseError("The body has an object in which a name stands twice.")
    return members


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_finite
)


def _refuse_depth_and_surrogates(value: Any) -> None:
    """Walk the value without recursion, whose depth the caller chooses."""
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, str):
            _refuse_surrogates(each)
        elif isinstance(each, dict | list):
            if depth > MAX_DEPTH:
                raise ParseError(f"The body has more than {MAX_DEPTH} levels.")
            if isinstance(each, dict):
                waiting.extend((name, depth + 1) for name in each)
            waiting.extend((inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each))


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ParseError("The body has half of a surrogate pair, which is no character.") from None


def refuse_other_encodings(headers: Mapping[str, str], media_type: str) -> None:
    """Raise UnsupportedMediaType for a compressed body, or one in another character set than UTF-8."""
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType(media_type, detail="The body is compressed, which isn't taken.")
    parameters = media_type.lower().replace(" ", "").replace('"', "").split(";")[1:]
    charset = dict(each.partition("=")[::2] for each in parameters).get("charset", "utf-8")
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type, detail="The body isn't in UTF-8.")


def _read(stream: IO[Any]) -> bytes:
    # One byte more than allowed is enough to know, whatever length is announced.
    raw: bytes = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise PayloadTooLarge(f"The body has more than {MAX_BYTES} bytes.")
    return raw

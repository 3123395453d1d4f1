"""One HTTP request and its answer, as the rest of the provider sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from payments.psps.sandbox.requests import Refused


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that was read completely; ``headers`` are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json_object(self) -> Mapping[str, Any]:
        """The body as a JSON object; an empty body is an empty object. Raises :class:`Refused`."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Refused(400, "invalid-json", "The body isn't JSON.") from None
        if not isinstance(value, dict):
            raise Refused(400, "invalid-json", "The body must be a JSON object.")
        return value


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer. ``lost`` means: carried out, but the connection breaks before a byte of it is sent."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_ms: int = 0
    lost: bool = False


def json_response(status: int, value: object, **more: Any) -> Response:
    """An answer in JSON."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(status=status, body=body, content_type="application/json", **more)


def problem(refused: Refused) -> Response:
    """A refusal as a problem (RFC 9457)."""
    value = {
        "type": "about:blank",
        "status": refused.status,
        "code": refused.code,
        "detail": refused.detail,
    }
    return Response(
        status=refused.status,
        body=json.dumps(value).encode(),
        content_type="application/problem+json",
    )

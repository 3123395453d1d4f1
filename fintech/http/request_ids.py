"""Each request has an id: the caller's, if it's acceptable, else a new one. The response repeats it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from fintech.cells.identifiers import uuid7
from fintech.observability.correlation import correlated

HEADER: Final = "X-Request-Id"

# Harmless in a log, a header, a file's name and a page. A UUID in its usual form is one of these.
_ACCEPTABLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)


class RequestIdMiddleware:
    """Sets `request.request_id`, carries it to the logs, and answers with it in `X-Request-Id`.

    Stands before the middleware that binds the cell, which takes the id from the request.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request, in the way of the chain that this stands in."""
        if self._asynchronous:
            return self._answer_async(request)
        request_id = _identify(request)
        with correlated(request_id):
            response: HttpResponseBase = self.get_response(request)
        response[HEADER] = request_id
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        request_id = _identify(request)
        with correlated(request_id):
            response: HttpResponseBase = await self.get_response(request)
        response[HEADER] = request_id
        return response


def acceptable_request_id(received: str) -> str | None:
    """The caller's id when it's a UUID or 8 to 64 safe characters, else None."""
    return received if _ACCEPTABLE.fullmatch(received) else None


def _identify(request: HttpRequest) -> str:
    request_id = acceptable_request_id(request.headers.get(HEADER, "")) or str(uuid7())
    request.request_id = request_id  # type: ignore[attr-defined]
    return request_id

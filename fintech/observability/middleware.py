"""What is seen of each request: the doors of the process, a line in the log, and two metrics."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from fintech.cells.context import bound_cell
from fintech.observability.doors import DOORS
from fintech.observability.metrics import histogram

logger = logging.getLogger("fintech.requests")

_seconds = histogram(
    "fintech_http_request_seconds",
    "Time from request to response, by endpoint (the pattern, never the path) and status.",
    ("cell", "method", "endpoint", "status"),
)

# A caller may invent methods; each would be a series of its own.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

GetResponse = Callable[[HttpRequest], Any]


class ProbeMiddleware:
    """Answers health and metrics before anything else: they come without a jurisdiction's host name.

    Stands first.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request, in the way of the chain that this stands in."""
        if self._asynchronous:
            return self._answer_async(request)
        door = _door(request)
        response: HttpResponseBase = self.get_response(request) if door is None else door(request)
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        door = _door(request)
        if door is not None:
            # Probes wait for their stores; the event loop must not.
            return await asyncio.to_thread(door, request)
        response: HttpResponseBase = await self.get_response(request)
        return response


class RequestLogMiddleware:
    """Writes a line and measures each request. Stands right inside the middleware that binds the cell."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request, in the way of the chain that this stands in."""
        if self._asynchronous:
            return self._answer_async(request)
        started = time.perf_counter()
        response: HttpResponseBase = self.get_response(request)
        _observe(request, response, time.perf_counter() - started)
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response: HttpResponseBase = await self.get_response(request)
        _observe(request, response, time.perf_counter() - started)
        return response


def _door(request: HttpRequest) -> Callable[[HttpRequest], HttpResponse] | None:
    return DOORS.get(request.path) if request.method in ("GET", "HEAD") else None


def _observe(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    bound = bound_cell()
    method = request.method if request.method in _METHODS else "other"
    # The pattern, such as `api/v1/deposits/<uuid:deposit_id>`: a path may hold anything that a caller types.
    endpoint = request.resolver_match.route if request.resolver_match else "unmatched"
    status = response.status_code
    _seconds.labels(cell=bound.name if bound else "none", method=method, endpoint=endpoint, status=str(status)).observe(
        seconds
    )
    logger.log(
        logging.ERROR if status >= 500 else logging.INFO,
        "request",
        extra={"method": method, "endpoint": endpoint, "status": status, "ms": round(seconds * 1000, 1)},
    )

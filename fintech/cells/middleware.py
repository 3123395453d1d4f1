"""The edge for HTTP: the host name gives the jurisdiction and with it the cell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import Context, copy_context
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from fintech.cells.actors import Actor
from fintech.cells.context import cell
from fintech.cells.topology import cell_of_host


class CellOfHostMiddleware:
    """Binds the cell of the request's host for the request and for what its response streams later.

    A host that no served cell answers for gets 421 (Misdirected Request, RFC 9110 section 15.5.20), and reaches no
    database. The actor is anonymous until authentication names one.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer one request inside the cell of its host."""
        if iscoroutinefunction(self):
            return self._answer_async(request)  # type: ignore[no-any-return, attr-defined]  # asgiref narrows self
        served = cell_of_host(_host(request))
        if served is None:
            return _misdirected()
        with cell(served.name, actor=Actor.anonymous(), request_id=getattr(request, "request_id", None)):
            response: HttpResponseBase = self.get_response(request)
            return keep_context_while_streaming(response)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        served = cell_of_host(_host(request))
        if served is None:
            return _misdirected()
        with cell(served.name, actor=Actor.anonymous(), request_id=getattr(request, "request_id", None)):
            response: HttpResponseBase = await self.get_response(request)
            return keep_context_while_streaming(response)


def keep_context_while_streaming(response: HttpResponseBase) -> HttpResponseBase:
    """Step a streaming response's iterator in the context of its request; the server iterates it after all else."""
    if isinstance(response, StreamingHttpResponse):
        context = copy_context()
        if response.is_async:
            response.streaming_content = _step_async(cast(AsyncIterator[bytes], response.streaming_content), context)
        else:
            response.streaming_content = _step(cast(Iterator[bytes], response.streaming_content), context)
    return response


def _step(content: Iterator[bytes], context: Context) -> Iterator[bytes]:
    finished = object()
    while (chunk := context.run(next, content, finished)) is not finished:
        yield chunk  # type: ignore[misc]  # the sentinel never gets here


async def _step_async(content: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    while True:
        try:
            yield await asyncio.create_task(anext(content), context=context)  # type: ignore[arg-type]
        except StopAsyncIteration:
            return


def _host(request: HttpRequest) -> str:
    # As sent: whatever isn't one of our hosts is answered by 421, so nothing needs to be checked before.
    host: str = request.META.get("HTTP_HOST", "")
    return host.rpartition(":")[0] if ":" in host else host


def _misdirected() -> HttpResponse:
    return HttpResponse(
        '{"type": "/problems/misdirected-request", "title": "Misdirected request", "status": 421, '
        '"detail": "No regulatory entity answers under this host name."}',
        status=421,
        content_type="application/problem+json",
    )

"""The edge for websockets: the handshake's host binds the cell for the life of the connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from channels.layers import BaseChannelLayer, get_channel_layer

from fintech.cells.actors import Actor
from fintech.cells.context import cell, current_cell
from fintech.cells.topology import cell_of_host

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class CellOfHandshake:
    """ASGI middleware, to stand outside every other: a host that is nobody's is closed before it's accepted."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection inside the cell of its host."""
        served = cell_of_host(host_of(scope))
        if served is None:
            await receive()
            await send({"type": "websocket.close", "code": 4421})
            return
        with cell(served.name, actor=Actor.anonymous()):
            await self.application(scope, receive, send)


def host_of(scope: Scope) -> str:
    """The host name that a client named in its handshake, without port; empty when it named none."""
    for name, value in scope.get("headers", ()):
        if name.lower() == b"host":
            host: str = value.decode("latin-1")
            return host.rpartition(":")[0] if ":" in host else host
    return ""


def cell_channel_layer() -> BaseChannelLayer:
    """The bound cell's channel layer; each cell has one of its own, with its name before every key."""
    layer: BaseChannelLayer | None = get_channel_layer(current_cell().name)
    if layer is None:
        raise LookupError(f"no channel layer is configured for cell {current_cell().name!r}")
    return layer

"""A worker outlives its broker: the transport's one habit that ended it is changed here.

When a connection was lost, kombu still wants to give back over it what the worker had taken, and to acknowledge what
the worker had finished. Its channel then fails with an AttributeError, which Celery takes for the end of the worker.
A lost connection is what it knows how to live with. Nothing is lost by it: the database knows what is undone, and the
relay rings for it again.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis as transport
from redis.exceptions import ConnectionError as LostConnection


class LastingChannel(transport.Channel):
    """A channel that calls a connection lost once it is."""

    def _connparams(self, asynchronous: bool = False) -> Any:  # kombu's own, which its types leave out
        if self.connection is None or self.connection.client is None:
            raise LostConnection("the channel's connection is closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]


def outlive_the_broker() -> None:
    """Let every connection to the broker that is made from now on be one that a worker outlives."""
    transport.Transport.Channel = LastingChannel

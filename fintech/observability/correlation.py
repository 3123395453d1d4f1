"""The id that ties together what one request caused. Imports no Django.

Inside a cell its context carries the request id (to the journal, facts and tasks); this one reaches
further: to what happens before a cell is known, and to requests that never get one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from fintech.cells.context import bound_cell

_request_id: ContextVar[str | None] = ContextVar("fintech_request_id", default=None)


@contextmanager
def correlated(request_id: str) -> Iterator[None]:
    """Carry the request id for the block."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def current_request_id() -> str | None:
    """The id of the request under way: the bound cell's, else the one received, else None."""
    bound = bound_cell()
    return _request_id.get() if bound is None else bound.request_id

"""A client's own pages may come from the replica, as soon as it shows what the client has just done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.db import OperationalError
from rest_framework.response import Response

from fintech.cells import reading

P = ParamSpec("P")
V = TypeVar("V")


def reads_own(
    method: Callable[Concatenate[V, P], Response],
) -> Callable[Concatenate[V, P], Response]:
    """For a view's `get` that shows a client's own data and changes nothing: read it by `reading("own")`.

    When the replica is lost in the middle, all of it is read once more, from the primary.
    """

    @wraps(method)
    def read(view: V, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        with reading("own") as chosen:
            try:
                return method(view, *args, **kwargs)
            except OperationalError:
                if not chosen.replica:
                    raise
        return method(view, *args, **kwargs)

    return read

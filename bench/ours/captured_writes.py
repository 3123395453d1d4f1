"""Captured writes: the product's own deposits with their trigger, the actor named by a prefix, as pghistory does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from bench.captured_writes import writes
from bench.work import Operation, serve_threads
from fintech.cells import Actor, alias_for, cell
from payments.models import Deposit

NAME_ACTOR = (
    "SELECT set_config('fintech.actor', %s, true), set_config('fintech.request_id', %s, true), "
    "set_config('fintech.reason', %s, true); "
)
Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


@contextmanager
def _operation_of_thread() -> Iterator[Operation]:
    """Writes into the wallet of one client."""
    with cell("eu", actor=Actor.client(UUID(int=1))):
        yield writes(Deposit, _acting, wallet_id=UUID(int=1), client_id=UUID(int=1))


@contextmanager
def _acting() -> Iterator[None]:
    alias = alias_for("payments")
    with transaction.atomic(using=alias), connections[alias].execute_wrapper(_naming_actor):
        yield


def _naming_actor(execute: Execute, query: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
    """The actor and the statement in one go. Each of these transactions has one statement."""
    answer = execute(NAME_ACTOR + query, ("client", "bench", "", *parameters), many, context)
    context["cursor"].nextset()
    return answer


def main(threads: str) -> None:
    """Serve with so many threads."""
    serve_threads(int(threads), _operation_of_thread)

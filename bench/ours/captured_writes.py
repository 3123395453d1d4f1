"""Captured writes: the product's own deposits with their trigger, and the actor named as the journal names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connections, transaction

from bench.captured_writes import writes
from bench.work import Operation, serve_threads
from fintech.cells import Actor, alias_for, cell
from payments.models import Deposit

NAME_ACTOR = (
    "SELECT set_config('fintech.actor', %s, true), set_config('fintech.request_id', %s, true), "
    "set_config('fintech.reason', %s, true)"
)


@contextmanager
def _operation_of_thread() -> Iterator[Operation]:
    """Writes into the wallet of one client."""
    with cell("eu", actor=Actor.client(UUID(int=1))):
        yield writes(Deposit, _acting, wallet_id=UUID(int=1), client_id=UUID(int=1))


@contextmanager
def _acting() -> Iterator[None]:
    alias = alias_for("payments")
    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute(NAME_ACTOR, ["client", "bench", ""])
        yield


def main(threads: str) -> None:
    """Serve with so many threads."""
    serve_threads(int(threads), _operation_of_thread)

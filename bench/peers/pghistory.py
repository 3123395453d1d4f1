"""django-pghistory: captured writes with its context set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
from django.db import transaction

from bench.captured_writes import writes
from bench.peers.deposits.models import TrackedDeposit
from bench.work import Operation, serve_threads


@contextmanager
def _operation_of_thread() -> Iterator[Operation]:
    """Writes that say who asked, in which request and why: what the product names."""

    @contextmanager
    def acting() -> Iterator[None]:
        with pghistory.context(actor="client", request_id="bench", reason=""), transaction.atomic():
            yield

    yield writes(TrackedDeposit, acting, wallet_id=uuid.uuid4(), client_id=uuid.uuid4())


def main(threads: str) -> None:
    """Serve with so many threads."""
    serve_threads(int(threads), _operation_of_thread)

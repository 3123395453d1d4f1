"""django-auditlog: captured writes with its actor set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from auditlog.context import set_actor
from django.contrib.auth import get_user_model
from django.db import transaction

from bench.captured_writes import writes
from bench.peers.deposits.models import AuditedDeposit
from bench.work import Operation, serve_threads


@contextmanager
def _operation_of_thread() -> Iterator[Operation]:
    """Writes by one user."""
    user = get_user_model().objects.get(username="auditlog")

    @contextmanager
    def acting() -> Iterator[None]:
        with set_actor(user), transaction.atomic():
            yield

    yield writes(AuditedDeposit, acting, wallet_id=uuid.uuid4(), client_id=uuid.uuid4())


def main(threads: str) -> None:
    """Make the user, then serve."""
    get_user_model().objects.create_user("auditlog")
    serve_threads(int(threads), _operation_of_thread)

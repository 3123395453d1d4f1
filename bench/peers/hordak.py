"""django-hordak: `Account.transfer_to` in a transaction, from 100 customers' accounts to one house account."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from hordak.models import Account
from moneyed import Money

from bench.work import Operation, serve_threads

CUSTOMERS = 100


@contextmanager
def _operation_of_thread() -> Iterator[Operation]:
    """Transfers between accounts that this thread has looked up."""
    house = Account.objects.get(code="0")
    customers = list(Account.objects.exclude(code="0"))

    def transfer() -> int:
        with transaction.atomic():
            random.choice(customers).transfer_to(house, Money(random.randint(1, 1000), "EUR"))  # noqa: S311
        return 1

    yield transfer


def main(threads: str) -> None:
    """Open the accounts, then serve."""
    Account.objects.create(name="house", code="0", type="LI", currencies=["EUR"])
    for number in range(1, CUSTOMERS + 1):
        Account.objects.create(name=f"customer {number}", code=str(number), type="LI", currencies=["EUR"])
    serve_threads(int(threads), _operation_of_thread)

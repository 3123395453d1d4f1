"""Single posts from Django: `Book.post_batch` with one item, a request of its own with key and journal row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from bench.work import Operation, serve_threads
from fintech.cells import Actor, cell
from fintech.cells.identifiers import uuid7
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, Leg, Outcome


@contextmanager
def _operation_of_thread(size: int) -> Iterator[Operation]:
    """Batches of `size` single transfers, from clients' accounts to the one hot house account."""
    with cell("eu", actor=Actor.client(UUID(int=1))):
        book = Book("payments")
        house = book.house(HousePurpose.PSP_CLEARING, entity=1, currency="EUR")

        def post() -> int:
            results = book.post_batch([_item(house) for _ in range(size)])
            if any(result.outcome is not Outcome.POSTED for result in results):
                raise RuntimeError("something wasn't posted")
            return size

        yield post


def _item(house: int) -> Item:
    leg = Leg(
        debit=random.randint(100_001, 110_000) * 1000 + 978,  # noqa: S311
        credit=house,
        amount=random.randint(1, 1000),  # noqa: S311
        code=TransferCode.WITHDRAWAL,
    )
    return Item(key=str(uuid7()), legs=(leg,))


def main(threads: str, size: str) -> None:
    """Serve with so many threads, each posting batches of so many."""
    serve_threads(int(threads), lambda: _operation_of_thread(int(size)))

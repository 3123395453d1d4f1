"""Decisions for tests: any work on a book, as a verb does it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from fintech.cells import alias_for, maintenance
from fintech.cells.connecting import connect_plainly
from fintech.cells.identifiers import uuid7
from fintech.journal import verb
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Transfer

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]


def connect(*, as_owner: bool = False, autocommit: bool = False) -> Connection:
    """A connection of its own to the bound cell's payments database, as the application or the tables' owner."""
    with maintenance() if as_owner else nullcontext():
        return connect_plainly(alias_for("payments"), autocommit=autocommit)


def decide(work: Callable[[Book], T], *, concern: str = "payments") -> T:
    """Do some work on a book in one decision of its own, and give what it gave. Refusals are raised."""
    given: list[T] = []

    @verb(concern)
    def try_out(*, key: str) -> None:
        given.append(work(Book(concern)))

    try_out(key=str(uuid7()))
    return given[-1]


@dataclass(frozen=True)
class Wallet:
    """A client with a wallet, and the house account that it's funded from."""

    client_id: UUID
    account: int
    clearing: int


def wallet(*, funded: int = 0, currency: str = "EUR", entity: int = 1) -> Wallet:
    """A new client's wallet with some money in it."""
    client = uuid7()

    def open_and_fund(book: Book) -> Wallet:
        account = book.open_account(client_id=client, kind=AccountKind.WALLET, currency=currency)
        clearing = book.house(HousePurpose.PSP_CLEARING, entity=entity, currency=currency)
        if funded:
            book.post(debit=clearing, credit=account, amount=funded, code=TransferCode.DEPOSIT)
        return Wallet(client, account, clearing)

    return decide(open_and_fund)


def take(purse: Wallet, amount: int) -> Transfer:
    """Let the house take money from the wallet."""
    return decide(
        lambda book: book.post(debit=purse.account, credit=purse.clearing, amount=amount, code=TransferCode.WITHDRAWAL)
    )


def give(purse: Wallet, amount: int) -> Transfer:
    """Let the house put money into the wallet."""
    return decide(
        lambda book: book.post(debit=purse.clearing, credit=purse.account, amount=amount, code=TransferCode.DEPOSIT)
    )

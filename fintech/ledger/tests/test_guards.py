"""What stands in the ledger stays: the application can't write its tables, and not even their owner changes a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from psycopg import errors

from fintech.cells import CellContext
from fintech.ledger.book import Book
from fintech.ledger.tests.deciding import Connection, connect, decide, wallet
from fintech.ledger.transfer_codes import TransferCode

TABLES = (
    "ledger_account",
    "ledger_balance",
    "ledger_transfer",
    "ledger_hold",
    "ledger_hold_change",
    "ledger_period",
    "ledger_snapshot",
)
FROZEN = [table for table in TABLES if table != "ledger_balance"]
COLUMN = {
    "ledger_account": "kind",
    "ledger_balance": "balance",
    "ledger_period": "journal_id",
    "ledger_snapshot": "balance",
}


@pytest.fixture
def application(eu: CellContext) -> Iterator[Connection]:
    """A connection as the application's role."""
    with connect() as connection:
        yield connection


@pytest.fixture
def owner(eu: CellContext) -> Iterator[Connection]:
    """A connection as the tables' owner, with a row in each table."""
    purse = wallet(funded=100)
    hold = decide(lambda book: book.hold(account=purse.account, amount=9, code=TransferCode.WITHDRAWAL))
    decide(lambda book: book.release_hold(hold, amount=4))
    Book("payments").take_snapshot(purse.clearing, through_id=0)
    decide(lambda book: book.close_period(date(1999, 12, 31)))
    with connect(as_owner=True, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("table", TABLES)
def test_the_application_has_no_right_to_write_a_table(application: Connection, table: str) -> None:
    column = COLUMN.get(table, "amount")
    for statement in (
        f"INSERT INTO {table} DEFAULT VALUES",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            application.execute(statement.encode())
        application.rollback()


@pytest.mark.parametrize(
    "call",
    [
        "nextval('ledger_transfer_id_seq')",
        "setval('ledger_transfer_id_seq', 1)",
        "nextval('ledger_account_serial')",
        "ledger_next_transfer_id_v1()",
        "ledger_write_many_v1('{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{NULL}', '{NULL}', '{NULL}', now())",
        "ledger_write_hold_change_v1(1, 1, 1::smallint, 1, 1, 1, now())",
    ],
)
def test_the_application_draws_no_ids_and_calls_no_inner_function(application: Connection, call: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        application.execute(f"SELECT {call}".encode())


@pytest.mark.parametrize("table", FROZEN)
def test_even_the_owner_changes_and_removes_no_row(owner: Connection, table: str) -> None:
    column = COLUMN.get(table, "amount")
    count = f"SELECT count(*) FROM {table}".encode()
    rows = owner.execute(count).fetchone()
    assert rows is not None
    assert rows != (0,)
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(errors.RestrictViolation):
            owner.execute(statement.encode())
    assert owner.execute(count).fetchone() == rows


def test_a_balance_row_never_goes(owner: Connection) -> None:
    for statement in ("DELETE FROM ledger_balance", "TRUNCATE ledger_balance"):
        with pytest.raises(errors.RestrictViolation):
            owner.execute(statement.encode())


NOBODY = "00000000-0000-0000-0000-000000000000"
SOMEBODY = "01900000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "client", "balance", "broken"),
    [
        (-101978, 100001978, 0, SOMEBODY, 1, "ledger_transfer_amount"),
        (-101978, 100001978, -1, SOMEBODY, 1, "ledger_transfer_amount"),
        (100001978, 100002978, 1, SOMEBODY, 1, "ledger_transfer_one_client"),
        (-101978, 100001840, 1, SOMEBODY, 1, "ledger_transfer_one_currency"),
        (-101978, -102840, 1, NOBODY, None, "ledger_transfer_one_currency"),
        (-101978, -101978, 1, NOBODY, None, "ledger_transfer_two_accounts"),
        (-101978, 100001978, 1, NOBODY, 1, "ledger_transfer_client"),
        (-101978, 100001978, 1, SOMEBODY, None, "ledger_transfer_client_state"),
        (-101978, -102978, 1, NOBODY, 1, "ledger_transfer_client_state"),
    ],
)
def test_the_table_itself_takes_no_wrong_transfer(
    owner: Connection,
    debit: int,
    credit: int,
    amount: int,
    client: str,
    balance: int | None,
    broken: str,
) -> None:
    with pytest.raises(errors.CheckViolation) as refused:
        owner.execute(
            "INSERT INTO ledger_transfer (id, journal_id, leg, debit, credit, amount, client_id, client_balance,"
            " client_seq, recorded_at, value_date, code) VALUES (-1, -1, 1, %s, %s, %s, %s, %s, %s, now(), now(), 1)",
            [debit, credit, amount, client, balance, balance],
        )
    assert refused.value.diag.constraint_name == broken


def test_the_table_of_balances_keeps_the_floor_whatever_the_functions_think(
    owner: Connection,
) -> None:
    for change, broken in (
        ("balance = held - 1", "ledger_balance_floor"),
        ("held = balance + 1", "ledger_balance_floor"),
        ("held = -1", "ledger_balance_held"),
    ):
        with pytest.raises(errors.CheckViolation) as refused:
            owner.execute(f"UPDATE ledger_balance SET {change}".encode())
        assert refused.value.diag.constraint_name == broken


def test_a_balance_that_was_tampered_with_is_found_by_the_replay(eu: CellContext, owner: Connection) -> None:
    purse = wallet(funded=100)
    book = Book("payments")
    assert book.replay().agrees
    tamper = b"UPDATE ledger_balance SET balance = balance + %s, seq = seq + %s WHERE account = %s"
    owner.execute(tamper, [900, 1, purse.account])
    report = book.replay()
    owner.execute(tamper, [-900, -1, purse.account])
    assert [(found.what, found.account, found.expected, found.found) for found in report.disagreements] == [
        ("balance", purse.account, "100", "1000"),
        ("number of transfers", purse.account, "1", "2"),
    ]
    assert book.replay().agrees

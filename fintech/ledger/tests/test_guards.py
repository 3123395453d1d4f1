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


PUBLIC_FUNCTIONS = {
    "ledger_balance_as_of_v1", "ledger_close_period_v1", "ledger_final_id_v1", "ledger_hold_remaining_v1",
    "ledger_hold_v1", "ledger_holds_to_expire_v1", "ledger_house_balance_v1", "ledger_latest_v1", "ledger_lock_v1",
    "ledger_open_account_v1", "ledger_open_house_v1", "ledger_post_batch_v1", "ledger_post_hold_v1",
    "ledger_post_keyed_v1", "ledger_post_linked_v1", "ledger_post_one_v1", "ledger_release_hold_v1",
    "ledger_replay_v1", "ledger_snapshots_due_v1", "ledger_statement_v1", "ledger_take_snapshot_v1",
}  # fmt: skip


def test_the_application_calls_the_public_functions_and_everybody_else_nothing(application: Connection) -> None:
    callable_by = (
        "SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS granted"
        " WHERE proname ~ '^ledger_' AND granted.grantee = %s::regrole::oid"
    )
    assert {name for (name,) in application.execute(callable_by, ["payments_app"])} == PUBLIC_FUNCTIONS
    everybody = callable_by.replace("%s::regrole::oid", "0")
    assert application.execute(everybody.encode()).fetchall() == []
    readable = (
        "SELECT relname FROM pg_class, aclexplode(relacl) AS granted WHERE relname ~ '^ledger_' AND granted.grantee = 0"
    )
    assert application.execute(readable.encode()).fetchall() == []


@pytest.mark.parametrize(
    "function",
    [
        "ledger_close_period_v1",
        "ledger_join_decision_v1",
        "ledger_open_account_v1",
        "ledger_open_house_v1",
        "ledger_post_batch_v1",
        "ledger_post_linked_v1",
        "ledger_post_one_v1",
    ],
)
def test_the_transaction_id_comes_before_locks_the_clock_and_ids(application: Connection, function: str) -> None:
    """Else a transfer could be written below an id, or before a moment, that was called final already."""
    row = application.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [function]).fetchone()
    assert row is not None
    before, found, after = row[0].partition("pg_current_xact_id()")
    assert found
    later = ("nextval(", "ledger_next_transfer_id_v1(", "clock_timestamp(", "FOR UPDATE", "advisory_xact_lock")
    assert not [word for word in later if word in before]
    assert [word for word in later if word in after] or "ledger_join_decision_v1(" in after


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


def broken_by(owner: Connection, statement: str, values: tuple[object, ...] = ()) -> str | None:
    """The constraint that the owner's statement breaks."""
    with pytest.raises(errors.IntegrityError) as refused:
        owner.execute(statement.encode(), values)
    return refused.value.diag.constraint_name


def test_a_number_its_kind_and_its_owner_say_the_same_thing(owner: Connection) -> None:
    account = "INSERT INTO ledger_account VALUES (%s, %s, %s, -1, now())"
    for number, kind, client, broken in (
        (100001978, 5, SOMEBODY, "ledger_account_kind"),
        (100001978, -1, SOMEBODY, "ledger_account_kind"),
        (100001978, 0, NOBODY, "ledger_account_side"),
        (100001978, 1, NOBODY, "ledger_account_side"),
        (-101978, 1, SOMEBODY, "ledger_account_side"),
        (-101978, 0, SOMEBODY, "ledger_account_side"),
        (100001000, 1, SOMEBODY, "ledger_account_currency"),
        (978, 1, SOMEBODY, "ledger_account_currency"),
    ):
        assert broken_by(owner, account, (number, kind, client)) == broken


def test_the_table_itself_takes_no_wrong_hold(owner: Connection) -> None:
    hold = (
        "INSERT INTO ledger_hold (id, account, client_id, amount, code, journal_id, recorded_at)"
        " VALUES (-1, %s, %s, %s, 1, -1, now())"
    )
    for account, amount, broken in (
        (100001978, 0, "ledger_hold_amount"),
        (100001978, -1, "ledger_hold_amount"),
        (100001978, 10**18, "ledger_hold_amount"),
        (-101978, 1, "ledger_hold_client"),
    ):
        assert broken_by(owner, hold, (account, SOMEBODY, amount)) == broken


def test_the_table_itself_takes_no_wrong_change_of_a_hold(owner: Connection) -> None:
    """Even a change that is right by itself is refused when the hold has moved on meanwhile: its number is taken."""
    change = (
        "INSERT INTO ledger_hold_change (id, hold_id, number, kind, amount, remaining, transfer_id, journal_id,"
        " recorded_at) SELECT -1, hold_id, number, %s, %s, %s, %s, -1, now() FROM ledger_hold_change LIMIT 1"
    )
    for kind, amount, remaining, transfer, broken in (
        (4, 1, 0, None, "ledger_hold_change_kind"),
        (2, 0, 0, None, "ledger_hold_change_amount"),
        (2, 1, -1, None, "ledger_hold_change_remaining"),
        (1, 1, 0, None, "ledger_hold_change_transfer"),
        (2, 1, 0, 1, "ledger_hold_change_transfer"),
        (2, 1, 0, None, "ledger_hold_change_once"),
    ):
        assert broken_by(owner, change, (kind, amount, remaining, transfer)) == broken


def test_no_row_stands_for_what_isnt_there_or_is_there_already(owner: Connection) -> None:
    balance = "INSERT INTO ledger_balance (account, client_id, floored) VALUES (1978, %s, true)"
    assert broken_by(owner, balance, (SOMEBODY,)) == "ledger_balance_account_fkey"
    change = (
        "INSERT INTO ledger_hold_change (id, hold_id, number, kind, amount, remaining, journal_id, recorded_at)"
        " VALUES (-1, -1, 1, 2, 1, 0, -1, now())"
    )
    assert broken_by(owner, change) == "ledger_hold_change_hold_id_fkey"
    columns = (
        "journal_id, debit, credit, amount, client_balance, client_seq, recorded_at, client_id, value_date, code, leg"
    )
    again = f"INSERT INTO ledger_transfer (id, {columns}) SELECT -1, {columns} FROM ledger_transfer LIMIT 1"
    assert broken_by(owner, again) == "ledger_transfer_once"
    snapshot = "INSERT INTO ledger_snapshot VALUES (100001978, 0, 0, now(), now())"
    assert broken_by(owner, snapshot) == "ledger_snapshot_house"


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

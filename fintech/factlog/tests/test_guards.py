"""The log only grows, in the order of its subjects, and nobody but its functions writes it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import errors

from fintech.cells import CellContext, maintenance
from fintech.cells.identifiers import uuid7
from fintech.factlog.bells import bell
from fintech.factlog.followers import HEARTBEAT, Follower, _followers, follower
from fintech.factlog.horizon import connect_for_relay

Connection = psycopg.Connection[Any]
RECORD = "SELECT fact_id, fact_seq FROM factlog_record_v1('crm.test.guarded', 1::smallint, 'guarded', %s, '{}'::jsonb)"


@pytest.fixture
def application(eu: CellContext) -> Iterator[Connection]:
    """A connection of its own, as the application's role."""
    connection = connect_for_relay("eu_crm")
    yield connection
    connection.close()


@pytest.fixture
def other(eu: CellContext) -> Iterator[Connection]:
    """Another one."""
    connection = connect_for_relay("eu_crm")
    yield connection
    connection.close()


@pytest.fixture
def owner(application: Connection) -> Iterator[Connection]:
    """A connection as the tables' owner, with a fact in the log."""
    application.execute(RECORD, [str(uuid7())])
    with maintenance():
        connection = connect_for_relay("eu_crm")
    yield connection
    connection.close()


def test_not_even_the_owner_changes_or_removes_a_fact(owner: Connection) -> None:
    for statement in ("UPDATE factlog_fact SET kind = kind", "DELETE FROM factlog_fact", "TRUNCATE factlog_fact"):
        with pytest.raises(errors.RestrictViolation):
            owner.execute(statement.encode())


def test_a_subjects_number_is_given_once(owner: Connection) -> None:
    columns = "kind, version, subject_type, subject_id, seq, recorded_at, data"
    with pytest.raises(errors.UniqueViolation) as refused:
        owner.execute(
            f"INSERT INTO factlog_fact (id, {columns}) SELECT -1, {columns} FROM factlog_fact "
            "WHERE seq IS NOT NULL LIMIT 1".encode()
        )
    assert refused.value.diag.constraint_name == "factlog_fact_subject_seq"


def test_a_life_of_a_database_has_one_successor(owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        successor = (
            "INSERT INTO factlog_incarnation (parent) SELECT id FROM factlog_incarnation ORDER BY started_at LIMIT 1"
        )
        owner.execute(successor.encode())
        with pytest.raises(errors.UniqueViolation) as refused:
            owner.execute(successor.encode())
    assert refused.value.diag.constraint_name == "factlog_incarnation_line"


@pytest.mark.parametrize("concern", ["crm", "payments", "trading"])
def test_no_captured_table_can_be_emptied_in_silence(eu: CellContext, concern: str) -> None:
    """TRUNCATE fires no row trigger; so each table whose rows' changes are captured refuses it."""
    with connections[f"eu_{concern}"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE t.tgname = 'factlog_capture'"
            " AND NOT EXISTS (SELECT FROM pg_trigger k WHERE k.tgrelid = c.oid AND k.tgtype & 34 = 34)"
        )
        assert cursor.fetchall() == []


def test_the_application_writes_nothing_of_the_log_but_bookmarks_and_parked_facts(application: Connection) -> None:
    for table in ("factlog_fact", "factlog_subject", "factlog_incarnation"):
        for statement in (
            f"INSERT INTO {table} DEFAULT VALUES",
            f"UPDATE {table} SET {'kind = kind' if table == 'factlog_fact' else 'id = id'}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                application.execute(statement.encode())
    for call in ("nextval('factlog_fact_id_seq')", "factlog_new_incarnation_v1(0, 0)"):
        with pytest.raises(errors.InsufficientPrivilege):
            application.execute(f"SELECT {call}".encode())


def test_nobody_but_the_application_calls_its_functions(application: Connection) -> None:
    callable_by_all = (
        "SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS granted"
        " WHERE proname ~ '^factlog_' AND granted.grantee = 0"
    )
    assert application.execute(callable_by_all.encode()).fetchall() == []


def test_before_the_first_id_none_was_drawn(owner: Connection) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute("CREATE SEQUENCE of_a_test")
        drawn = []
        for _ in range(2):
            drawn.append(owner.execute("SELECT factlog_last_drawn_v1('of_a_test')").fetchone())
            owner.execute("SELECT nextval('of_a_test')")
    assert drawn == [(0,), (1,)]


def test_ids_of_a_subject_ascend_whichever_session_records(application: Connection, other: Connection) -> None:
    subject = str(uuid7())
    rows = [session.execute(RECORD, [subject]).fetchone() for session in (application, other, application, other)]
    ids = [(row[0], row[1]) for row in rows if row]
    assert [seq for _, seq in ids] == [1, 2, 3, 4]
    assert ids == sorted(ids)


def test_who_waits_for_a_subject_draws_their_id_after_it(application: Connection, other: Connection) -> None:
    """An id drawn before the wait would stand before those that were committed meanwhile."""
    subject = str(uuid7())
    waited: list[tuple[int, int]] = []
    waiter = Thread(target=lambda: waited.append(other.execute(RECORD, [subject]).fetchone()))  # type: ignore[arg-type]
    with application.transaction():
        application.execute(RECORD, [subject])
        waiter.start()
        deadline = monotonic() + 20
        blocked = "SELECT %s = ANY (SELECT pid FROM pg_locks WHERE NOT granted)"
        while application.execute(blocked, [other.info.backend_pid]).fetchone() != (True,):
            assert monotonic() < deadline
            sleep(0.005)
        second = application.execute(RECORD, [subject]).fetchone()
    waiter.join()
    assert second is not None
    assert (second[1], waited[0][1]) == (2, 3)
    assert second[0] < waited[0][0]


# Declarations


def declare(name: str, *, source: str = "crm.fact", module: str = __name__) -> Follower:
    def handle(entry: object) -> None: ...

    handle.__module__ = module
    follower(name, source=source, into="payments", replayable=True)(handle)
    return _followers[name]


@pytest.fixture
def declared() -> Iterator[Follower]:
    yield declare("test.declared")
    del _followers["test.declared"]


def test_a_followers_name_is_its_own(declared: Follower) -> None:
    """Two under one name would share a bookmark, and each see half."""
    with pytest.raises(ValueError, match=r"two followers are called 'test\.declared'"):
        declare("test.declared", module="elsewhere")


def test_a_follower_follows_a_log() -> None:
    with pytest.raises(ValueError, match="is no log"):
        declare("test.of_a_table", source="crm.clients")


def test_heartbeats_are_handled_by_those_who_ask_for_them(declared: Follower) -> None:
    assert declared.wants("crm.client.registered")
    assert not declared.wants(HEARTBEAT)


def test_a_bells_name_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def ring() -> int:
        return 0

    def another() -> int:
        return 0

    another.__module__ = "elsewhere"
    monkeypatch.setattr("fintech.factlog.bells._bells", {})
    bell("test.bell")(ring)
    with pytest.raises(ValueError, match=r"two bells are called 'test\.bell'"):
        bell("test.bell")(another)

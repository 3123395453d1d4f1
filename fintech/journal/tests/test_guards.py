"""What was decided stays as it was answered; and nobody writes the journal past its two functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connections
from psycopg import errors

from fintech.cells import Actor, CellContext, cell, maintenance
from fintech.cells.identifiers import uuid7
from fintech.factlog.wake_up import CHANNEL
from fintech.journal import verb
from fintech.journal.decisions import payload_hash

if TYPE_CHECKING:
    from tests.clusters import TestClusters


@verb("crm")
def note(*, key: str) -> str:
    return key


def decided() -> str:
    """The key of a request that was decided a moment ago."""
    key = str(uuid7())
    note(key=key)
    return key


def test_not_even_the_owner_changes_or_removes_an_answer(eu: CellContext) -> None:
    key = decided()
    with maintenance(), connections["eu_crm"].cursor() as cursor:
        for statement in (
            "UPDATE journal_entry SET answer = '{}'",
            "DELETE FROM journal_entry",
            "TRUNCATE journal_entry",
        ):
            with pytest.raises(Exception, match="the journal only grows"):
                cursor.execute(statement)
        cursor.execute("SELECT count(*) FROM journal_entry WHERE key = %s", [key])
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    ("changed", "broken"),
    [("key || '-', payload_hash, 'pending'", "journal_entry_outcome"),
     ("key, payload_hash, outcome", "journal_entry_once")],
)  # fmt: skip
def test_a_key_is_decided_once_and_for_good_or_not_at_all(eu: CellContext, changed: str, broken: str) -> None:
    key = decided()
    with maintenance(), connections["eu_crm"].cursor() as cursor, pytest.raises(Exception, match=broken):
        cursor.execute(
            "INSERT INTO journal_entry (id, principal, operation, key, payload_hash, outcome, answer, recorded_at,"
            f" actor, request_id, reason) SELECT -1, principal, operation, {changed}, answer, recorded_at, actor,"
            " request_id, reason FROM journal_entry WHERE key = %s",
            [key],
        )


def test_the_application_writes_the_journal_by_its_functions_alone(eu: CellContext) -> None:
    with connections["eu_crm"].cursor() as cursor:
        for statement in (
            "INSERT INTO journal_entry DEFAULT VALUES",
            "UPDATE journal_entry SET outcome = outcome",
            "DELETE FROM journal_entry",
            "TRUNCATE journal_entry",
        ):
            with pytest.raises(Exception, match="permission denied"):
                cursor.execute(statement)
        cursor.execute(
            "SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS granted"
            " WHERE proname ~ '^journal_' AND prorettype <> 'trigger'::regtype AND granted.grantee = 0"
        )
        assert cursor.fetchall() == [], "nobody else may call them"


def test_whoever_begins_a_decision_has_a_transaction_id_from_then_on(eu: CellContext) -> None:
    """Whatever a decision records comes after that id, so no log is called final past it."""
    key = decided()
    connection = connections["eu_crm"]
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            # The key is known, so nothing else in the call would take one.
            cursor.execute(
                "SELECT found_outcome FROM journal_begin_v1('system:test', 'fintech.note', %s, 'a', 'r', '')", [key]
            )
            assert cursor.fetchone() == ("done",)
            cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
            assert cursor.fetchone() == (True,)
        finally:
            cursor.execute("ROLLBACK")


def test_the_actor_of_one_decision_is_not_the_next_ones(eu: CellContext) -> None:
    """The connection goes on to serve others: a change outside every decision has no actor."""
    decided()
    with connections["eu_crm"].cursor() as cursor:
        for name in ("actor", "request_id", "reason", "journal_id"):
            cursor.execute("SELECT nullif(current_setting(%s, true), '')", [f"fintech.{name}"])
            assert cursor.fetchone() == (None,), name


def test_the_hash_of_a_request_tells_nothing_to_who_has_not_the_cells_key(both_cells: None) -> None:
    hashes = set()
    for name in ("eu", "au"):
        with cell(name, actor=Actor.system("test")):
            hashes.add(payload_hash({"email": "ada@example.org"}))
    assert len(hashes) == 2


def test_the_relay_is_woken_once_a_decision_is_committed(
    clusters: TestClusters, eu: CellContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fintech.factlog.wake_up._last", {})
    with clusters.superuser("eu", connections["eu_crm"].settings_dict["NAME"]) as listener:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        decided()
        assert [notice.channel for notice in listener.notifies(timeout=5, stop_after=1)] == [CHANNEL]


def test_a_clash_is_tried_again_and_any_other_error_is_not(eu: CellContext) -> None:
    tries: list[str] = []

    @verb("crm")
    def clash(*, key: str, code: str) -> int:
        tries.append(code)
        if len(tries) == 1:
            with connections["eu_crm"].cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")
        return len(tries)

    for code in ("40001", "40P01"):
        tries.clear()
        assert clash(key=str(uuid7()), code=code) == 2
    tries.clear()
    with pytest.raises(Exception) as caught:  # noqa: PT011
        clash(key=str(uuid7()), code="57014")
    assert isinstance(caught.value.__cause__, errors.QueryCanceled)
    assert len(tries) == 1

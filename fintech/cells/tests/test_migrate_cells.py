"""Migrations come apart from any deploy, while the product runs: they wait for nobody long, and try again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections, migrations
from django.db.migrations.state import ProjectState

from fintech.cells import CellContext, maintenance
from fintech.cells.management.commands import migrate_cells
from fintech.cells.management.commands.migrate_cells import BoundedExecutor

if TYPE_CHECKING:
    from tests.clusters import TestClusters


def migration(sql: str, *, atomic: bool = True) -> migrations.Migration:
    made = migrations.Migration("0099_of_a_test", "crm")
    made.operations = [migrations.RunSQL(sql)]
    made.atomic = atomic
    return made


@pytest.fixture
def executor(fresh_eu: CellContext) -> Iterator[BoundedExecutor]:
    """An executor on a crm database of the test's own."""
    with maintenance():
        yield BoundedExecutor(connections["eu_crm"], None)


def columns(executor: BoundedExecutor) -> set[str]:
    with executor.connection.cursor() as cursor:
        return {column.name for column in executor.connection.introspection.get_table_description(cursor, "crm_client")}


def waiting_for_locks(cursor: object) -> int:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")  # type: ignore[attr-defined]
    return int(cursor.fetchone()[0])  # type: ignore[attr-defined]


def until(condition: object, what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_a_lock_that_cannot_be_had_at_once_is_tried_for_again(
    clusters: TestClusters, executor: BoundedExecutor
) -> None:
    """A reader holds the table until the first try has given up: the migration never queues up the others' work."""
    database = connections["eu_crm"].settings_dict["NAME"]
    with clusters.superuser("eu", database) as reader, clusters.superuser("eu", database) as watcher:
        reader.execute("BEGIN; LOCK TABLE crm_client IN ACCESS SHARE MODE")
        cursor = watcher.cursor()

        def hold_until_the_first_try_has_failed() -> None:
            until(lambda: waiting_for_locks(cursor) > 0, "the migration doesn't ask for the lock")
            until(lambda: waiting_for_locks(cursor) == 0, "the migration doesn't give up")
            reader.execute("COMMIT")

        holder = threading.Thread(target=hold_until_the_first_try_has_failed)
        holder.start()
        executor.apply_migration(ProjectState(), migration("ALTER TABLE crm_client ADD COLUMN of_a_test int"))
        holder.join()
    assert "of_a_test" in columns(executor)


def test_a_lock_that_is_never_free_leaves_nothing_behind(
    clusters: TestClusters, executor: BoundedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_cells, "ATTEMPTS", 2)
    database = connections["eu_crm"].settings_dict["NAME"]
    with clusters.superuser("eu", database) as reader:
        reader.execute("BEGIN; LOCK TABLE crm_client IN ACCESS SHARE MODE")
        with pytest.raises(OperationalError, match="lock timeout"):
            executor.apply_migration(ProjectState(), migration("ALTER TABLE crm_client ADD COLUMN of_a_test int"))
        reader.execute("ROLLBACK")
    executor.connection.close()
    assert "of_a_test" not in columns(executor)


def test_a_migration_is_cut_before_it_holds_back_the_fact_logs(
    executor: BoundedExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate_cells, "ATTEMPTS", 1)
    begun = time.monotonic()
    with pytest.raises(OperationalError, match="transaction timeout"):
        executor.apply_migration(ProjectState(), migration("SELECT pg_sleep(30)"))
    assert time.monotonic() - begun < 15


def test_an_index_that_an_interrupted_build_left_invalid_is_dropped(executor: BoundedExecutor) -> None:
    with executor.connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_a_test (n int); INSERT INTO of_a_test VALUES (1), (1)")
        with pytest.raises(Exception, match="could not create unique index"):
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY left_behind ON of_a_test (n)")
        cursor.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
        assert cursor.fetchone() == (1,)
    executor._drop_invalid_indexes()
    with executor.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'left_behind'")
        assert cursor.fetchone() == (0,)


def test_an_unknown_cell_is_named_with_those_that_there_are() -> None:
    with pytest.raises(CommandError, match="cell 'sc' isn't served here; there are eu, au"):
        call_command("migrate_cells", "--cell", "sc")


def test_the_plan_of_migrated_cells_is_empty(both_cells: None) -> None:
    written = StringIO()
    call_command("migrate_cells", "--plan", stdout=written)
    assert written.getvalue() == ""


def test_a_migration_of_another_concern_only_goes_on_record_but_for_what_names_this_one(
    executor: BoundedExecutor,
) -> None:
    plain = migrations.Migration("0098_of_a_test", "payments")
    plain.operations = [migrations.RunSQL("CREATE TABLE of_payments (n int)")]
    mixed = migrations.Migration("0099_of_a_test", "payments")
    mixed.operations = [
        migrations.RunSQL("CREATE TABLE of_payments_too (n int)"),
        migrations.RunSQL("CREATE TABLE of_crm (n int)", hints={"concern": "crm"}),
    ]
    plan = [(plain, False), (mixed, False)]
    executor._migrate_all_forwards(ProjectState(), plan, plan, fake=False, fake_initial=False)
    with executor.connection.cursor() as cursor:
        made = [name for name in executor.connection.introspection.table_names(cursor) if name.startswith("of_")]
    assert made == ["of_crm"]
    assert {("payments", "0098_of_a_test"), ("payments", "0099_of_a_test")} <= set(
        executor.recorder.applied_migrations()
    )

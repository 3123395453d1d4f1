"""The log against the databases that it follows: what agrees with itself everywhere can still be untrue."""

from __future__ import annotations

import psycopg
from django.db import connections

from audit.rules.findings import Code
from audit.selectors.reconciliation import compare_with_sources
from audit.tests.logs import Log, Superuser
from fintech.cells import alias_for
from fintech.factlog.heartbeats import beat
from tests.clusters import TestClusters


def source_ruler(clusters: TestClusters) -> psycopg.Connection:  # type: ignore[type-arg]
    """A superuser of the crm database whose fact log is no longer protected."""
    connection = clusters.superuser("eu", connections[alias_for("crm")].settings_dict["NAME"])
    connection.execute("ALTER TABLE factlog_fact DISABLE TRIGGER USER")
    return connection


def test_every_row_of_every_source_is_in_the_log(log: Log) -> None:
    beat()
    log.record(3)
    log.record(2, concern="payments")
    beat()
    log.follow()
    assert compare_with_sources() == {
        "crm.fact": 3,
        "trading.fact": 0,
        "trading.transfer": 0,
        "payments.fact": 2,
        "payments.transfer": 0,
    }


def test_rows_that_arent_appended_yet_are_no_disagreement(log: Log) -> None:
    log.grow(3)
    log.record(2)
    assert compare_with_sources()["crm.fact"] == 3


def test_a_row_changed_at_its_source_is_found(log: Log, clusters: TestClusters) -> None:
    log.with_checkpoints()
    with source_ruler(clusters) as ruler:
        ruler.execute("UPDATE factlog_fact SET reason = 'another' WHERE id = 7")
    finding = log.source_finding()
    assert (finding.code, finding.entry) == (Code.SOURCE_ROW_DIFFERS, 6)
    assert "crm.fact 7, which has another reason in its database" in finding.detail


def test_a_row_deleted_at_its_source_is_found(log: Log, clusters: TestClusters) -> None:
    log.with_checkpoints()
    with source_ruler(clusters) as ruler:
        ruler.execute("DELETE FROM factlog_fact WHERE id = 30")
    finding = log.source_finding()
    assert (finding.code, finding.entry) == (Code.SOURCE_ROW_GONE, 29)


def test_a_row_smuggled_in_at_its_source_is_found(log: Log, clusters: TestClusters) -> None:
    log.grow(5)
    with source_ruler(clusters) as ruler:
        ruler.execute("SELECT nextval('factlog_fact_id_seq')")
        log.grow(1)
        ruler.execute(
            "INSERT INTO factlog_fact SELECT 6, kind, version, subject_type, 'x', seq, recorded_at, actor, "
            "request_id, reason, journal_id, data FROM factlog_fact WHERE id = 5"
        )
    finding = log.source_finding()
    assert finding.code == Code.SOURCE_ROW_NOT_LOGGED
    assert "crm.fact 6" in finding.detail


def test_a_row_taken_out_of_the_log_before_it_was_signed_is_found(log: Log, superuser: Superuser) -> None:
    """Head, reach and numbers agree; but its follower has gone further than the log says."""
    log.grow(5)
    superuser.remove(4)
    superuser.recompute_head()
    log.verify()
    finding = log.source_finding()
    assert finding.code == Code.SOURCE_ROW_NOT_LOGGED
    assert "crm.fact 5 (crm.thing.happened)" in finding.detail


def test_a_column_that_the_source_got_later_is_no_disagreement(log: Log, clusters: TestClusters) -> None:
    log.grow(2)
    with source_ruler(clusters) as ruler:
        ruler.execute("ALTER TABLE factlog_fact ADD COLUMN later text DEFAULT 'x'")
    log.grow(2)
    assert compare_with_sources()["crm.fact"] == 4


def test_a_restored_source_goes_on_in_a_new_life(log: Log, clusters: TestClusters) -> None:
    log.grow(3)
    with source_ruler(clusters) as ruler:
        ruler.execute("INSERT INTO factlog_incarnation (parent, shared_fact_id) SELECT id, 3 FROM factlog_incarnation")
    log.grow(2)
    assert compare_with_sources()["crm.fact"] == 5
    assert len({row["incarnation"] for row in log.rows()}) == 2
    log.verify()


def test_what_a_restored_source_lost_is_found(log: Log, clusters: TestClusters) -> None:
    log.grow(3)
    with source_ruler(clusters) as ruler:
        ruler.execute("DELETE FROM factlog_fact WHERE id = 3")
        ruler.execute("INSERT INTO factlog_incarnation (parent, shared_fact_id) SELECT id, 2 FROM factlog_incarnation")
    finding = log.source_finding()
    assert (finding.code, finding.entry) == (Code.SOURCE_ROW_GONE, 2)


def test_entries_of_a_life_that_the_source_doesnt_know_are_found(log: Log, clusters: TestClusters) -> None:
    log.grow(3)
    with source_ruler(clusters) as ruler:
        ruler.execute("UPDATE factlog_incarnation SET id = gen_random_uuid()")
    assert log.source_finding().code == Code.SOURCE_UNKNOWN

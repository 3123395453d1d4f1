"""Reports, lists and dashboards read the replica and say as of when; what is written goes to the primary."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections, router, transaction
from prometheus_client import REGISTRY

from fintech.cells import CellContext, NoCellBound, reading
from fintech.cells.replicas import probe

if TYPE_CHECKING:
    from tests.clusters import TestClusters


@pytest.fixture
def replicated(clusters: TestClusters, eu: CellContext) -> CellContext:
    """The cell `eu`, its replica level with its primary."""
    with transaction.atomic(using="eu_crm"):
        Group.objects.create(name=f"written just now {time.time_ns()}")
    clusters.replicate("eu")
    return eu


def fallbacks(why: str) -> float:
    return REGISTRY.get_sample_value("fintech_replica_fallbacks_total", {"cell": "eu", "why": why}) or 0.0


def test_a_report_is_read_from_the_replica_and_says_as_of_when(replicated: CellContext) -> None:
    with reading("report") as chosen:
        assert router.db_for_read(Group) == "eu_crm_replica"
        found = Group.objects.first()
        with connections["eu_crm_replica"].cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            assert cursor.fetchone() == (True,)
    assert found is not None
    assert found._state.db == "eu_crm_replica"
    assert chosen.replica
    assert timedelta(0) <= datetime.now(UTC) - chosen.as_of < timedelta(seconds=10)


def test_outside_a_report_everything_is_read_from_the_primary(replicated: CellContext) -> None:
    with reading("report"):
        pass
    assert router.db_for_read(Group) == "eu_crm"


def test_a_write_inside_a_report_goes_to_the_primary(replicated: CellContext) -> None:
    with reading("report"):
        assert router.db_for_write(Group) == "eu_crm"


def test_a_transaction_reads_its_own_primary_even_inside_a_report(replicated: CellContext) -> None:
    with reading("report"), transaction.atomic(using="eu_crm"):
        created = Group.objects.create(name=f"of this transaction {time.time_ns()}")
        assert router.db_for_read(Group) == "eu_crm"
        assert Group.objects.filter(pk=created.pk).exists()
        transaction.set_rollback(True, using="eu_crm")


def test_an_object_read_from_the_replica_is_saved_on_the_primary(replicated: CellContext) -> None:
    with reading("report"):
        group = Group.objects.order_by("-pk")[0]
    group.name = f"renamed {time.time_ns()}"
    group.save()
    assert Group.objects.get(pk=group.pk).name == group.name


def test_a_replica_further_behind_than_the_limit_serves_nothing(replicated: CellContext, settings: Any) -> None:
    settings.FINTECH_REPLICA_LAG_SECONDS = -1
    before = fallbacks("behind")
    with reading("report") as chosen:
        assert router.db_for_read(Group) == "eu_crm"
    assert (chosen.replica, chosen.why) == (False, "behind")
    assert fallbacks("behind") == before + 1


def test_a_dead_replica_costs_nobody_a_time_out(clusters: TestClusters, replicated: CellContext) -> None:
    """The probe notices, then the primary serves at once; and the replica again as soon as it's back."""
    replica = clusters.stack.replica("eu")
    replica.stop()
    try:
        probe.forget()
        before = fallbacks("down")
        with reading("report") as chosen:
            assert Group.objects.first() is not None
        assert (chosen.replica, chosen.why) == (False, "down")
        assert fallbacks("down") == before + 1
    finally:
        replica.start()
    clusters.replicate("eu")
    with transaction.atomic(using="eu_crm"):
        Group.objects.create(name=f"after the replica came back {time.time_ns()}")
    clusters.replicate("eu")
    with reading("report") as chosen:
        assert chosen.replica, chosen.why


def test_a_running_probe_notices_by_itself_that_a_replica_died(clusters: TestClusters, replicated: CellContext) -> None:
    with reading("report") as chosen:
        assert chosen.replica
    replica = clusters.stack.replica("eu")
    replica.stop()
    try:
        deadline = time.monotonic() + 15
        while chosen.replica:
            assert time.monotonic() < deadline, "the probe doesn't notice"
            time.sleep(0.05)
            with reading("report") as chosen:
                pass
        assert chosen.why == "down"
    finally:
        replica.start()
    clusters.replicate("eu")


def test_who_reads_before_the_probe_has_noticed_is_served_by_the_primary(
    clusters: TestClusters, replicated: CellContext
) -> None:
    with reading("report") as chosen:
        assert chosen.replica
    connections["eu_crm_replica"].close()
    replica = clusters.stack.replica("eu")
    before = fallbacks("down")
    with reading("report") as chosen:
        replica.stop()
        try:
            assert chosen.replica, "it was chosen when it was still there"
            assert Group.objects.first() is not None
            assert router.db_for_read(Group) == "eu_crm"
            assert fallbacks("down") == before + 1
            with reading("report") as later:
                assert (later.replica, later.why) == (False, "down"), "nobody else need try"
        finally:
            replica.start()
    clusters.replicate("eu")


def test_there_is_no_reading_without_a_cell(both_cells: None) -> None:
    with pytest.raises(NoCellBound), reading("report"):
        pass


def test_an_unknown_way_of_reading_is_refused(eu: CellContext) -> None:
    with pytest.raises(ValueError, match="'yesterday' is no way of reading"), reading("yesterday"):  # type: ignore[arg-type]
        pass

"""One relay leads, another takes over; what breaks, stops or fails holds up nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep

import pytest
from django.db import DatabaseError, connections
from prometheus_client import REGISTRY

from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from fintech.factlog import Followed
from fintech.factlog import relay as relays
from fintech.factlog.followers import HEARTBEAT
from fintech.factlog.following import StaleLeader
from fintech.factlog.models import Fact
from fintech.factlog.relay import ELECTION, Relay
from fintech.factlog.tests.following_here import epoch_of, following, last_fact_id, tell_all
from tests.clusters import TestClusters
from tests.relays import StepwiseRelay


def until(condition: Callable[[], object], what: str) -> None:
    deadline = monotonic() + 20
    while not condition():
        assert monotonic() < deadline, what
        sleep(0.005)


@contextmanager
def running(name: str) -> Iterator[Relay]:
    """A relay in a thread of its own that serves one follower, looks after itself often, and rings no bells."""
    relay = Relay("eu")
    relay.followers = [follower for follower in relay.followers if follower.name == name]
    thread = Thread(target=relay.run)
    thread.start()
    try:
        yield relay
    finally:
        relay.stop()
        thread.join(30)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "BEAT_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(relays, "all_bells", dict)


def end_sessions(clusters: TestClusters, where: str, *parameters: object) -> None:
    with clusters.superuser("eu") as superuser:
        superuser.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {where}".encode(), parameters
        )


def test_one_relay_leads_and_another_takes_over(eu: CellContext, quick: None) -> None:
    seen: list[int] = []
    with following("test.relayed", lambda entry: seen.append(entry.fact.number)), running("test.relayed") as first:
        until(first.leading.is_set, "nobody leads")
        epoch = epoch_of()
        with running("test.relayed") as second:
            tell_all(uuid7(), 1)
            until(lambda: seen == [1], "the leader doesn't follow")
            assert not second.leading.is_set()
            first.stop()
            until(second.leading.is_set, "nobody takes over")
            assert epoch_of() == epoch + 1
            tell_all(uuid7(), 2)
            until(lambda: seen == [1, 2], "the successor doesn't follow")


def test_only_a_leader_says_that_it_leads_and_how_far_its_followers_are(eu: CellContext, quick: None) -> None:
    def shown(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"fintech_{name}", {"cell": "eu", **labels})

    with following("test.relayed", lambda entry: None), running("test.relayed") as relay:
        until(relay.leading.is_set, "nobody leads")
        tell_all(uuid7(), 1)
        until(lambda: shown("follower_lag_rows", follower="test.relayed") == 0, "it doesn't follow")
        assert shown("relay_leading") == 1
    assert shown("relay_leading") == 0
    assert shown("follower_lag_rows", follower="test.relayed") is None, "what it was isn't what it is"


def test_a_relay_goes_on_after_its_sessions_were_ended(clusters: TestClusters, eu: CellContext, quick: None) -> None:
    seen: list[int] = []
    with following("test.relayed", lambda entry: seen.append(entry.fact.number)), running("test.relayed"):
        tell_all(uuid7(), 1)
        until(lambda: seen == [1], "the relay doesn't follow")
        end_sessions(clusters, "datname = %s", connections["eu_payments"].settings_dict["NAME"])
        connections["eu_payments"].close()
        tell_all(uuid7(), 2)
        until(lambda: seen == [1, 2], "the relay doesn't come back")


def test_who_has_lost_the_election_without_noticing_stands_again(
    clusters: TestClusters, eu: CellContext, quick: None
) -> None:
    with following("test.relayed", lambda entry: None), running("test.relayed") as relay:
        until(relay.leading.is_set, "nobody leads")
        epoch = epoch_of()
        end_sessions(clusters, "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s)", ELECTION)
        until(lambda: epoch_of() > epoch, "it goes on as if it led")


def test_an_epoch_that_another_has_taken_is_not_taken_again(eu: CellContext, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = StepwiseRelay("eu")
    relay._take_over()
    monkeypatch.setattr(relays, "_epoch", lambda alias: 0)
    with pytest.raises(StaleLeader, match="or a later one already"):
        relay._take_over()


def test_a_follower_that_stopped_stops_no_other_and_is_not_tried_again(eu: CellContext) -> None:
    tries, seen = [], []

    def fail(entry: Followed) -> None:
        tries.append(entry.id)
        raise ValueError("poison")

    with (
        following("test.stops", fail, stops_on_error=True) as stops,
        following("test.goes_on", lambda entry: seen.append(entry.fact.number)) as goes_on,
    ):
        relay = StepwiseRelay("eu")
        relay.followers = [stops, goes_on]
        epoch = relay._take_over()
        tell_all(uuid7(), 1, 2)
        final = last_fact_id()
        for _ in range(2):
            for chosen in relay.followers:
                if chosen.name not in relay._stopped:
                    relay._step(chosen, final, epoch)
    assert (len(tries), seen) == (1, [1, 2])
    assert "poison" in relay._stopped["test.stops"]


def ringing(monkeypatch: pytest.MonkeyPatch, *, raising: Exception) -> list[str]:
    rung: list[str] = []

    def broken() -> int:
        rung.append("broken")
        raise raising

    def sound() -> int:
        rung.append("sound")
        return 1

    monkeypatch.setattr(relays, "all_bells", lambda: {"a": broken, "b": sound})
    return rung


def test_a_bell_that_fails_silences_no_other(eu: CellContext, monkeypatch: pytest.MonkeyPatch) -> None:
    rung = ringing(monkeypatch, raising=ValueError())
    relay = Relay("eu")
    relay._due()
    assert rung == ["broken", "sound"]
    relay._due()
    assert rung == ["broken", "sound"], "not again before its time"


def test_a_lost_database_is_for_the_relay_to_mend(eu: CellContext, monkeypatch: pytest.MonkeyPatch) -> None:
    ringing(monkeypatch, raising=DatabaseError())
    with pytest.raises(DatabaseError):
        Relay("eu")._due()


def test_the_relay_tells_the_time_and_a_partial_one_does_not(eu: CellContext) -> None:
    before = last_fact_id()
    Relay("eu", only=[])._due()
    assert last_fact_id() == before
    Relay("eu")._due()
    assert list(Fact.objects.using("eu_crm").filter(id__gt=before).values_list("kind", flat=True)) == [HEARTBEAT]

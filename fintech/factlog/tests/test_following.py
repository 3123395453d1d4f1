"""Followers see every fact once, in the order of its subject, and a poisoned one blocks only its own subject."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import connections, transaction
from prometheus_client import REGISTRY

from fintech.cells import Actor, CellContext, cell, maintenance
from fintech.cells.identifiers import uuid7
from fintech.factlog import Followed, follower, record
from fintech.factlog.followers import _followers
from fintech.factlog.following import FollowerStopped, StaleLeader, step
from fintech.factlog.models import Parked
from fintech.factlog.parked import retry_subject
from fintech.facts import fact
from fintech.journal import verb
from tests.relays import StepwiseRelay


@fact("crm.test.counted", version=1)
class Counted:
    counter_id: UUID
    number: int


@verb("crm")
def count(*, key: str, counter_id: UUID, number: int) -> int:
    return record(Counted(counter_id=counter_id, number=number), subject=("counter", counter_id))


seen: list[tuple[UUID, int]] = []
poison: set[int] = set()


@pytest.fixture(autouse=True)
def observer() -> Iterator[None]:
    @follower("test.observer", source="crm.fact", kinds=(Counted,), into="payments", replayable=True)
    def observe(entry: Followed) -> None:
        if entry.fact.number in poison:
            raise ValueError(f"number {entry.fact.number} is poison")
        seen.append((entry.fact.counter_id, entry.fact.number))

    seen.clear()
    poison.clear()
    yield
    del _followers["test.observer"]


@pytest.fixture
def relay(fresh_eu: CellContext, observer: None) -> Iterator[StepwiseRelay]:
    relay = StepwiseRelay("eu")
    relay.followers = [_followers["test.observer"]]
    yield relay
    relay.close()


@contextmanager
def open_transaction_that_drew_an_id(counter: UUID) -> Iterator[threading.Event]:
    """A writer in another session that has recorded a fact and not yet committed; set the event to let it."""
    drawn, finish = threading.Event(), threading.Event()

    def write() -> None:
        with cell("eu", actor=Actor.system("late writer")), transaction.atomic(using="eu_crm"):
            with connections["eu_crm"].cursor() as cursor:
                cursor.execute(
                    "SELECT factlog_record_v1('crm.test.counted', 1::smallint, 'counter', %s, %s::jsonb)",
                    [str(counter), f'{{"counter_id": "{counter}", "number": 0}}'],
                )
            drawn.set()
            finish.wait(20)
        connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    assert drawn.wait(10)
    yield finish
    finish.set()
    thread.join()


def test_every_fact_is_followed_once_and_in_order(relay: StepwiseRelay) -> None:
    counter = uuid7()
    for number in range(1, 30):
        count(key=f"{counter}{number}", counter_id=counter, number=number)
    relay.run_until_idle()
    relay.run_until_idle()
    assert seen == [(counter, number) for number in range(1, 30)]


def test_a_late_commit_with_a_lower_id_is_waited_for_and_not_skipped(relay: StepwiseRelay) -> None:
    late, quick = uuid7(), uuid7()
    with open_transaction_that_drew_an_id(late) as finish:
        count(key=f"{quick}", counter_id=quick, number=1)
        with pytest.raises(TimeoutError):
            relay.run_until_idle(seconds=0.3)
        assert seen == []
        assert relay._horizon is not None
        assert relay._horizon.age_seconds > 0.2
        assert relay._horizon.holder() is not None
        assert (REGISTRY.get_sample_value("fintech_horizon_age_seconds", {"cell": "eu"}) or 0) > 0.2
        finish.set()
        relay.run_until_idle()
    assert seen == [(late, 0), (quick, 1)]


def test_a_poisoned_fact_parks_its_own_subject_and_no_other(relay: StepwiseRelay) -> None:
    sick, well = uuid7(), uuid7()
    poison.add(2)
    for number in (1, 2, 3):
        count(key=f"{sick}{number}", counter_id=sick, number=number)
    count(key=f"{well}", counter_id=well, number=7)
    relay.run_until_idle()
    assert seen == [(sick, 1), (well, 7)]
    parked = Parked.objects.using("eu_payments").filter(resolved_at=None).order_by("fact_id")
    assert [row.error.partition(":")[0] for row in parked] == [
        "ValueError",
        "waits behind an earlier fact of the same subject",
    ]

    failed = retry_subject("test.observer", subject=("counter", str(sick)))
    assert failed.applied == 0
    assert failed.error is not None

    poison.clear()
    assert retry_subject("test.observer", subject=("counter", str(sick))).applied == 2
    assert seen[-2:] == [(sick, 2), (sick, 3)]
    count(key=f"{sick}4", counter_id=sick, number=4)
    relay.run_until_idle()
    assert seen[-1] == (sick, 4)


def test_a_stale_leader_can_do_nothing(relay: StepwiseRelay) -> None:
    counter = uuid7()
    relay.run_until_idle()
    stale = relay._epoch
    StepwiseRelay("eu")._take_over()
    count(key=f"{counter}", counter_id=counter, number=1)
    with pytest.raises(StaleLeader):
        step(_followers["test.observer"], final=10**9, epoch=stale)
    assert seen == []


def new_incarnation(shared_fact_id: int) -> None:
    with maintenance(), connections["eu_crm"].cursor() as cursor:
        cursor.execute("SELECT factlog_new_incarnation_v1(%s, 0)", [shared_fact_id])


def last_fact_id() -> int:
    with connections["eu_crm"].cursor() as cursor:
        cursor.execute("SELECT max(id) FROM factlog_fact")
        return int(cursor.fetchone()[0])


def test_bookmarks_carry_over_into_a_restored_source_up_to_what_both_lives_share(relay: StepwiseRelay) -> None:
    counter = uuid7()
    count(key="1", counter_id=counter, number=1)
    relay.run_until_idle()
    new_incarnation(last_fact_id())
    count(key="2", counter_id=counter, number=2)
    relay.run_until_idle()
    assert seen == [(counter, 1), (counter, 2)]


def test_a_follower_beyond_the_shared_history_stops_and_says_so(relay: StepwiseRelay) -> None:
    counter = uuid7()
    count(key="1", counter_id=counter, number=1)
    relay.run_until_idle()
    new_incarnation(last_fact_id() - 1)
    with pytest.raises(FollowerStopped, match="shares its history only up to"):
        step(_followers["test.observer"], final=10**9, epoch=relay._epoch)

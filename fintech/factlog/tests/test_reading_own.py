"""What somebody has just changed is read back: from the replica only once it shows it, until then from the primary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.apps import apps
from django.db import router
from django.db.models import Model
from django_redis import get_redis_connection
from prometheus_client import REGISTRY

from crm.models import User
from fintech.cells import Actor, CellContext, acting_as, reading
from fintech.cells.freshness import leave_marks, mark_of
from fintech.cells.identifiers import uuid7
from fintech.factlog import Followed, follower, record
from fintech.factlog.followers import _followers
from fintech.facts import fact
from fintech.journal import verb
from tests.relays import StepwiseRelay

if TYPE_CHECKING:
    from tests.clusters import TestClusters


@fact("crm.test.changed", version=1)
class Greeted:
    client_id: UUID


@verb("crm")
def greet(*, key: str, client_id: UUID) -> UUID:
    record(Greeted(client_id=client_id), subject=("client", client_id))
    return User.objects.create(email=f"{uuid7()}@example.org", password="!").pk


class Replay:
    """The replica of `eu`, whose replay can be held."""

    def __init__(self, clusters: TestClusters) -> None:
        self.clusters = clusters

    def _on_the_replica(self, function: bytes) -> None:
        port = self.clusters.layout.replica_port("eu")
        with self.clusters.superuser("eu", port=port) as replica:
            replica.execute(b"SELECT " + function)

    def hold(self) -> None:
        self.clusters.replicate("eu")
        self._on_the_replica(b"pg_wal_replay_pause()")

    def go_on(self) -> None:
        self._on_the_replica(b"pg_wal_replay_resume()")
        self.clusters.replicate("eu")


@pytest.fixture
def replay(clusters: TestClusters) -> Iterator[Replay]:
    replay = Replay(clusters)
    yield replay
    replay.go_on()


@pytest.fixture
def ada(eu: CellContext) -> UUID:
    """A client who has changed something long ago."""
    client_id = uuid7()
    with acting_as(Actor.client(client_id)):
        greet(key=str(uuid7()), client_id=client_id)
    return client_id


def where(client_id: UUID, model: type[Model] = User) -> str:
    with acting_as(Actor.client(client_id)), reading("own"):
        return router.db_for_read(model)


def test_a_change_is_read_back_from_the_primary_until_the_replica_shows_it(replay: Replay, ada: UUID) -> None:
    replay.hold()
    assert where(ada) == "eu_crm_replica", "what she did before has been replayed"
    with acting_as(Actor.client(ada)):
        made = greet(key=str(uuid7()), client_id=ada)
        with reading("own"):
            assert User.objects.get(pk=made)._state.db == "eu_crm"
        replay.go_on()
        with reading("own"):
            assert User.objects.get(pk=made)._state.db == "eu_crm_replica"


def test_what_staff_do_for_a_client_counts_for_the_client_too(replay: Replay, ada: UUID) -> None:
    replay.hold()
    with acting_as(Actor.staff(uuid7())):
        greet(key=str(uuid7()), client_id=ada)
        with reading("own", client_id=ada):
            assert router.db_for_read(User) == "eu_crm"
    assert where(ada) == "eu_crm"


def test_what_others_do_holds_nobody_up(replay: Replay, ada: UUID) -> None:
    replay.hold()
    greet(key=str(uuid7()), client_id=uuid7())
    assert where(ada) == "eu_crm_replica"


def test_each_database_is_asked_by_itself(replay: Replay, ada: UUID) -> None:
    leave_marks("eu_payments", {str(Actor.client(ada))})
    replay.hold()
    with acting_as(Actor.client(ada)):
        greet(key=str(uuid7()), client_id=ada)
    assert (where(ada), where(ada, apps.get_model("payments", "Wallet"))) == ("eu_crm", "eu_payments_replica")


def test_who_has_no_mark_reads_the_primary(replay: Replay, eu: CellContext) -> None:
    replay.hold()
    counted = {"cell": "eu", "why": "no mark"}
    before = REGISTRY.get_sample_value("fintech_replica_fallbacks_total", counted) or 0
    assert where(uuid7()) == "eu_crm"
    assert REGISTRY.get_sample_value("fintech_replica_fallbacks_total", counted) == before + 1


def test_a_mark_is_never_replaced_by_an_older_one(ada: UUID) -> None:
    subject = str(Actor.client(ada))
    get_redis_connection().set(f"eu:mark:eu_crm:{subject}", 2**52)
    leave_marks("eu_crm", {subject})
    assert mark_of("eu_crm", [subject]) == 2**52


def test_what_a_follower_does_for_a_client_is_marked_where_it_writes(fresh_eu: CellContext) -> None:
    @follower("test.greeted", source="crm.fact", kinds=(Greeted,), into="payments", replayable=True)
    def notice(entry: Followed) -> None:
        assert entry.fact

    relay = StepwiseRelay("eu")
    relay.followers = [_followers.pop("test.greeted")]
    client_id = uuid7()
    subject = str(Actor.client(client_id))
    greet(key=str(uuid7()), client_id=client_id)
    assert mark_of("eu_payments", [subject]) is None
    relay.run_until_idle()
    relay.close()
    assert mark_of("eu_payments", [subject]) is not None

"""Relay and primary are killed at random instants under concurrent writers: no follower misses, repeats or reorders.

The writers keep a record of their own of what was acknowledged; it is compared with what the follower wrote down.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from fintech.cells import CellContext
from fintech.secrets import secret
from fintech.stack.layout import REPOSITORY
from tests.clusters import TestClusters

pytestmark = pytest.mark.fault

WRITERS = 8
SUBJECTS = 12
FIRE_SECONDS = 12.0
RECORD = "SELECT fact_seq FROM factlog_record_v1('crm.test.fired', 1::smallint, 'target', %s, '{}')"


class Writers:
    """Threads that record facts, with savepoints and rollbacks; one of them commits late, every time."""

    def __init__(self, clusters: TestClusters, database: str) -> None:
        self.clusters, self.database = clusters, database
        self.acknowledged: dict[str, set[int]] = defaultdict(set)
        self.stop = threading.Event()
        self.errors: list[BaseException] = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        chance = random.Random(number)
        while not self.stop.is_set():
            try:
                with self._connect() as connection:
                    while not self.stop.is_set():
                        self._one(connection, chance, late=number == 0)
            except (psycopg.OperationalError, psycopg.Rollback):
                # The server is down (a rollback that it interrupts comes out as such); try until it is back.
                time.sleep(0.05)
            except BaseException as error:
                self.errors.append(error)
                return

    def _one(self, connection: psycopg.Connection[tuple[int]], chance: random.Random, *, late: bool) -> None:
        written: list[tuple[str, int]] = []
        with connection.transaction():
            for subject in sorted(chance.sample(range(SUBJECTS), chance.randint(1, 3))):
                written += self._perhaps_undone(connection, f"subject-{subject}", chance)
            if late:
                time.sleep(chance.uniform(0.2, 0.6))  # the fault itself: a transaction that commits late
            if chance.random() < 0.15:
                written.clear()
                raise psycopg.Rollback
        with self._lock:
            for subject, seq in written:
                self.acknowledged[subject].add(seq)

    def _perhaps_undone(
        self, connection: psycopg.Connection[tuple[int]], subject: str, chance: random.Random
    ) -> list[tuple[str, int]]:
        kept: list[tuple[str, int]] = []
        with connection.transaction():
            row = connection.execute(RECORD, [subject]).fetchone()
            assert row is not None
            if chance.random() < 0.2:
                raise psycopg.Rollback
            kept.append((subject, row[0]))
        return kept

    def _connect(self) -> psycopg.Connection[tuple[int]]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.clusters.layout.primary_port("eu"),
            dbname=self.database,
            user="crm_app",
            password=secret("eu/database/crm_app"),
            sslmode="verify-full",
            sslrootcert=str(self.clusters.layout.certificate_authority),
            autocommit=True,
            connect_timeout=2,
        )


def start_relay() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.observing_relay"], cwd=REPOSITORY, env=dict(os.environ)
    )


class Relays:
    """Two relays, one of which leads. While under fire, whenever one leads, a random one is killed by SIGKILL."""

    def __init__(self, clusters: TestClusters, database: str) -> None:
        self.clusters, self.database = clusters, database
        self.relays = [start_relay(), start_relay()]
        self.shots = 0

    @contextmanager
    def under_fire(self) -> Iterator[None]:
        stop = threading.Event()
        shooter = threading.Thread(target=self._shoot, args=(stop,))
        shooter.start()
        yield
        stop.set()
        shooter.join()

    def _shoot(self, stop: threading.Event) -> None:
        chance = random.Random(7)
        epoch_before = 0
        while not stop.wait(0.05):
            epoch = self._epoch()
            if epoch <= epoch_before:
                continue
            epoch_before = epoch
            stop.wait(chance.uniform(0.0, 1.0))  # a random instant
            victim = chance.randrange(2)
            self.relays[victim].send_signal(signal.SIGKILL)
            self.relays[victim].wait()
            self.relays[victim] = start_relay()
            self.shots += 1

    def _epoch(self) -> int:
        try:
            return int(str(read(self.clusters, self.database, "SELECT epoch FROM factlog_leadership")[0][0]))
        except psycopg.OperationalError:
            return 0

    def end(self) -> None:
        for relay in self.relays:
            relay.terminate()
        for relay in self.relays:
            relay.wait(30)


@pytest.fixture
def relays(clusters: TestClusters, fresh_eu: CellContext) -> Iterator[Relays]:
    relays = Relays(clusters, f"payments{os.environ['FINTECH_DATABASE_SUFFIX']}")
    yield relays
    relays.end()


def read(clusters: TestClusters, database: str, query: str) -> list[tuple[object, ...]]:
    with clusters.superuser("eu", database) as connection:
        return connection.execute(query.encode()).fetchall()


def test_no_follower_misses_repeats_or_reorders(clusters: TestClusters, relays: Relays) -> None:
    suffix = os.environ["FINTECH_DATABASE_SUFFIX"]
    crm, payments = f"crm{suffix}", f"payments{suffix}"
    with clusters.superuser("eu", payments) as connection:
        connection.execute(
            "CREATE TABLE observed (place bigserial PRIMARY KEY, fact_id bigint, subject text, seq bigint)"
        )
        connection.execute("GRANT INSERT ON observed TO payments_app")
        connection.execute("GRANT USAGE ON SEQUENCE observed_place_seq TO payments_app")

    with relays.under_fire(), Writers(clusters, crm) as writers:
        primary = clusters.stack.primary("eu")
        chance = random.Random(3)
        end = time.monotonic() + FIRE_SECONDS
        while time.monotonic() < end or not relays.shots:
            time.sleep(chance.uniform(2.0, 4.0))  # a random instant
            primary.stop(mode="immediate")
            primary.start()
    assert not writers.errors
    wait_for_the_follower(clusters, crm, payments)

    in_source = read(
        clusters, crm,
        "SELECT subject_id, seq FROM factlog_fact WHERE kind = 'crm.test.fired' ORDER BY id",
    )  # fmt: skip
    observed = read(clusters, payments, "SELECT subject, seq FROM observed ORDER BY place")
    assert len(in_source) > 100
    assert sorted(observed) == sorted(in_source)
    by_subject: dict[object, list[object]] = defaultdict(list)
    for subject, seq in observed:
        by_subject[subject].append(seq)
    for subject, numbers in by_subject.items():
        assert numbers == list(range(1, len(numbers) + 1)), subject
    for name, sequence_numbers in writers.acknowledged.items():
        assert sequence_numbers <= set(by_subject[name]), "something acknowledged is missing"


def wait_for_the_follower(clusters: TestClusters, crm: str, payments: str) -> None:
    last = int(str(read(clusters, crm, "SELECT max(id) FROM factlog_fact")[0][0]))
    deadline = time.monotonic() + 90
    bookmark = "SELECT coalesce(max(last_id), 0) FROM factlog_bookmark WHERE follower = 'test.fire_observer'"
    while (seen := int(str(read(clusters, payments, bookmark)[0][0]))) < last:
        assert time.monotonic() < deadline, f"the follower stays at {seen}, the log ends at {last}"
        time.sleep(0.1)

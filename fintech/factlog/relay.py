"""The relay: one process a cell lets the followers follow, rings for unapplied work, and tells the time.

Several may run; a session lock elects the leader. Leading is fenced by an epoch in every database that followers
write: a leader that lost its place without noticing can do nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, connections
from prometheus_client import Counter, Gauge

from fintech.cells.actors import Actor
from fintech.cells.context import alias_for, cell
from fintech.factlog.bells import RING_EVERY_SECONDS, all_bells
from fintech.factlog.followers import Follower, all_followers
from fintech.factlog.following import FollowerStopped, StaleLeader, forget_lags, step
from fintech.factlog.heartbeats import BEAT_EVERY_SECONDS, beat
from fintech.factlog.horizon import Horizon, connect_for_relay
from fintech.factlog.wake_up import AWAKE_SECONDS

logger = logging.getLogger(__name__)

ELECTION = 0x66616374  # "fact": the advisory lock in crm that the leader holds
QUICK_SECONDS = 0.005
SLOW_SECONDS = 0.1
HOLDER_AFTER_SECONDS = 5.0

horizon_age = Gauge("fintech_horizon_age_seconds", "How long an open transaction has held the logs back", ["cell"])
horizon_holder = Gauge(
    "fintech_horizon_holder_pid", "Process id of the session that holds the logs back; 0 while none does", ["cell"]
)
leading = Gauge("fintech_relay_leading", "Whether this relay leads its cell", ["cell"])
stopped_followers = Gauge("fintech_followers_stopped", "Followers that stopped at a fact", ["cell"])
epochs = Counter("fintech_relay_elections_total", "How often a relay became the leader", ["cell"])


class Relay:
    """Relays one cell's facts until told to stop."""

    def __init__(self, cell_name: str, *, only: Iterable[str] | None = None) -> None:
        """`only` names the followers to serve; by default all. Bells and heartbeats go with all of them."""
        chosen = all_followers()
        self.cell_name = cell_name
        self.complete = only is None
        self.followers: list[Follower] = [chosen[name] for name in (only if only is not None else chosen)]
        self.leading = threading.Event()
        self._stop = threading.Event()
        self._stopped: dict[str, str] = {}
        self._next_bell = self._next_beat = self._next_look = 0.0

    def stop(self) -> None:
        """Ask the relay to end after its present step."""
        self._stop.set()

    def run(self) -> None:
        """Wait to be elected, lead, and begin again after a broken connection; returns after `stop`."""
        with cell(self.cell_name, actor=Actor.system("relay")):
            self._tell_no_longer()
            while not self._stop.is_set():
                try:
                    self._stand_for_election()
                except StaleLeader as stale:
                    logger.warning("another relay leads", extra={"why": str(stale)})
                except (psycopg.Error, DatabaseError, InterfaceError, OSError) as error:
                    logger.warning("the relay lost a database", extra={"error": type(error).__name__})
                    self._stop.wait(0.2)
                finally:
                    self.leading.clear()
                    self._tell_no_longer()
                    connections.close_all()

    def _stand_for_election(self) -> None:
        election = connect_for_relay(alias_for("crm"))
        try:
            while not self._stop.is_set():
                row = election.execute("SELECT pg_try_advisory_lock(%s)", [ELECTION]).fetchone()
                if row and row[0]:
                    self._lead(election)
                    return
                self._stop.wait(0.2)
        finally:
            election.close()

    def _lead(self, election: psycopg.Connection[Any]) -> None:
        epoch = self._take_over()
        horizon = Horizon(self.cell_name, {follower.source for follower in self.followers})
        epochs.labels(cell=self.cell_name).inc()
        self.leading.set()
        leading.labels(cell=self.cell_name).set(1)
        try:
            quick_until = 0.0
            while not self._stop.is_set():
                busy = self.turn(horizon, epoch)
                if busy or horizon.pending:
                    quick_until = time.monotonic() + AWAKE_SECONDS
                if self._due():
                    election.execute("SELECT 1")
                quick = time.monotonic() < quick_until
                if not busy:
                    horizon.wait(QUICK_SECONDS if quick else SLOW_SECONDS)
        finally:
            horizon.close()

    def turn(self, horizon: Horizon, epoch: int) -> bool:
        """Move the horizon and every follower on by one step; says whether anything was handled."""
        final = horizon.advance()
        self._watch(horizon)
        busy = False
        for follower in self.followers:
            if follower.name not in self._stopped and final[follower.source]:
                busy |= self._step(follower, final[follower.source], epoch)
        return busy

    def _step(self, follower: Follower, final: int, epoch: int) -> bool:
        if self._bookmarks.get(follower.name, -1) >= final:
            return False
        try:
            done = step(follower, final=final, epoch=epoch)
        except FollowerStopped as why:
            logger.critical("a follower stopped", extra={"follower": follower.name, "why": str(why)})
            self._stopped[follower.name] = str(why)
            stopped_followers.labels(cell=self.cell_name).set(len(self._stopped))
            return False
        self._bookmarks[follower.name] = done.bookmark
        return done.handled > 0

    def _take_over(self) -> int:
        """Become the leader in every database that followers write, with an epoch higher than any before."""
        self._bookmarks: dict[str, int] = {}
        self._stopped.clear()
        stopped_followers.labels(cell=self.cell_name).set(0)
        aliases = [alias_for(concern) for concern in ("crm", "trading", "payments", "audit")]
        epoch = 1 + max(_epoch(alias) for alias in aliases)
        for alias in aliases:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "UPDATE factlog_leadership SET epoch = %s WHERE role = 'relay' AND epoch < %s", [epoch] * 2
                )
                if cursor.rowcount != 1:
                    raise StaleLeader(f"{alias} has epoch {epoch} or a later one already")
        return epoch

    def _due(self) -> bool:
        """Ring the bells and record the time when it is time to; says whether it was."""
        now = time.monotonic()
        if not self.complete or now < min(self._next_bell, self._next_beat):
            return False
        if now >= self._next_beat:
            self._next_beat = now + BEAT_EVERY_SECONDS
            beat()
        if now >= self._next_bell:
            self._next_bell = now + RING_EVERY_SECONDS
            for name, ring in all_bells().items():
                _ring(name, ring)
        return True

    def _tell_no_longer(self) -> None:
        """What only the leader knows is the next leader's to tell."""
        leading.labels(cell=self.cell_name).set(0)
        horizon_age.labels(cell=self.cell_name).set(0)
        stopped_followers.labels(cell=self.cell_name).set(0)
        forget_lags()

    def _watch(self, horizon: Horizon) -> None:
        age = horizon.age_seconds
        horizon_age.labels(cell=self.cell_name).set(age)
        if age < HOLDER_AFTER_SECONDS:
            horizon_holder.labels(cell=self.cell_name).set(0)
        elif time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + HOLDER_AFTER_SECONDS
            holder = horizon.holder() or 0
            horizon_holder.labels(cell=self.cell_name).set(holder)
            logger.warning("the horizon is held back", extra={"seconds": round(age), "pid": holder})


def _epoch(alias: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT epoch FROM factlog_leadership WHERE role = 'relay'")
        return int(cursor.fetchone()[0])


def _ring(name: str, ring: Any) -> None:
    try:
        ring()
    except DatabaseError:
        raise
    except Exception:
        logger.exception("a bell failed", extra={"bell": name})

"""The provider as a whole: its store, its payments, and the thread that lets time pass for them."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading

from payments.psps.sandbox.behaviour import Behaviour, random_behaviour
from payments.psps.sandbox.deposits import Deposits
from payments.psps.sandbox.merchants import Merchants
from payments.psps.sandbox.outbox import Clock, Outbox
from payments.psps.sandbox.payouts import Payouts
from payments.psps.sandbox.steps import next_moment, take_due_step
from payments.psps.sandbox.store import Store
from payments.psps.sandbox.webhooks import Deliverer, RetrySchedule

LONGEST_REST_SECONDS = 5.0

log = logging.getLogger("psp_sandbox")


class Provider:
    """Everything but HTTP. ``chaos_seed`` makes payments misbehave at random (see :mod:`.behaviour`)."""

    def __init__(
        self,
        *,
        store: Store,
        merchants: Merchants,
        clock: Clock,
        retries: RetrySchedule,
        chaos_seed: int | None = None,
    ) -> None:
        self.store = store
        self.merchants = merchants
        self.clock = clock
        self.outbox = Outbox(clock)
        self.deposits = Deposits(self.outbox, clock)
        self.payouts = Payouts(self.outbox, clock)
        self._steps = self.deposits.steps | self.payouts.steps
        self._chance = None if chaos_seed is None else random.Random(chaos_seed)  # noqa: S311 - no secret
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._deliverer = Deliverer(store, merchants, clock, retries, self._wake)
        self._thread = threading.Thread(target=self._let_time_pass, name="clock")

    def start(self) -> None:
        """Start what happens by itself: due steps and deliveries, also those of before a restart."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, leave the rest for the next start, close the store."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        self._deliverer.stop()
        self.store.close()

    def something_changed(self) -> None:
        """Tell the clock thread to look at once; to be called after the commit."""
        self._wake.set()

    def usual_behaviour(self, db: sqlite3.Connection, merchant: str) -> Behaviour:
        """What the merchant has set for its payments, else chance, else the calm defaults."""
        row = db.execute("SELECT knobs FROM behaviours WHERE merchant = ?", (merchant,)).fetchone()
        if row is not None:
            return Behaviour.from_stored(row["knobs"])
        if self._chance is not None:
            return random_behaviour(self._chance)
        return Behaviour()

    def _let_time_pass(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            try:
                self._run_due_steps()
                self._deliverer.start_due()
                rest_seconds = self._rest_seconds()
            except Exception:
                log.exception("the clock thread stumbled and goes on")
                rest_seconds = 1.0
            self._wake.wait(rest_seconds)

    def _run_due_steps(self) -> None:
        while not self._stopped.is_set():
            with self.store.transaction() as db:
                due = take_due_step(db, self.clock())
                if due is None:
                    return
                step, object_id = due
                self._steps[step](db, object_id)

    def _rest_seconds(self) -> float:
        with self.store.transaction() as db:
            moments = (next_moment(db), self._deliverer.next_moment(db))
        ahead = [moment - self.clock() for moment in moments if moment is not None]
        return max(0.0, min([LONGEST_REST_SECONDS, *ahead]))

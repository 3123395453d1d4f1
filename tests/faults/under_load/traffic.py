"""A bounded load on one cell, and the outside record of it."""

from __future__ import annotations

import queue
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fintech.journey.expectations import await_that
from tests.faults.under_load.callers import Caller
from tests.faults.under_load.customers import FIRST_TRANSFER, Customer
from tests.faults.under_load.outside_record import Answer, OutsideRecord, now
from tests.faults.under_load.workers import (
    Depositor,
    FeedReader,
    Lister,
    Mover,
    Round,
    StaffLister,
    Trader,
    Withdrawer,
    paced,
)

# Each client stays well below what an API client may ask in a minute.
ROUND_SECONDS = 0.3
PROGRESS_SECONDS = 120.0
ENOUGH = 2
# One kind of progress for each way through the product.
MONEY = ("deposit", "webhook", "to trading", "to wallet", "withdrawal")
EVERYTHING = (*MONEY, "approval", "order", "feed", "list", "back office")


class Traffic:
    """Customers of one cell who do all that customers do, while it flows. The record is kept over all flows."""

    def __init__(self, customers: list[Customer]) -> None:
        self.record = OutsideRecord()
        self.paying, self.moving, self.trading, self.withdrawing = self.customers = customers
        for customer in customers:
            self.record.to_trading[customer.first_transfer_id] = (customer.client_id, int(FIRST_TRANSFER * 100))
        self._fills: queue.Queue[str] = queue.Queue()
        self._feed = FeedReader(self.trading, self.record, self._fills)
        self._seed = 0

    @contextmanager
    def flowing(self) -> Iterator[Flow]:
        """Let it flow for the block; at its end every request that was begun is decided, one way or the other."""
        self._seed += 1
        self._feed.begin()
        flow = Flow(self.record)
        flow.start(self._rounds(flow))
        try:
            yield flow
        except BaseException:
            flow.abandoned.set()
            raise
        finally:
            flow.stop()
            self._feed.close()
        assert not flow.errors, flow.errors

    def _rounds(self, flow: Flow) -> dict[str, Round]:
        record, seed = self.record, self._seed

        def caller(customer: Customer) -> Caller:
            return Caller(customer.place, customer.story.client.token or "", record, flow.abandoned)

        return {
            "depositor": Depositor(self.paying, caller(self.paying), record, random.Random(seed)).round,
            "mover": Mover(self.moving, caller(self.moving), record, random.Random(seed + 1)).round,
            "trader": Trader(self.trading, caller(self.trading), record, self._fills).round,
            "feed": self._feed.round,
            "withdrawer": Withdrawer(self.withdrawing, caller(self.withdrawing), record, random.Random(seed + 2)).round,
            "lister": Lister(caller(self.withdrawing), record).round,
            "staff lister": StaffLister(self.paying.story.maker, record).round,
        }


class Flow:
    """The load while it flows."""

    def __init__(self, record: OutsideRecord) -> None:
        self.record = record
        self.begun = now()
        self.abandoned = threading.Event()
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, rounds: dict[str, Round]) -> None:
        """Start a thread for each."""
        for name, round_ in rounds.items():
            self._threads.append(threading.Thread(target=self._run, args=(round_,), name=name))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish its round."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def await_progress(self, kinds: tuple[str, ...] = EVERYTHING, *, by: int = ENOUGH) -> None:
        """Wait until something of each kind was done `by` times from now on. Raises NotSo, or a thread's error."""
        before = Counter(self.record.done)

        def missing() -> dict[str, int]:
            assert not self.errors, self.errors
            done = self.record.done
            return {kind: done[kind] - before[kind] for kind in kinds if done[kind] - before[kind] < by}

        await_that(f"{by} of each kind", missing, lambda found: not found, seconds=PROGRESS_SECONDS)

    def await_answers(self, what: str, wanted: Callable[[Answer], bool], *, count: int = 1) -> None:
        """Wait until so many answers from now on are as wanted. Raises NotSo, or a thread's error."""
        moment = now()

        def seen() -> list[Answer]:
            assert not self.errors, self.errors
            return [answer for answer in self.record.since(moment) if wanted(answer)]

        await_that(f"{count} {what}", seen, lambda found: len(found) >= count, seconds=PROGRESS_SECONDS)

    def _run(self, round_: Round) -> None:
        while not self._stop.is_set():
            try:
                paced(round_, seconds=ROUND_SECONDS)
            except BaseException as error:
                self.errors.append(error)
                return

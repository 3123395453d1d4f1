"""Is this process alive, and may it be given work?

Live: the process answers at all; if not, it's restarted. Ready: the essential things that it needs
are there; if not, it gets no requests until they are. Apps register what they need:

    @probe("database")
    def database_answers() -> None:
        ...    # raises when it doesn't

A probe binds the cell that it looks at itself. It has DEADLINE_SECONDS; one that hangs counts as failed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django.db import connections

from fintech.observability.metrics import gauge_from

DEADLINE_SECONDS: Final = 2.0
# Load balancers ask from several places at once; the stores are asked once a second at most.
KEPT_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)

Look = Callable[[], None]


@dataclass
class _Probe:
    """A registered probe, and the thread in which it is looking at this moment."""

    name: str
    look: Look
    essential: bool
    running: threading.Thread | None = None
    failure: Exception | None = None

    def start(self) -> None:
        """Begin to look, unless the last look still hangs."""
        if self.running is not None and self.running.is_alive():
            return
        self.failure = None
        # A thread that hangs in a dead connection must not keep the process from ending.
        self.running = threading.Thread(target=self._run, name=f"probe-{self.name}", daemon=True)
        self.running.start()

    def passed(self, deadline: float) -> bool:
        """Wait for the look until the deadline (monotonic); whether it found everything well."""
        assert self.running is not None
        self.running.join(max(0.0, deadline - time.monotonic()))
        if self.running.is_alive():
            logger.error("a probe doesn't answer", extra={"probe": self.name})
            return False
        if self.failure is not None:
            logger.error("a probe failed", extra={"probe": self.name}, exc_info=self.failure)
            return False
        return True

    def _run(self) -> None:
        try:
            self.look()
        except Exception as failure:
            self.failure = failure
        finally:
            # Connections belong to their thread, and this one ends here.
            connections.close_all()


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What the probes found: which passed, and whether all the essential ones did."""

    ready: bool
    passed: dict[str, bool]

    def told(self) -> dict[str, object]:
        """What whoever asks is told: which passed and which failed, never why (that's in the log)."""
        return {
            "status": "ready" if self.ready else "unready",
            "probes": {name: "passed" if passed else "failed" for name, passed in self.passed.items()},
        }


@dataclass
class Probes:
    """The probes of this process, with their last answer."""

    _probes: dict[str, _Probe] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: Readiness | None = None
    _looked_at: float = 0.0
    _draining: bool = False

    def register(self, name: str, look: Look, *, essential: bool) -> None:
        """Add a probe; ValueError when the name is taken."""
        if name in self._probes:
            raise ValueError(f"there is a probe {name!r} already")
        self._probes[name] = _Probe(name, look, essential)

    def drain(self) -> None:
        """Be unready from now on, so that a process that is about to end gets no more requests."""
        self._draining = True

    def readiness(self) -> Readiness:
        """Ask every probe, all at the same time; an answer younger than KEPT_SECONDS is given again."""
        with self._lock:
            if self._last is None or time.monotonic() - self._looked_at > KEPT_SECONDS:
                self._last = self._look()
                self._looked_at = time.monotonic()
            last = self._last
        return Readiness(ready=False, passed=last.passed) if self._draining else last

    def _look(self) -> Readiness:
        probes = list(self._probes.values())
        deadline = time.monotonic() + DEADLINE_SECONDS
        for each in probes:
            each.start()
        passed = {each.name: each.passed(deadline) for each in probes}
        return Readiness(ready=all(passed[each.name] for each in probes if each.essential), passed=passed)

    def results(self) -> dict[tuple[str, ...], float]:
        """For the metric: 1 for each probe that passed, 0 for each that failed."""
        return {(name,): float(passed) for name, passed in self.readiness().passed.items()}


probes: Final = Probes()


def probe(name: str, *, essential: bool = True) -> Callable[[Look], Look]:
    """Register a function that raises when something that this process needs isn't there.

    With `essential=False` its failure is reported and measured, but the process stays ready (the
    replica, the cache: there is a way without).
    """

    def register(look: Look) -> Look:
        probes.register(name, look, essential=essential)
        return look

    return register


gauge_from(
    "fintech_probe_passed",
    "Whether what this process needs is there (1) or not (0).",
    probes.results,
    ("probe",),
)

"""A relay that a test steps by hand."""

from __future__ import annotations

import time

from fintech.factlog.horizon import Horizon
from fintech.factlog.relay import Relay


class StepwiseRelay(Relay):
    """The product's relay without its loop and election: each call runs until every follower has seen everything."""

    def __init__(self, cell_name: str) -> None:
        super().__init__(cell_name)
        self._horizon: Horizon | None = None
        self._epoch = 0

    def run_until_idle(self, *, seconds: float = 20.0) -> None:
        """Let all followers follow until the horizon is closed and nothing is left. Raises TimeoutError."""
        if self._horizon is None:
            self._epoch = self._take_over()
            self._horizon = Horizon(self.cell_name, {follower.source for follower in self.followers})
        deadline = time.monotonic() + seconds
        idle = 0
        while idle < 2:
            if self._stopped:
                raise AssertionError(f"followers stopped: {self._stopped}")
            if time.monotonic() > deadline:
                raise TimeoutError("the followers didn't come to rest")
            busy = self.turn(self._horizon, self._epoch)
            idle = 0 if busy or self._horizon.pending else idle + 1

    def close(self) -> None:
        """Close the horizon's connections."""
        if self._horizon is not None:
            self._horizon.close()

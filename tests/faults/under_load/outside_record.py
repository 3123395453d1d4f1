"""What the world outside knows: everything that was acknowledged to it, and everything that was refused."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

NO_ANSWER = 0
# Ends a retry that nothing answers; far longer than any fault here lasts.
DECIDED_SECONDS = 150.0


@dataclass(frozen=True)
class Answer:
    """One answer of a door: its status (NO_ANSWER when the connection broke), and how long it took."""

    door: str
    what: str
    status: int
    seconds: float
    at: float
    problem: str = ""


@dataclass
class Deposit:
    """A deposit whose creation was answered by 201; `outcome` is what the webhook said that was answered by 200."""

    client_id: str
    minor: int
    reference: str
    outcome: str = "requested"


@dataclass
class Withdrawal:
    """A withdrawal answered by 201; `outcome` is requested, cancelled or approved, as it was answered."""

    client_id: str
    minor: int
    outcome: str = "requested"


@dataclass
class OutsideRecord:
    """Kept by the load's threads, read when they rest. Amounts are minor units; keys are the ids that were told."""

    deposits: dict[str, Deposit] = field(default_factory=dict)
    withdrawals: dict[str, Withdrawal] = field(default_factory=dict)
    to_trading: dict[str, tuple[str, int]] = field(default_factory=dict)
    to_wallet: dict[str, tuple[str, int]] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    answers: list[Answer] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, answer: Answer) -> None:
        """Note an answer."""
        with self.lock:
            self.answers.append(answer)

    def progress(self, kind: str) -> None:
        """Note that something of a kind was done."""
        with self.lock:
            self.done[kind] += 1

    def note(self, change: Callable[[], None]) -> None:
        """Change the record under its lock."""
        with self.lock:
            change()

    def since(self, moment: float) -> list[Answer]:
        """The answers since a moment (`time.monotonic`)."""
        with self.lock:
            return [answer for answer in self.answers if answer.at >= moment]


def now() -> float:
    """The record's clock."""
    return time.monotonic()

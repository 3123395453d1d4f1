"""The fence around what the engine does: a leader that lost its place without noticing can do nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connections

from fintech.cells import alias_for
from fintech.facts import codec
from fintech.journal import inside_decision


class StaleLeader(RuntimeError):
    """Another engine leads by now; this one writes nothing more."""


@dataclass(frozen=True)
class Fence:
    """The epoch in which a leader acts. Each of its transactions holds the leadership's row while it
    compares.
    """

    epoch: int

    def hold(self) -> None:
        """Keep a successor from taking over until this transaction ends. Raises StaleLeader if one has
        already.
        """
        alias = inside_decision("trading").alias
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT epoch FROM trading_leadership WHERE role = 'engine' FOR SHARE")
            (current,) = cursor.fetchone()
        if current != self.epoch:
            raise StaleLeader(f"epoch {self.epoch} of the engine was followed by {current}")


# Who asks for a close-out isn't part of what is asked: a new leader that finds the same gets the first
# answer.
codec.register(Fence, lambda _fence: "the engine", lambda _text: None)


def take_over() -> Fence:
    """Begin a new epoch, in which every earlier leader is stale."""
    with connections[alias_for("trading")].cursor() as cursor:
        cursor.execute("UPDATE trading_leadership SET epoch = epoch + 1 WHERE role = 'engine' RETURNING epoch")
        (epoch,) = cursor.fetchone()
    return Fence(epoch)

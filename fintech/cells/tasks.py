"""Celery inside cells: a message carries its cell, and nothing is published or run without one.

Both are refused in code, not in signals, whose exceptions Celery swallows. The broker is only a bell: publishing
tries once, for a moment, and never fails what it was done for (the relay rings again for work left unapplied).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from celery import Celery, Task, current_app, shared_task
from kombu.exceptions import ChannelError, OperationalError
from prometheus_client import Counter

from fintech.cells.actors import Actor
from fintech.cells.broker import outlive_the_broker
from fintech.cells.context import NoCellBound, cell, current_cell

# After the broker has failed, it isn't asked for this long: each question might cost a time-out.
PAUSE_SECONDS: Final = 1.0
# The kinds of work; each has a queue in each cell, and a worker takes from all of them.
KINDS: Final = ("webhooks", "payouts", "mail", "documents", "default")
Work = TypeVar("Work")

logger = logging.getLogger(__name__)
outlive_the_broker()
_unpublished = Counter("fintech_tasks_unpublished_total", "Tasks that the broker didn't take", ["cell", "task"])


class CellCelery(Celery):
    """A Celery application whose messages carry cell, actor and request."""

    # While true, until this moment (monotonic) the broker isn't asked; shared by the process.
    _paused_until = 0.0

    def send_task(self, name: str, *args: Any, **options: Any) -> Any:
        """Publish to the cell's own queue of the task's kind. Raises NoCellBound without a cell.

        Gives None when the broker doesn't take the message: the work stands in the database and is found there.
        """
        context = current_cell()
        headers = {
            **(options.pop("headers", None) or {}),
            "cell": context.name,
            "actor": [context.actor.kind, context.actor.id],
            "request_id": context.request_id,
        }
        options.pop("queue", None)
        queue = queue_name(context.name, self.kind_of(name))
        if time.monotonic() < CellCelery._paused_until:
            _unpublished.labels(cell=context.name, task=name).inc()
            return None
        try:
            return super().send_task(name, *args, headers=headers, queue=queue, retry=False, **options)
        except (OperationalError, OSError) as error:
            CellCelery._paused_until = time.monotonic() + PAUSE_SECONDS
            _unpublished.labels(cell=context.name, task=name).inc()
            logger.warning("broker didn't take a task", extra={"task": name, "error": type(error).__name__})
            return None

    def kind_of(self, name: str) -> str:
        """The kind of work that a task does, which names its queue."""
        task = self.tasks.get(name)
        return getattr(task, "kind", "default")


class CellTask(Task):  # type: ignore[type-arg]  # celery-types has Task generic, Celery itself hasn't
    """Runs inside the cell of its message, and nowhere else."""

    abstract = True
    kind = "default"
    acks_late = True
    reject_on_worker_lost = True
    ignore_result = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task. Raises NoCellBound for a message without a cell."""
        headers = self.request.headers or {}
        name = headers.get("cell")
        if not name:
            raise NoCellBound(f"task {self.name} came without a cell and isn't run")
        kind, identity = headers["actor"]
        with cell(name, actor=Actor(kind, identity), request_id=headers.get("request_id")):
            return super().__call__(*args, **kwargs)


def cell_task(*, kind: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Declare a task of one of the KINDS; it takes ids only and is safe to run twice.

    Raises ValueError for another kind: no worker would take from its queue.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no queue for {kind!r}; kinds of work are {', '.join(KINDS)}")

    def declare(function: Callable[..., Any]) -> Any:
        return shared_task(base=CellTask, kind=kind, **options)(function)  # type: ignore[no-untyped-call]

    return declare


def waiting(kind: str) -> int:
    """How many messages wait in the bound cell's queue of a kind; 0 when the broker doesn't know or doesn't answer."""
    if time.monotonic() < CellCelery._paused_until:
        return 0
    try:
        return depths(current_cell().name, (kind,))[kind]
    except Exception:  # each transport has its own for a lost connection
        return 0


def depths(cell_name: str, kinds: Sequence[str] = KINDS) -> dict[str, int]:
    """How many messages wait in a cell's queues, by kind. Raises what the transport raises when it doesn't answer."""
    found = {}
    with current_app.connection_or_acquire() as connection:
        for kind in kinds:
            try:
                name = queue_name(cell_name, kind)
                found[kind] = int(connection.default_channel.queue_declare(name, passive=True).message_count)
            except ChannelError:  # nobody has published there yet
                found[kind] = 0
    return found


def ring(kind: str, undone: Sequence[Work], publish: Callable[[Work], None]) -> int:
    """Publish a task for each piece of work that stands undone; gives how many there are.

    Not while as many wait in the queue already: these are the same, rung for before, and nobody has taken them. A
    worker that comes back would else meet a message for every two seconds of its absence, and new work behind them.
    """
    if undone and waiting(kind) < len(undone):
        for piece in undone:
            publish(piece)
    return len(undone)


def queue_name(cell_name: str, kind: str) -> str:
    """The queue of a cell for a kind of work."""
    return f"{cell_name}.{kind}"

"""What the relay looks after for the audit log: that its head is signed in time."""

from __future__ import annotations

from audit.services.checkpoints import uncovered
from audit.tasks import take_due_checkpoint
from fintech.cells import current_cell, tasks
from fintech.factlog import bell
from fintech.observability.metrics import gauge

waiting = gauge(
    "fintech_audit_uncovered_seconds",
    "For how long the oldest entry that no checkpoint covers has waited for one.",
    ("cell",),
)


@bell("audit.checkpoints")
def ring() -> int:
    """Ask a worker for a checkpoint when one is due; the relay itself doesn't reach outside."""
    found = uncovered()
    waiting.labels(cell=current_cell().name).set(found.seconds)
    return tasks.ring("default", [found] if found.due else [], lambda _due: take_due_checkpoint.delay())

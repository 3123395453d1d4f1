"""What the audit log's workers do."""

from __future__ import annotations

from audit.services.checkpoints import take_checkpoints, uncovered
from fintech.cells.tasks import cell_task


@cell_task(kind="default")
def take_due_checkpoint() -> None:
    """Sign, anchor and keep the log's head when it is due; a second call finds nothing left to do."""
    if uncovered().due:
        take_checkpoints()

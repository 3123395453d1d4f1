"""What the audit log's workers do."""

from __future__ import annotations

from audit.services.checkpoints import take_checkpoints, uncovered
from audit.services.partitions import create_partitions
from fintech.cells.tasks import cell_task


@cell_task(kind="default")
def take_due_checkpoint() -> None:
    """Sign, anchor and keep the log's head when it is due; a second call finds nothing left to do."""
    if uncovered().due:
        take_checkpoints()


@cell_task(kind="default", name="audit.make_partitions")
def make_partitions() -> None:
    """Make the partitions of the coming months; a second call finds them there."""
    create_partitions()

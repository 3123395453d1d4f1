"""What the audit log's workers do."""

from __future__ import annotations

import logging

from audit.keys import verifier_key
from audit.rules.findings import Disagreement
from audit.selectors.verification import verify_log
from audit.services.checkpoints import take_checkpoints, uncovered
from audit.services.partitions import create_partitions
from fintech.cells.tasks import cell_task
from fintech.observability.check_results import keep_result

logger = logging.getLogger(__name__)


@cell_task(kind="default")
def take_due_checkpoint() -> None:
    """Sign, anchor and keep the log's head when it is due; a second call finds nothing left to do."""
    if uncovered().due:
        take_checkpoints()


@cell_task(kind="default", name="audit.make_partitions")
def make_partitions() -> None:
    """Make the partitions of the coming months; a second call finds them there."""
    create_partitions()


@cell_task(kind="default", name="audit.verify")
def verify() -> None:
    """Verify the whole log against its anchors, for the alert; what is wrong stands in the log of this process."""
    try:
        verify_log(keys=[verifier_key()])
    except Disagreement as why:
        logger.critical("the audit log does not verify", extra={"code": why.finding.code, "why": str(why)})
        keep_result("audit_log", wrong=1)
    else:
        keep_result("audit_log", wrong=0)

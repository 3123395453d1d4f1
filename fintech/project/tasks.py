"""What is checked across concerns, by a clock."""

from __future__ import annotations

from fintech.cells.tasks import cell_task
from fintech.observability.check_results import keep_result
from fintech.project.in_transit import check_in_transit


@cell_task(kind="default", name="project.check_in_transit")
def look_in_transit() -> None:
    """Check what is in transit between the books, for the alert."""
    keep_result("in_transit", wrong=sum(1 for line in check_in_transit() if line.difference))

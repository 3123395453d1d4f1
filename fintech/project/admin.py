"""The back office's page of the in-transit check, which compares two concerns' books."""

from __future__ import annotations

from crm.back_office.pages import Content, office_page
from crm.back_office.tables import Table
from fintech.cells import current_cell
from fintech.http.showing import minor_units
from fintech.project.in_transit import InTransit, check_in_transit


@office_page("in-transit", title="Money in transit", section="Ledger", permission="ledger.view_ledgeraccount")
def in_transit() -> Content:
    """The check, made now."""
    headings = ("From", "To", "Entity", "Given", "Taken in", "Set aside", "Difference", "Under way")
    rows = [_row(found) for found in check_in_transit()]
    return Content(
        tables=[Table(title="Between the books", headings=headings, rows=rows)],
        note="What one book gave is what the other has taken in: the difference is zero, always. "
        "Checked now, on the primaries.",
    )


def _row(found: InTransit) -> tuple[object, ...]:
    entities = {entity.ledger_number: entity.code for entity in current_cell().jurisdiction.entities}
    amounts = (found.given, found.taken, found.parked, found.difference, found.under_way)
    shown = (minor_units(amount, found.currency) for amount in amounts)
    return (found.giver, found.receiver, entities.get(found.entity, found.entity), *shown)

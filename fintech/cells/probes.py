"""What must answer before a process takes work: the primaries of the cells it serves; the replica may be away."""

from __future__ import annotations

from django.db import connections

from fintech.cells.actors import Actor
from fintech.cells.context import CONCERNS, cell
from fintech.cells.replicas import choose
from fintech.cells.topology import served_cells
from fintech.observability.health import probe


@probe("database")
def every_primary_answers() -> None:
    """Ask each primary of each served cell; raises for the first that doesn't answer."""
    for name in served_cells():
        with cell(name, actor=Actor.system("health")):
            for concern in CONCERNS:
                with connections[f"{name}_{concern}"].cursor() as cursor:
                    cursor.execute("SELECT 1")


@probe("replica", essential=False)
def every_replica_is_near() -> None:
    """Raises RuntimeError for a replica that is down or too far behind: reports then load the primary."""
    for name in served_cells():
        chosen = choose(name)
        if not chosen.replica:
            raise RuntimeError(f"the replica of {name} is {chosen.why or 'not there'}")

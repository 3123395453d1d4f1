"""What must answer before a process takes work: the primaries that it needs; the replica may be away."""

from __future__ import annotations

from django.conf import settings
from django.db import connections

from fintech.cells.actors import Actor
from fintech.cells.context import cell
from fintech.cells.replicas import choose
from fintech.cells.topology import served_cells
from fintech.observability.health import probe


@probe("database")
def every_primary_answers() -> None:
    """Ask each database that this process needs, in each served cell; raises for the first that doesn't answer."""
    for name in served_cells():
        with cell(name, actor=Actor.system("health")):
            for concern in settings.FINTECH_NEEDED_DATABASES:
                with connections[f"{name}_{concern}"].cursor() as cursor:
                    cursor.execute("SELECT 1")


@probe("replica", essential=False)
def every_replica_is_near() -> None:
    """Raises RuntimeError for a replica that is down or too far behind: reports then load the primary."""
    if "crm" not in settings.FINTECH_NEEDED_DATABASES:
        # The replica is looked at there, and whoever needs nothing of it makes no reports.
        return
    for name in served_cells():
        chosen = choose(name)
        if not chosen.replica:
            raise RuntimeError(f"the replica of {name} is {chosen.why or 'not there'}")

"""Appending: rows of followed logs become entries, in one call for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connections

from audit.sources import leaf_of
from fintech.cells import current_cell
from fintech.factlog import Followed
from fintech.journal import inside_decision


@dataclass(frozen=True)
class Appended:
    """Where the entries of a call stand, and how many the log has since."""

    first_number: int
    size: int


def append_entries(followed: Sequence[Followed]) -> Appended:
    """Append rows of followed logs, in this order, in the follower's own transaction.

    Raises NotCanonical for a row that has no exact bytes, and a DatabaseError for one that was appended
    before or comes out of its source's order; then nothing of the call is appended.
    """
    decision = inside_decision("audit")
    cell = current_cell().name
    leaves = [leaf_of(row, cell=cell) for row in followed]
    with connections[decision.alias].cursor() as cursor:
        cursor.execute("SELECT first_number, size FROM audit_append_v1(%s)", [leaves])
        first_number, size = cursor.fetchone()
    return Appended(first_number, size)

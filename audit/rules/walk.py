"""Walking the log from entry to entry: everything that one entry, or two neighbours, can show to be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from audit.rules.canonical import header
from audit.rules.findings import Code, Disagreement
from audit.rules.merkle import Frontier, GrowingTree, leaf_hash

# number, source, incarnation, source id, kind, subject, client, recorded at, appended at, bytes, hash
EntryRow = tuple[int, str, str, int, str, str, str | None, datetime, datetime, bytes, bytes]

# Transactions last seconds and clocks of a cell's servers agree to better than this. An entry that claims
# to be older than its source's earlier entries by more was written when it says it wasn't.
TIME_TOLERANCE: Final = timedelta(minutes=5)
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC) + TIME_TOLERANCE


class Walk:
    """Takes the entries of one cell's log by number, and grows the tree over them."""

    def __init__(self, *, cell: str, start: Frontier) -> None:
        self._cell = cell
        self._began = start.size
        self.tree = GrowingTree(start)
        # by source and incarnation: the last id, the number of entries, the latest time recorded
        self._reaches: dict[tuple[str, str], tuple[int, int, datetime]] = {}
        self._appended_at = _BEGINNING
        self.latest_recorded = _BEGINNING

    def take(self, row: EntryRow) -> None:
        """Take the next entry. Raises Disagreement when it can't be what was appended there."""
        (
            number,
            source,
            incarnation,
            source_id,
            kind,
            subject,
            client_id,
            recorded_at,
            appended_at,
            leaf,
            kept,
        ) = row
        if number != self.tree.size:
            raise self.missing(before=number)
        computed = leaf_hash(leaf)
        if computed != kept:
            raise Disagreement(
                Code.BYTES_DIFFER,
                f"the bytes of entry {number} don't have the hash beside them",
                entry=number,
            )
        if not leaf.startswith(
            header(
                cell=self._cell,
                client_id=client_id,
                source_id=source_id,
                incarnation=incarnation,
                kind=kind,
                recorded_at=recorded_at,
                source=source,
                subject=subject,
            )
        ):
            raise Disagreement(
                Code.COLUMNS_DIFFER, f"the columns of entry {number} aren't what its bytes say", entry=number
            )
        self._in_order(number, (source, incarnation), source_id, recorded_at)
        if appended_at < self._appended_at or recorded_at > appended_at + TIME_TOLERANCE:
            raise Disagreement(
                Code.TIME,
                f"entry {number} says it was recorded at {recorded_at.isoformat()} and appended at "
                f"{appended_at.isoformat()}, after one appended at {self._appended_at.isoformat()}",
                entry=number,
            )
        self._appended_at = appended_at
        self.tree.append(computed)

    def _in_order(self, number: int, source: tuple[str, str], source_id: int, recorded_at: datetime) -> None:
        last, entries, latest = self._reaches.get(source, (0, 0, _BEGINNING))
        if source_id <= last:
            raise Disagreement(
                Code.SOURCE_ORDER,
                f"entry {number} is {source[0]} {source_id}, which stands after {source[0]} {last}",
                entry=number,
            )
        if recorded_at < latest - TIME_TOLERANCE:
            raise Disagreement(
                Code.TIME,
                f"entry {number} says it was recorded at {recorded_at.isoformat()}, but an earlier entry of "
                f"{source[0]} at {latest.isoformat()}",
                entry=number,
            )
        if recorded_at > latest:
            latest = recorded_at
            self.latest_recorded = max(self.latest_recorded, recorded_at)
        self._reaches[source] = (source_id, entries + 1, latest)

    def missing(self, *, before: int | None = None) -> Disagreement:
        """The finding that the next entry isn't there."""
        number = self.tree.size
        where = "the log ends before it" if before is None else f"entry {before} stands in its place"
        return Disagreement(Code.ENTRY_MISSING, f"entry {number} is missing: {where}", entry=number)

    def reaches(self) -> dict[tuple[str, str], tuple[int, int]]:
        """By source and incarnation: the last id and the number of entries, of those walked over."""
        return {source: (last, entries) for source, (last, entries, _) in self._reaches.items()}

    @property
    def walked(self) -> int:
        """How many entries were taken."""
        return self.tree.size - self._began

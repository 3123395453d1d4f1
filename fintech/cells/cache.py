"""Cache keys carry the cell's name, so no cell ever reads what another has put there."""

from __future__ import annotations

from fintech.cells.context import current_cell


def cell_key(key: str, key_prefix: str, version: int) -> str:
    """Django's KEY_FUNCTION. Raises NoCellBound without a cell."""
    return f"{current_cell().name}:{key_prefix}:{version}:{key}"

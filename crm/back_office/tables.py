"""Tables of what is only shown: below an object on its page, and on pages of their own.

def recent(account) -> Table:
    return Table(title="Holds", headings=("Amount", "Since"), rows=[(money(…), moment(…)), …])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of values that are ready to be shown. `note` stands above them; `more` leads to the whole list."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Any]]
    note: str = ""
    more: str | None = None

"""Pages that show no single table of the database: declared here, linked from the home page and the navigation.

@office_page("in-transit", title="Money in transit", section="Ledger", permission="ledger.view_ledgeraccount")
def in_transit() -> Content:
    return Content(tables=[…])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crm.back_office.tables import Table


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a page shows: `note` says what it is and where it was read."""

    tables: Sequence[Table]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class OfficePage:
    """A page at `/admin/<address>/`, for whoever has the permission; for all staff where there is none."""

    address: str
    title: str
    section: str
    permission: str | None
    content: Callable[[], Content]


_pages: dict[str, OfficePage] = {}


def office_page(
    address: str, *, title: str, section: str, permission: str | None = None
) -> Callable[[Callable[[], Content]], Callable[[], Content]]:
    """Declare a page."""

    def declare(content: Callable[[], Content]) -> Callable[[], Content]:
        _pages[address] = OfficePage(
            address=address, title=title, section=section, permission=permission, content=content
        )
        return content

    return declare


def office_pages() -> Sequence[OfficePage]:
    """Every page that was declared."""
    return tuple(_pages.values())

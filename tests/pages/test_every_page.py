"""Every page of the back office in a real browser, as each role of staff sees it, in each cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.pages.product import CELLS, Product
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.browser

# Who of the demo's staff stands for which role.
ROLES = {"compliance": "compliance", "payments": "payments-1", "dealing": "dealing", "support": "support"}
LIST = r"^/admin/[a-z_]+/[a-z_]+/$"
PAGE = r"^/admin/(rules|in-transit)/$"
OBJECT = r"^/admin/[a-z_]+/[a-z_]+/[^/?]+/change/$"
# Of these nothing waits after a journey in which all went well.
EMPTY_LISTS = {"/admin/factlog/parked/", "/admin/ledger/ledgerhold/"}
# What a role has no business with: the section isn't in its navigation, its pages answer 403.
CLOSED = {
    "compliance": set(),
    "payments": {"audit", "journal", "trading"},
    "dealing": {"audit", "journal"},
    "support": set(),
}


@dataclass(frozen=True)
class Visited:
    """Lists that a role found, and objects that it saw."""

    lists: set[str]
    objects: int


def visit_everything(visitor: Visitor) -> Visited:
    """Home, each page and list in the navigation, the first object of each, its history, and each of its buttons."""
    visitor.visit("/admin/")
    lists, pages = visitor.links("#content a", LIST), visitor.links("#content a", PAGE)
    for page in pages:
        visitor.visit(page)
    objects = 0
    for listed in lists:
        visitor.visit(listed)
        first = visitor.links("#result_list tbody tr:first-child a", f"^{listed}[^/]+/change/$")[:1]
        if not first:
            assert listed in EMPTY_LISTS, f"{listed} is empty: nothing of it was looked at"
            continue
        objects += 1
        visitor.visit(first[0])
        further = visitor.links(".object-tools a", r"/(history|do/[a-z-]+)/$")
        for page in further:
            visitor.visit(page)
    return Visited(lists=set(lists), objects=objects)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_whole(browser: Browser, the_product: Product, cell: str, role: str) -> None:
    # The cells' pages differ by what stands in them, not by their looks.
    visitor = Visitor(browser, the_product, cell, ROLES[role], pictures=cell == CELLS[0])
    try:
        visited = visit_everything(visitor)
        assert not visitor.faults, "\n".join(dict.fromkeys(visitor.faults))
        assert visited.objects >= 20 - 8 * (role == "payments"), visited
        sections = {path.split("/")[2] for path in visited.lists}
        assert not sections & CLOSED[role]
        refused = {path: visitor.status_of(path) for path in _lists_of(CLOSED[role])}
        assert set(refused.values()) <= {403}, refused
    finally:
        visitor.close()


def _lists_of(sections: set[str]) -> list[str]:
    from django.contrib import admin

    named = (f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry)
    return [path for path in named if re.split("/", path)[2] in sections]

"""The viewer of the API's schema shows every operation, and asks no other host for anything."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from fintech.stack.layout import REPOSITORY
from tests.pages.product import CELLS, Product
from tests.pages.visitor import picture_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("cell", CELLS)
def test_every_operation_is_shown_by_this_host_alone(browser: Browser, the_product: Product, cell: str) -> None:
    schema = json.loads((REPOSITORY / "docs" / "openapi.json").read_text())
    operations = sum(
        method in ("get", "post", "patch", "put", "delete") for path in schema["paths"].values() for method in path
    )
    asked: set[str] = set()
    troubles: list[str] = []
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(the_product.api_address(cell, "/api/v1/docs"))
        page.wait_for_selector(".opblock")
        assert page.locator(".opblock").count() == operations
        page.locator(".opblock-summary", has_text="/api/v1/deposits").first.click()
        page.wait_for_selector(".opblock-body")
        page.screenshot(path=picture_of(f"api-docs-{cell}"))
    finally:
        context.close()
    assert not troubles
    assert {host for host in asked if host} == {urlsplit(the_product.api_address(cell, "/")).netloc}

"""One product and one browser for all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.pages import chromium
from tests.pages.product import Product, product
from tests.pages.visitor import forget_pictures


@pytest.fixture(scope="session")
def the_product() -> Iterator[Product]:
    with product() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    forget_pictures()
    with chromium.browser() as started:
        yield started

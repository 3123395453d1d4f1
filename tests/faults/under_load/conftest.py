"""One running product, and the load on it, for all faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.under_load.customers import Customer, new_customer
from tests.faults.under_load.product import RunningProduct
from tests.faults.under_load.traffic import Traffic

CUSTOMERS = 4


@pytest.fixture(scope="package")
def product() -> Iterator[RunningProduct]:
    """Engines and services of `eu` and `au`; each test leaves it whole."""
    product = RunningProduct()
    try:
        product.start("--no-journey")
        yield product
        product.console.close()
    finally:
        product.stop()


@pytest.fixture(autouse=True)
def whole(product: RunningProduct) -> Iterator[None]:
    """Whatever a test has broken and not healed, the next one finds whole."""
    yield
    product.heal_engines()


@pytest.fixture(scope="package")
def traffic(product: RunningProduct) -> Traffic:
    """The load on `eu`."""
    # One after another: sign-ups from one address at once wait for each other, a second at most, and are refused then.
    return Traffic([new_customer(product.place("eu")) for _ in range(CUSTOMERS)])


@pytest.fixture(scope="package")
def australian(product: RunningProduct) -> Customer:
    """A customer in `au`."""
    return new_customer(product.place("au"))

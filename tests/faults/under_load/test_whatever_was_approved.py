"""After all the faults: what was approved is paid, once, and everything agrees a last time."""

from __future__ import annotations

import pytest

from tests.faults.under_load.agreement import agree, await_paid
from tests.faults.under_load.product import RunningProduct
from tests.faults.under_load.traffic import Traffic

pytestmark = pytest.mark.load


def test_whatever_was_approved_is_paid_once(product: RunningProduct, traffic: Traffic) -> None:
    await_paid(product, traffic)
    agree(product, traffic)

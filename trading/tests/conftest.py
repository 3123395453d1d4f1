"""The dealing room: trading in the shared `eu` databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from fintech.cells import CellContext
from tests.relays import StepwiseRelay
from trading.selectors.market import valkey
from trading.tests.dealing_room import DealingRoom


@pytest.fixture
def room(eu: CellContext, relay_eu: StepwiseRelay) -> DealingRoom:
    """The cell `eu` with instruments, and a relay to step."""
    return DealingRoom(relay_eu)


@pytest.fixture
def fresh_room(fresh_eu: CellContext, relay_eu: StepwiseRelay) -> DealingRoom:
    """As `room`, on databases that no other test sees."""
    return DealingRoom(relay_eu)


@pytest.fixture
def no_valkey(settings: Settings) -> Iterator[None]:
    """Valkey can't be reached: nobody listens at its address."""
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    valkey.cache_clear()
    yield
    valkey.cache_clear()

"""The dealing room: trading in the shared `eu` databases."""

from __future__ import annotations

import pytest

from fintech.cells import CellContext
from tests.relays import StepwiseRelay
from trading.tests.dealing_room import DealingRoom


@pytest.fixture
def room(eu: CellContext, relay_eu: StepwiseRelay) -> DealingRoom:
    """The cell `eu` with instruments, and a relay to step."""
    return DealingRoom(relay_eu)


@pytest.fixture
def fresh_room(fresh_eu: CellContext, relay_eu: StepwiseRelay) -> DealingRoom:
    """As `room`, on databases that no other test sees."""
    return DealingRoom(relay_eu)

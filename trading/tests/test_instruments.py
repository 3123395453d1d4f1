"""Offering instruments and changing their terms."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fintech.cells.identifiers import uuid7
from trading.demo_data import instrument_definitions
from trading.models import Instrument
from trading.services.instruments import InstrumentDefinition, define_instrument
from trading.tests.dealing_room import DealingRoom, refusal_of


@pytest.fixture
def silver() -> InstrumentDefinition:
    """An instrument that no other test deals in."""
    gold = next(definition for definition in instrument_definitions() if definition.symbol == "XAUUSD")
    return replace(gold, symbol=f"S{uuid7().hex[-8:].upper()}", name="Silver", base="XAG")


def defined(definition: InstrumentDefinition) -> None:
    define_instrument(key=str(uuid7()), definition=definition)


def test_terms_change_while_nobody_has_a_position(room: DealingRoom, silver: InstrumentDefinition) -> None:
    defined(silver)

    defined(replace(silver, contract_size=Decimal(5000)))

    assert Instrument.objects.get(symbol=silver.symbol).contract_size == 5000


def test_terms_that_open_positions_are_computed_from_stand(room: DealingRoom, silver: InstrumentDefinition) -> None:
    defined(silver)
    trader = room.trader("5000.00")
    room.quote(silver.symbol, "30.00", "30.02")
    trader.buy("0.10", silver.symbol)

    refusal = refusal_of(defined, replace(silver, contract_size=Decimal(5000)))
    defined(replace(silver, is_tradable=False))

    assert refusal.code == "instrument-in-use"
    assert refusal_of(trader.buy, "0.10", silver.symbol).code == "instrument-not-tradable"
    assert trader.sell("0.10", silver.symbol).outcome == "closed"


def test_a_commission_is_charged_on_each_fill_in_the_accounts_currency(
    room: DealingRoom, silver: InstrumentDefinition
) -> None:
    defined(replace(silver, commission_per_lot=Decimal("7.00"), commission_currency="USD"))
    trader = room.trader("5000.00", "EUR")
    room.quote("EURUSD", "1.09980", "1.10000")
    room.quote(silver.symbol, "30.00", "30.00")

    opened = trader.buy("0.50", silver.symbol)
    closed = trader.sell("0.50", silver.symbol)

    # A cost of 3.50 USD is bought at the bid: 3.18 EUR.
    assert [str(fill.commission) for fill in (opened, closed)] == ["3.18 EUR", "3.18 EUR"]
    assert trader.cash == 500_000 - 2 * 318


def test_terms_that_the_rules_cannot_take_are_refused(room: DealingRoom, silver: InstrumentDefinition) -> None:
    for wrong in ({"quote": "XXX"}, {"contract_size": Decimal(0)}, {"digits": 13}):
        assert refusal_of(defined, replace(silver, **wrong)).code == "terms-not-valid"

"""What a fresh demo is dealt in, and what introducing brokers earn in it. Loaded by verbs; may be loaded
again.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from fintech.cells.identifiers import uuid7
from trading.models import CommissionScheme, Instrument
from trading.prices.simulated_instruments import simulated_instruments
from trading.rules.terms import THURSDAY, WEDNESDAY, InstrumentClass
from trading.services.commissions import define_commission_scheme
from trading.services.instruments import InstrumentDefinition, define_instrument

_PAIR, _INDEX = InstrumentClass.CURRENCY_PAIR, InstrumentClass.INDEX

# Symbol: name, base, quote, class, contract size, least and largest order, night counted threefold.
_TERMS: Final = {
    "EURUSD": ("Euro / US dollar", "EUR", "USD", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "GBPUSD": ("Pound sterling / US dollar", "GBP", "USD", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "USDJPY": ("US dollar / Japanese yen", "USD", "JPY", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "AUDUSD": ("Australian dollar / US dollar", "AUD", "USD", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "EURGBP": ("Euro / pound sterling", "EUR", "GBP", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "EURAUD": ("Euro / Australian dollar", "EUR", "AUD", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "EURJPY": ("Euro / Japanese yen", "EUR", "JPY", _PAIR, "100000", "0.01", "50", WEDNESDAY),
    "USDCAD": ("US dollar / Canadian dollar", "USD", "CAD", _PAIR, "100000", "0.01", "50", THURSDAY),
    "XAUUSD": ("Gold", "XAU", "USD", InstrumentClass.COMMODITY, "100", "0.01", "20", WEDNESDAY),
    "DE40": ("DAX", "DAX", "EUR", _INDEX, "1", "1", "200", WEDNESDAY),
    "BTCUSD": ("Bitcoin", "BTC", "USD", InstrumentClass.CRYPTO_ASSET, "1", "0.01", "10", WEDNESDAY),
    "AAPL": ("Apple Inc.", "AAPL", "USD", InstrumentClass.SHARE, "1", "1", "1000", WEDNESDAY),
}
_SCHEME_NAME: Final = "Per lot, three levels"
_PER_LOT: Final = (Decimal("6.00"), Decimal("2.00"), Decimal("0.50"))
_SCHEME_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)


def load() -> None:
    """Offer the simulator's instruments and define the commission scheme, in the bound cell."""
    for definition in instrument_definitions():
        terms = asdict(definition)
        if Instrument.objects.filter(symbol=definition.symbol).values(*terms).first() != terms:
            define_instrument(key=str(uuid7()), definition=definition)
    if not CommissionScheme.objects.filter(effective_from=_SCHEME_FROM).exists():
        define_commission_scheme(
            key=str(uuid7()),
            name=_SCHEME_NAME,
            currency_code="USD",
            per_lot=_PER_LOT,
            effective_from=_SCHEME_FROM,
        )


def instrument_definitions() -> tuple[InstrumentDefinition, ...]:
    """The instruments that the simulator quotes, on the demo's terms; each trades round the clock."""
    return tuple(_definition(instrument.symbol, instrument.digits) for instrument in simulated_instruments())


def _definition(symbol: str, digits: int) -> InstrumentDefinition:
    name, base, quote, kind, size, least, largest, triple = _TERMS[symbol]
    return InstrumentDefinition(
        symbol=symbol,
        name=name,
        base=base,
        quote=quote,
        contract_size=Decimal(size),
        digits=digits,
        instrument_class=kind,
        minimum_volume=Decimal(least),
        maximum_volume=Decimal(largest),
        volume_step=Decimal(least),
        triple_swap_weekday=triple,
    )

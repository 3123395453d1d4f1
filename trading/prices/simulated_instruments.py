"""The instruments that the simulator knows, with how they typically behave.

Base prices fit together (EURGBP is about EURUSD ÷ GBPUSD); spreads and volatilities are of the size seen in
quiet hours. They are made up: nothing here is market data.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class SimulatedInstrument:
    """How one instrument's price is made.

    ``spread_points`` is the typical distance of bid and ask in units of the last digit; ``yearly_volatility``
    the standard deviation of a year's logarithmic return (0.08 is 8 %).
    """

    symbol: str
    base_price: Decimal
    digits: int
    spread_points: int
    yearly_volatility: float

    def __post_init__(self) -> None:
        """Refuse what no market could be like."""
        if self.base_price <= 0 or self.spread_points < 1 or self.yearly_volatility < 0:
            raise ValueError(f"{self.symbol}: price and spread are above zero, volatility isn't below")
        if self.base_price != round(self.base_price, self.digits):
            raise ValueError(f"{self.symbol}: the base price has more than {self.digits} digits")


def _instrument(
    symbol: str, base_price: str, digits: int, spread_points: int, yearly_volatility: float
) -> SimulatedInstrument:
    return SimulatedInstrument(
        symbol=symbol,
        base_price=Decimal(base_price),
        digits=digits,
        spread_points=spread_points,
        yearly_volatility=yearly_volatility,
    )


SIMULATED_INSTRUMENTS: tuple[SimulatedInstrument, ...] = (
    _instrument("EURUSD", "1.10000", 5, 8, 0.08),
    _instrument("GBPUSD", "1.27000", 5, 12, 0.09),
    _instrument("USDJPY", "151.000", 3, 10, 0.10),
    _instrument("AUDUSD", "0.66000", 5, 9, 0.11),
    _instrument("EURGBP", "0.86614", 5, 11, 0.06),
    _instrument("EURAUD", "1.66667", 5, 18, 0.09),
    _instrument("EURJPY", "166.100", 3, 15, 0.11),
    _instrument("USDCAD", "1.36000", 5, 14, 0.07),
    _instrument("XAUUSD", "2350.00", 2, 25, 0.15),
    _instrument("DE40", "18250.0", 1, 12, 0.17),
    _instrument("BTCUSD", "64000.00", 2, 2_500, 0.60),
    _instrument("AAPL", "190.00", 2, 4, 0.28),
)


def simulated_instruments(*symbols: str) -> tuple[SimulatedInstrument, ...]:
    """The instruments named, in this order; all of them when none is. Raises ``KeyError``."""
    if not symbols:
        return SIMULATED_INSTRUMENTS
    by_symbol = {instrument.symbol: instrument for instrument in SIMULATED_INSTRUMENTS}
    unknown = [symbol for symbol in symbols if symbol not in by_symbol]
    if unknown:
        raise KeyError(f"the simulator knows no {', '.join(unknown)}; it knows {', '.join(by_symbol)}")
    return tuple(by_symbol[symbol] for symbol in symbols)

"""A market that never closes: a seeded random walk per instrument.

The logarithm of an instrument's price wanders at random and is drawn back to its base (an Ornstein-Uhlenbeck
process), so a demo that runs for weeks stays in sight of it. Now and then an instrument falls silent for a
moment and comes back at another price (a gap), and now and then its spread widens and narrows again.

Prices depend on seed and temper alone: the same two give the same quotes in the same order, whatever the
clock says, and an instrument's path doesn't depend on which others are simulated. The clock only stamps them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading.prices.port import Clock, SourcedQuote, utc_now
from trading.prices.simulated_instruments import SimulatedInstrument

SECONDS_A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Temper:
    """How lively the market is; chances are per quote of an instrument.

    ``step_seconds`` is the time that passes in the walk from one quote of an instrument to its next. The
    longest silence stays well below the maximum age of a quote (5 s): a demo's gap mustn't refuse orders.
    """

    step_seconds: float = 0.5
    reversion_seconds: float = 3_600.0  # the time in which two thirds of a deviation are gone
    gap_chance: float = 1 / 2_000
    gap_spreads: float = 8.0  # standard deviation of a gap, in typical spreads
    longest_silence_seconds: float = 2.5
    widening_chance: float = 1 / 500
    widest_spread: float = 5.0  # times the typical one


class Simulator:
    """Yields a quote of each instrument per round, without end; see the module's text."""

    name = "simulator"

    def __init__(
        self,
        instruments: Sequence[SimulatedInstrument],
        *,
        seed: int,
        clock: Clock = utc_now,
        temper: Temper | None = None,
    ) -> None:
        if not instruments:
            raise ValueError("Nothing to simulate: give at least one instrument.")
        self._instruments = tuple(instruments)
        self._seed = seed
        self._clock = clock
        self._temper = temper or Temper()

    def __iter__(self) -> Iterator[SourcedQuote]:
        """The quotes from the beginning of the seed's path."""
        walks = [_Walk(instrument, self._seed, self._temper) for instrument in self._instruments]
        order = random.Random(f"{self._seed}:order")  # noqa: S311 - a game of chance, no secret
        while True:
            order.shuffle(walks)
            for walk in walks:
                price = walk.step()
                if price is not None:
                    bid, ask = price
                    yield SourcedQuote(symbol=walk.symbol, bid=bid, ask=ask, at=self._clock(), source=self.name)


class _Walk:
    """One instrument's path."""

    def __init__(self, instrument: SimulatedInstrument, seed: int, temper: Temper) -> None:
        self.symbol = instrument.symbol
        self._digits = instrument.digits
        self._spread_points = instrument.spread_points
        self._base_points = float(instrument.base_price.scaleb(instrument.digits))
        self._chance = random.Random(f"{seed}:{instrument.symbol}")  # noqa: S311 - as above
        self._temper = temper
        self._kept = math.exp(-temper.step_seconds / temper.reversion_seconds)
        self._noise = instrument.yearly_volatility * math.sqrt(temper.step_seconds / SECONDS_A_YEAR)
        self._deviation = 0.0  # of the price's logarithm from the base's
        self._widening = 1.0
        self._silent_rounds = 0

    def step(self) -> tuple[Decimal, Decimal] | None:
        """The next bid and ask; nothing while the instrument is silent."""
        self._deviation = self._deviation * self._kept + self._chance.gauss(0, self._noise)
        if self._silent_rounds > 0:
            # What ends a silence is always a quote: two gaps in a row could outlast a quote's maximum age.
            self._silent_rounds -= 1
            return self._price() if self._silent_rounds == 0 else None
        if self._chance.random() < self._temper.gap_chance:
            self._begin_gap()
            return None
        self._let_spread_breathe()
        return self._price()

    def _begin_gap(self) -> None:
        size = self._temper.gap_spreads * self._spread_points / self._base_points
        self._deviation += self._chance.gauss(0, size)
        longest_rounds = max(1, int(self._temper.longest_silence_seconds / self._temper.step_seconds))
        self._silent_rounds = self._chance.randint(1, longest_rounds)
        self._widening = self._temper.widest_spread

    def _let_spread_breathe(self) -> None:
        self._widening = 1 + (self._widening - 1) * 0.9
        if self._chance.random() < self._temper.widening_chance:
            self._widening = self._chance.uniform(2, self._temper.widest_spread)

    def _price(self) -> tuple[Decimal, Decimal]:
        """Whole points, so that bid and ask have exactly the instrument's digits and never touch."""
        spread = max(1, round(self._spread_points * self._widening * self._chance.uniform(0.85, 1.15)))
        middle = self._base_points * math.exp(self._deviation)
        bid = max(1, round(middle - spread / 2))
        return Decimal(bid).scaleb(-self._digits), Decimal(bid + spread).scaleb(-self._digits)

"""The simulated market: the same for the same seed, and of a shape that a trader recognises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest

from trading.prices.port import Clock, SourcedQuote
from trading.prices.simulated_instruments import (
    SIMULATED_INSTRUMENTS,
    SimulatedInstrument,
    simulated_instruments,
)
from trading.prices.simulator import Simulator, Temper

START = datetime(2026, 3, 31, 10, 15, tzinfo=UTC)
EURUSD = simulated_instruments("EURUSD")


def ticking(milliseconds: int = 50) -> Clock:
    """A clock that moves on by the same step each time it's read."""
    times: Iterator[datetime] = (START + number * timedelta(milliseconds=milliseconds) for number in range(10**9))
    return lambda: next(times)


def quotes(
    count: int,
    *,
    seed: int = 1,
    instruments: tuple[SimulatedInstrument, ...] = SIMULATED_INSTRUMENTS,
    temper: Temper | None = None,
    clock: Clock | None = None,
) -> list[SourcedQuote]:
    simulator = Simulator(instruments, seed=seed, temper=temper, clock=clock or ticking())
    return list(islice(simulator, count))


def test_the_same_seed_gives_the_same_quotes_and_another_seed_others() -> None:
    assert quotes(2_000) == quotes(2_000)
    assert quotes(2_000) != quotes(2_000, seed=2)


def test_reading_it_again_starts_from_the_beginning() -> None:
    simulator = Simulator(EURUSD, seed=1, clock=lambda: START)
    assert list(islice(simulator, 50)) == list(islice(simulator, 50))


def test_the_clock_stamps_quotes_and_changes_no_price() -> None:
    slow = quotes(500, clock=ticking(9_000))
    fast = quotes(500, clock=ticking(1))
    assert [(quote.symbol, quote.bid, quote.ask) for quote in slow] == [
        (quote.symbol, quote.bid, quote.ask) for quote in fast
    ]
    assert slow[1].at - slow[0].at == timedelta(seconds=9)


def test_an_instruments_path_is_the_same_whatever_else_is_simulated() -> None:
    together = [quote.bid for quote in quotes(6_000) if quote.symbol == "EURUSD"]
    alone = [quote.bid for quote in quotes(len(together), instruments=EURUSD)]
    assert together == alone


def test_each_quote_has_its_instruments_digits_its_source_and_a_spread() -> None:
    digits = {instrument.symbol: instrument.digits for instrument in SIMULATED_INSTRUMENTS}
    for quote in quotes(5_000):
        assert quote.bid.as_tuple().exponent == -digits[quote.symbol]
        assert quote.ask.as_tuple().exponent == -digits[quote.symbol]
        assert quote.ask > quote.bid
        assert quote.source == "simulator"


def test_spreads_are_typical_most_of_the_time_and_wide_now_and_then() -> None:
    spreads = sorted(int((quote.ask - quote.bid).scaleb(5)) for quote in quotes(5_000, instruments=EURUSD))
    typical = EURUSD[0].spread_points
    assert abs(spreads[len(spreads) // 2] - typical) <= 1
    assert 2 * typical < spreads[-1] <= 6 * typical


def test_prices_gap_now_and_then() -> None:
    gappy = Temper(gap_chance=1 / 100)
    moves = sorted(
        abs(after.bid - before.bid) for before, after in pairwise(quotes(5_000, instruments=EURUSD, temper=gappy))
    )
    assert moves[-1] > 20 * max(moves[len(moves) // 2], Decimal("0.00001"))


def test_an_instrument_is_never_silent_for_as_long_as_a_quote_may_be_old() -> None:
    gappy = Temper(gap_chance=1 / 20)
    rounds: dict[str, int] = {}
    longest = 0
    for number, quote in enumerate(quotes(20_000, temper=gappy)):
        longest = max(longest, number - rounds.get(quote.symbol, number))
        rounds[quote.symbol] = number
    # Quotes between two of one instrument; a round of all takes half a second, and two may meet at its ends.
    assert longest / len(SIMULATED_INSTRUMENTS) * gappy.step_seconds < 4


def test_prices_wander_yet_stay_near_their_base() -> None:
    hurried = Temper(step_seconds=60, gap_chance=0)
    seen: dict[str, list[Decimal]] = defaultdict(list)
    for quote in quotes(24_000, temper=hurried):
        seen[quote.symbol].append(quote.bid)
    for instrument in SIMULATED_INSTRUMENTS:
        assert len(set(seen[instrument.symbol])) > 100
        for bid in seen[instrument.symbol]:
            assert abs(bid / instrument.base_price - 1) < Decimal("0.05")


def test_an_instrument_it_does_not_know_is_refused_with_those_it_knows() -> None:
    with pytest.raises(KeyError, match="knows no EURXXX; it knows EURUSD, GBPUSD"):
        simulated_instruments("EURUSD", "EURXXX")


def test_crosses_fit_their_legs() -> None:
    base = {instrument.symbol: instrument.base_price for instrument in SIMULATED_INSTRUMENTS}
    for cross, expected in {
        "EURGBP": base["EURUSD"] / base["GBPUSD"],
        "EURAUD": base["EURUSD"] / base["AUDUSD"],
        "EURJPY": base["EURUSD"] * base["USDJPY"],
    }.items():
        assert abs(base[cross] / expected - 1) < Decimal("0.0001")

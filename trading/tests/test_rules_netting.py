"""Netting: a fill opens, adds to, reduces, closes or turns a position around, with margin and result."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.money import Money
from trading.rules.netting import apply_fill
from trading.rules.positions import Position
from trading.rules.quotes import Quote
from trading.rules.terms import Side
from trading.tests.rule_cases import AT, AUDUSD, EURUSD, fill, money

NOTHING = money("0.00 USD")
volumes = st.integers(1, 500).map(lambda hundredths: Decimal(hundredths) / 100)
prices = st.integers(90_000, 130_000).map(lambda points: Decimal(points) / 100_000)


def long_lot() -> Position:
    position = apply_fill(None, fill(Side.BUY, "1.00", "1.10000")).position
    assert position is not None
    return position


def test_a_first_fill_opens() -> None:
    outcome = apply_fill(None, fill(Side.SELL, "0.50", "1.10000"))
    assert outcome.kind == "opened"
    assert outcome.realised == NOTHING
    assert outcome.position is not None
    assert (outcome.position.side, outcome.position.margin) == (Side.SELL, money("1,833.34 USD"))


def test_m7_closing_in_four_steps_books_each_result_and_scales_the_margin() -> None:
    position: Position | None = long_lot()
    margins, results = [], []
    for volume in ("0.33", "0.33", "0.33", "0.01"):
        outcome = apply_fill(position, fill(Side.SELL, volume, "1.10100", number=2))
        position = outcome.position
        results.append(outcome.realised)
        margins.append(position.margin if position else NOTHING)
    assert margins == [money(text) for text in ("2,456.67 USD", "1,246.67 USD", "36.67 USD", "0.00 USD")]
    assert results == [money("33.00 USD")] * 3 + [money("1.00 USD")]
    assert outcome.kind == "closed"


def test_adding_averages_the_price_and_adds_the_margin_of_the_new_fill() -> None:
    outcome = apply_fill(long_lot(), fill(Side.BUY, "0.50", "1.11500", number=2))
    assert outcome.kind == "added"
    assert outcome.position is not None
    assert outcome.position.position_id == UUID(int=1)
    assert outcome.position.open_price == Decimal("1.105")
    assert outcome.position.volume == Decimal("1.50")
    assert outcome.position.margin == money("3,666.67 USD") + money("1,858.34 USD")


def test_adding_after_a_partial_close_adds_to_the_margin_that_is_left() -> None:
    smaller = apply_fill(long_lot(), fill(Side.SELL, "0.33", "1.10000", number=2)).position
    larger = apply_fill(smaller, fill(Side.BUY, "0.33", "1.10000", number=3)).position
    assert larger is not None
    assert larger.volume == Decimal("1.00")
    assert larger.margin == money("2,456.67 USD") + money("1,210.00 USD")


def test_an_average_price_has_eight_more_decimals_than_a_price() -> None:
    outcome = apply_fill(long_lot(), fill(Side.BUY, "2.00", "1.10001", number=2))
    assert outcome.position is not None
    assert outcome.position.open_price == Decimal("1.1000066666667")


def test_reducing_keeps_the_open_price() -> None:
    outcome = apply_fill(long_lot(), fill(Side.SELL, "0.40", "1.09900", number=2))
    assert outcome.kind == "reduced"
    assert outcome.position is not None
    assert outcome.position.open_price == Decimal("1.10000")
    assert outcome.realised == money("-40.00 USD")


def test_a_larger_opposite_fill_closes_and_opens_the_rest_anew() -> None:
    outcome = apply_fill(long_lot(), fill(Side.SELL, "1.50", "1.10200", number=2))
    assert (outcome.kind, outcome.closed_volume, outcome.opened_volume) == (
        "reversed",
        Decimal("1.00"),
        Decimal("0.50"),
    )
    assert outcome.realised == money("200.00 USD")
    assert outcome.position is not None
    assert (outcome.position.position_id, outcome.position.side) == (UUID(int=2), Side.SELL)
    assert outcome.position.margin == money("1,836.67 USD")


def test_a_fill_in_another_instrument_is_refused() -> None:
    with pytest.raises(ValueError, match="AUDUSD doesn't touch a position in EURUSD"):
        apply_fill(long_lot(), fill(Side.SELL, "1.00", "0.66000", terms=AUDUSD))


@given(steps=st.lists(st.tuples(st.sampled_from(Side), volumes, prices), min_size=1, max_size=12))
def test_volume_adds_up_and_margin_is_held_exactly_while_something_is_open(
    steps: list[tuple[Side, Decimal, Decimal]],
) -> None:
    position: Position | None = None
    signed = Decimal(0)
    for number, (side, volume, price) in enumerate(steps):
        outcome = apply_fill(position, fill(side, str(volume), str(price), number=number))
        position = outcome.position
        signed += side.sign * volume
        assert outcome.closed_volume + outcome.opened_volume == volume
        assert (position.side.sign * position.volume if position else Decimal(0)) == signed
        assert position is None or position.margin.minor > 0


@given(steps=st.lists(st.tuples(st.sampled_from(Side), volumes, prices), min_size=1, max_size=12))
def test_all_results_together_are_the_cash_that_the_fills_moved(
    steps: list[tuple[Side, Decimal, Decimal]],
) -> None:
    position: Position | None = None
    realised, moved = Money(0, NOTHING.currency), Decimal(0)
    for number, (side, volume, price) in enumerate(steps):
        outcome = apply_fill(position, fill(side, str(volume), str(price), number=number))
        position = outcome.position
        realised += outcome.realised
        moved -= side.sign * volume * EURUSD.contract_size * price
    last = Quote(bid=steps[-1][2], ask=steps[-1][2], at=AT)
    if position is not None:
        realised += position.floating(last, account_currency=NOTHING.currency)
        moved += position.side.sign * position.volume * EURUSD.contract_size * last.bid
    # Each result is rounded once, so the sum is off by at most half a cent a booking.
    assert abs(realised.minor - moved * 100) <= Decimal("0.6") * (len(steps) + 1)

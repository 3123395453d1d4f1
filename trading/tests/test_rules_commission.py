"""Commission of introducing brokers: worked examples I1 to I3, and that parts always sum to the whole."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.rules.commission import mark_up_pool, per_lot, share_of_pool
from trading.tests.rule_cases import money

USD = currency("USD")
RATES = [Decimal("6.00"), Decimal("2.00"), Decimal("0.50")]
THIRD = Fraction(1, 3)


def test_i1_per_lot_scheme_over_three_levels() -> None:
    earned = per_lot(volume=Decimal("1.35"), rates=RATES, currency=USD, levels=3)
    assert earned == (money("8.10 USD"), money("2.70 USD"), money("0.68 USD"))


def test_i1_levels_that_a_client_does_not_have_earn_nothing() -> None:
    assert per_lot(volume=Decimal("1.35"), rates=RATES, currency=USD, levels=1) == (money("8.10 USD"),)
    assert per_lot(volume=Decimal("1.35"), rates=RATES, currency=USD, levels=0) == ()


def test_i2_shares_of_a_mark_up() -> None:
    pool = mark_up_pool(volume=Decimal("1.35"), pips=Decimal("0.8"), pip_value=Decimal(10), currency=USD)
    assert pool == money("10.80 USD")
    shares = [Fraction(50, 100), Fraction(20, 100), Fraction(10, 100)]
    cascade = share_of_pool(pool, shares=shares, levels=3)
    assert cascade.levels == (money("5.40 USD"), money("2.16 USD"), money("1.08 USD"))
    assert cascade.house == money("2.16 USD")


def test_i3_an_odd_cent_goes_to_the_first_level() -> None:
    cascade = share_of_pool(money("1.00 USD"), shares=[THIRD] * 3, levels=3)
    assert cascade.levels == (money("0.34 USD"), money("0.33 USD"), money("0.33 USD"))
    assert cascade.house == money("0.00 USD")


def test_the_largest_remainder_goes_before_the_level() -> None:
    # Of 0.05: 2.5, 1.25 and 1.25 cents; the odd cent goes to the half.
    cascade = share_of_pool(money("0.05 USD"), shares=[Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)], levels=3)
    assert [part.minor for part in cascade.levels] == [1, 3, 1]


def test_shares_of_more_than_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="can't be shared"):
        share_of_pool(money("1.00 USD"), shares=[Fraction(1, 2), Fraction(2, 3)], levels=2)


@given(
    minor=st.integers(0, 10**9),
    weights=st.lists(st.integers(0, 100), min_size=1, max_size=8),
    levels=st.integers(0, 8),
)
def test_parts_sum_to_the_pool_and_each_is_its_share_to_within_a_cent(
    minor: int, weights: list[int], levels: int
) -> None:
    whole = sum(weights) or 1
    shares = [Fraction(weight, whole) for weight in weights]
    cascade = share_of_pool(Money(minor, USD), shares=shares, levels=levels)
    assert sum(part.minor for part in cascade.levels) + cascade.house.minor == minor
    assert len(cascade.levels) == min(levels, len(shares))
    for part, share in zip(cascade.levels, shares, strict=False):
        assert abs(part.minor - minor * share) < 1

"""Initial margin: worked examples M1 to M8 and H1, and what must hold for every amount."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.rules.conversion import NoConversion
from trading.rules.leverage import InstrumentRefused, leverage_class, margin_share
from trading.rules.margin import (
    OpeningCheck,
    initial_margin,
    margin_level,
    remaining_margin,
    required_margin,
)
from trading.rules.netting import opened
from trading.rules.terms import ClientCategory, InstrumentClass, Side
from trading.tests.rule_cases import (
    AUDUSD,
    BTCUSD,
    DAX,
    EURGBP,
    EURUSD,
    GILT,
    GOLD,
    USDJPY,
    fill,
    money,
    other,
    quoted,
    retail_margin,
    rules,
)

USD = currency("USD")
volumes = st.integers(min_value=1, max_value=100_000).map(lambda hundredths: Decimal(hundredths) / 100)
prices = st.integers(min_value=1, max_value=10_000_000).map(lambda points: Decimal(points) / 100_000)


def test_m1_a_lot_of_a_major_pair_needs_a_thirtieth_rounded_up() -> None:
    assert retail_margin("eu", EURUSD, "1.00", "1.10000", "USD") == money("3,666.67 USD")


def test_m2_a_pairs_margin_is_of_its_base_amount_at_the_middle_of_the_conversion_pair() -> None:
    rate = quoted("EURUSD", "1.09980", "1.10000")
    assert retail_margin("eu", USDJPY, "0.50", "151.234", "EUR", rate) == money("1,515.29 EUR")


def test_m3_gold_needs_a_twentieth() -> None:
    assert retail_margin("eu", GOLD, "0.20", "2350.40", "USD") == money("2,350.40 USD")


def test_m4_an_index_is_converted_to_the_accounts_currency() -> None:
    rate = quoted("EURAUD", "1.64990", "1.65010")
    assert retail_margin("eu", DAX, "3", "18250.5", "AUD", rate) == money("4,517.00 AUD")


def test_m5_a_crypto_asset_needs_half_and_is_refused_in_the_uk() -> None:
    assert retail_margin("eu", BTCUSD, "0.35", "61234.56", "USD") == money("10,716.05 USD")
    with pytest.raises(InstrumentRefused, match=r"BTCUSD \(crypto-asset\) is not for retail clients"):
        retail_margin("uk", BTCUSD, "0.35", "61234.56", "USD")


def test_m6_the_australian_dollar_is_major_only_in_au() -> None:
    assert retail_margin("eu", AUDUSD, "1.00", "0.66000", "USD") == money("3,300.00 USD")
    assert retail_margin("au", AUDUSD, "1.00", "0.66000", "USD") == money("2,200.00 USD")


def test_m7_margin_scales_with_partial_closes_down_to_nothing() -> None:
    original = money("3,666.67 USD")
    left = [
        remaining_margin(original=original, original_volume=Decimal("1.00"), remaining_volume=Decimal(remaining))
        for remaining in ("0.67", "0.34", "0.01", "0.00")
    ]
    assert left == [money(text) for text in ("2,456.67 USD", "1,246.67 USD", "36.67 USD", "0.00 USD")]


def test_m8_a_gilt_is_a_major_bond_only_in_the_uk() -> None:
    assert retail_margin("uk", GILT, "10", "98.50", "GBP") == money("3,283.34 GBP")
    assert retail_margin("eu", GILT, "10", "98.50", "GBP") == money("19,700.00 GBP")


def test_h1_margins_of_opposite_positions_add_up_where_the_law_says_so() -> None:
    legs = [
        opened(fill(Side.BUY, "1.00", "1.10000", code="au"), Decimal("1.00")),
        opened(fill(Side.SELL, "1.00", "1.09990", code="au", number=2), Decimal("1.00")),
    ]
    assert [leg.margin for leg in legs] == [money("3,666.67 USD"), money("3,666.34 USD")]
    for code, expected in (("au", "7,333.01 USD"), ("sc", "3,666.67 USD")):
        required = required_margin(legs, opposite_positions=rules(code).opposite_positions, account_currency=USD)
        assert required == money(expected)


def test_the_larger_side_counts_per_instrument_not_over_the_account() -> None:
    legs = [
        opened(fill(Side.BUY, "1.00", "1.10000"), Decimal("1.00")),
        opened(fill(Side.SELL, "1.00", "0.66000", terms=AUDUSD, number=2), Decimal("1.00")),
    ]
    required = required_margin(legs, opposite_positions="larger_leg", account_currency=USD)
    assert required == money("6,966.67 USD")


@pytest.mark.parametrize(("leverage", "expected"), [(10, "11,000.00 USD"), (30, "3,666.67 USD")])
def test_the_accounts_own_leverage_binds_where_it_is_lower_than_the_cap(leverage: int, expected: str) -> None:
    assert retail_margin("eu", EURUSD, "1.00", "1.10000", "USD", leverage=leverage) == money(expected)


def test_caps_and_refusals_bind_retail_clients_only() -> None:
    found = margin_share(
        caps=rules("uk").leverage_caps,
        terms=BTCUSD,
        category=ClientCategory.PROFESSIONAL,
        account_leverage=10,
    )
    assert (found.share, found.set_by) == (Fraction(1, 10), "account")


@pytest.mark.parametrize(
    ("base", "kind", "expected"),
    [
        ("FTSE 100", InstrumentClass.INDEX, "major-index"),
        ("Hang Seng", InstrumentClass.INDEX, "other-index"),
        ("XAG", InstrumentClass.COMMODITY, "other-commodity"),
        ("ACME", InstrumentClass.SHARE, "share"),
        ("Carbon", InstrumentClass.OTHER, "other"),
        ("BUND", InstrumentClass.GOVERNMENT_BOND, "other"),
    ],
)
def test_the_class_follows_from_the_members_in_the_file(base: str, kind: InstrumentClass, expected: str) -> None:
    assert leverage_class(rules("uk").leverage_caps, other(base, "USD", kind)) == expected


def test_a_cross_pair_is_margined_in_its_base_currency() -> None:
    # 50,000 EUR at 1.09990 are 54,995.00 USD, a thirtieth of it 1,833.1666...
    rate = quoted("EURUSD", "1.09980", "1.10000")
    assert retail_margin("eu", EURGBP, "0.50", "0.85210", "USD", rate) == money("1,833.17 USD")


def test_an_account_in_the_base_currency_needs_no_rate() -> None:
    assert retail_margin("eu", EURUSD, "1.00", "1.10000", "EUR") == money("3,333.34 EUR")


def test_a_missing_rate_is_an_error_not_a_guess() -> None:
    with pytest.raises(NoConversion, match="end in USD, not in EUR"):
        retail_margin("eu", USDJPY, "0.50", "151.234", "EUR")


def test_a_fill_opens_only_if_equity_covers_the_margin() -> None:
    check = OpeningCheck(equity_after=money("3,666.66 USD"), required_after=money("3,666.67 USD"))
    assert not check.allowed
    assert check.shortfall == money("0.01 USD")
    assert OpeningCheck(equity_after=money("1.00 USD"), required_after=money("1.00 USD")).allowed


def test_there_is_no_margin_level_with_nothing_open() -> None:
    assert margin_level(equity=money("-0.01 USD"), required=money("0.00 USD")) is None
    assert margin_level(equity=money("50.00 USD"), required=money("100.00 USD")) == Fraction(1, 2)


@given(volume=volumes, price=prices)
def test_margin_is_never_below_its_share_and_less_than_a_cent_above(volume: Decimal, price: Decimal) -> None:
    share = Fraction(1, 30)
    margin = initial_margin(terms=EURUSD, volume=volume, price=price, share=share, account_currency=USD)
    exactly = EURUSD.units(volume) * Fraction(price) * share * 100
    assert exactly <= margin.minor < exactly + 1


@given(minor=st.integers(1, 10**12), original=volumes, steps=st.lists(volumes, max_size=8))
def test_scaling_only_falls_never_goes_below_zero_and_ends_at_zero(
    minor: int, original: Decimal, steps: list[Decimal]
) -> None:
    remaining, margin = original, Money(minor, USD)
    for step in (*steps, original):
        remaining = max(remaining - step, Decimal(0))
        left = remaining_margin(original=Money(minor, USD), original_volume=original, remaining_volume=remaining)
        assert 0 <= left.minor <= margin.minor
        assert (left.minor == 0) == (remaining == 0)
        margin = left
    assert margin.minor == 0


@given(legs=st.lists(st.tuples(st.sampled_from(Side), volumes), min_size=1, max_size=6))
def test_adding_up_never_asks_less_than_the_larger_side(legs: list[tuple[Side, Decimal]]) -> None:
    positions = [
        opened(fill(side, str(volume), "1.1", number=number), volume) for number, (side, volume) in enumerate(legs)
    ]
    added, larger = (
        required_margin(positions, opposite_positions=way, account_currency=USD) for way in ("add_up", "larger_leg")
    )
    assert added.minor == sum(position.margin.minor for position in positions)
    assert larger <= added <= larger + larger

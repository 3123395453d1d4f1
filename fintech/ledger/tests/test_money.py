"""Money is exact, in its currency's own minor unit, and refuses everything that isn't plainly an amount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.facts import codec
from fintech.ledger.currencies import UnknownCurrency, currencies, currency, currency_of_numeric
from fintech.ledger.money import CurrencyMismatch, InvalidAmount, Money

some_currency = st.sampled_from(sorted(currencies().values(), key=str))
some_minor = st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1)


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("12.3", "EUR", 1230),
        ("12", "EUR", 1200),
        ("-0.05", "USD", -5),
        ("1500", "JPY", 1500),
        ("1.234", "BHD", 1234),
        ("0.001", "KWD", 1),
        ("7.50", "SCR", 750),
        ("9999999999999999.99", "EUR", 10**18 - 1),
        ("999999999999999999", "JPY", 10**18 - 1),
    ],
)
def test_an_amount_is_read_in_the_minor_unit_of_its_currency(text: str, code: str, minor: int) -> None:
    assert Money.of(text, code) == Money(minor, currency(code))


@pytest.mark.parametrize(
    ("text", "code", "rule"),
    [
        ("10.5", "JPY", "too-many-decimals"),
        ("0.001", "EUR", "too-many-decimals"),
        ("1.00000", "EUR", "too-many-decimals"),
        ("10000000000000000.00", "EUR", "too-many-digits"),
        ("1" + "0" * 1_000_000, "EUR", "too-many-digits"),
        *[
            (text, "EUR", "not-a-decimal")
            for text in (
                "",
                " 1",
                "1 ",
                "+1",
                "1e3",
                "NaN",
                "Infinity",
                "-",
                ".5",
                "5.",
                "1,5",
                "01",
                "0x1",
                "٣",
                "1_0",
            )
        ],
        (1.5, "EUR", "not-a-decimal"),
        (None, "EUR", "not-a-decimal"),
    ],
)
def test_what_is_no_plain_amount_is_refused_by_a_named_rule(text: str, code: str, rule: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        Money.of(text, code)
    assert refused.value.rule == rule


def test_minor_units_are_whole_and_fit_64_bits() -> None:
    for minor in (1.0, True, "1", 10**18, -(10**18)):
        with pytest.raises(InvalidAmount):
            Money(minor, currency("EUR"))  # type: ignore[arg-type]


@given(some_minor, some_currency)
def test_every_amount_survives_the_wire(minor: int, unit: object) -> None:
    money = Money(minor, unit)  # type: ignore[arg-type]
    assert Money.from_wire(money.wire) == money
    assert codec.encode(money) == money.wire
    assert codec.decode(Money, money.wire) == money
    assert str(money) == f"{money.decimal} {money.currency}"


@given(*[st.integers(-(10**17), 10**17)] * 2)
def test_amounts_add_and_compare_as_their_minor_units_do(first: int, second: int) -> None:
    unit = currency("EUR")
    a, b = Money(first, unit), Money(second, unit)
    assert (a + b).minor == a.minor + b.minor
    assert (a - b) == -(b - a)
    assert (a < b, a <= b, a > b, a >= b) == (
        a.minor < b.minor,
        a.minor <= b.minor,
        a.minor > b.minor,
        a.minor >= b.minor,
    )
    assert bool(a) == (a != Money.zero("EUR"))


def test_currencies_never_mix() -> None:
    euro, yen = Money.of("1", "EUR"), Money.of("1", "JPY")
    assert euro != yen
    for operation in ("__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"):
        with pytest.raises(CurrencyMismatch):
            getattr(euro, operation)(yen)
        with pytest.raises(TypeError, match="money and int don't mix"):
            getattr(euro, operation)(1)


@pytest.mark.parametrize(
    "data",
    [{}, {"amount": "1"}, {"amount": "1", "currency": 978}, {"amount": "1", "currency": "EUR", "x": 1}, "1"],
)
def test_other_shapes_on_the_wire_are_no_money(data: object) -> None:
    with pytest.raises(InvalidAmount) as refused:
        Money.from_wire(data)  # type: ignore[arg-type]
    assert refused.value.rule == "not-money"


def test_the_table_of_currencies_has_each_code_and_number_once() -> None:
    assert len({entry.numeric for entry in currencies().values()}) == len(currencies()) > 150
    for code, numeric, exponent in (
        ("JPY", 392, 0),
        ("BHD", 48, 3),
        ("KWD", 414, 3),
        ("SCR", 690, 2),
        ("CLF", 990, 4),
    ):
        entry = currency(code)
        assert (entry.numeric, entry.exponent) == (numeric, exponent)
        assert currency_of_numeric(numeric) is entry
    with pytest.raises(UnknownCurrency):
        currency("eur")
    with pytest.raises(UnknownCurrency):
        currency_of_numeric(0)

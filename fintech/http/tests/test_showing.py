"""How values are shown to staff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from fintech.http import showing
from fintech.ledger.money import Money

ID = "0190b5a0-0000-7000-8000-0123456789ab"


@pytest.mark.parametrize(
    ("minor", "code", "shown"),
    [
        (1_200_000, "EUR", "12,000.00 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (1_234_567, "JPY", "1,234,567 JPY"),
        (1_234_567, "BHD", "1,234.567 BHD"),
        (0, "USD", "0.00 USD"),
    ],
)
def test_money_has_its_currencys_decimals_and_commas(minor: int, code: str, shown: str) -> None:
    assert showing.money_text(Money.of("0", code) + Money(minor, Money.zero(code).currency)) == shown
    assert shown in showing.minor_units(minor, code)


def test_an_amount_in_no_known_currency_says_so() -> None:
    assert "900 minor units of XQQ" in showing.minor_units(900, "XQQ")
    assert "900 minor units of no currency" in showing.minor_units(900, None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("100000.00000000", "100,000"),
        ("0.15000000", "0.15"),
        ("6.00000000000000000000", "6"),
        ("0E-8", "0"),
        ("1E+3", "1,000"),
    ],
)
def test_decimals_lose_zeros_that_say_nothing(value: str, shown: str) -> None:
    assert showing.decimal_text(Decimal(value)) == shown


def test_a_price_has_its_instruments_digits_and_an_average_more_when_pointed_at() -> None:
    assert ">1.10016<" in showing.price(Decimal("1.10016000000000000000"), 5)
    assert ">61,234.50<" in showing.price(Decimal("61234.5"), 2)
    average = showing.price(Decimal("1.1001633333"), 5)
    assert ">1.10016<" in average
    assert 'title="1.1001633333"' in average


def test_a_moment_names_its_zone_and_is_told_in_utc() -> None:
    told = datetime(2026, 11, 25, 14, 3, 12, 999_999, tzinfo=timezone(timedelta(hours=10)))
    assert showing.moment_text(told) == "2026-11-25 04:03:12 UTC"
    assert showing.moment_text(datetime(2026, 11, 25, tzinfo=UTC)) == "2026-11-25 00:00:00 UTC"


def test_an_id_is_folded_but_whole_and_nothing_gets_in_unescaped() -> None:
    shown = showing.compact(f"<b>{ID}</b>")
    assert f'title="{ID}"' in shown
    assert "<b>" not in shown
    assert showing.compact("no id") == "no id"


@pytest.mark.parametrize(
    ("words", "shown"), [("psp events", "PSP events"), ("psp", "PSP"), ("episode id", "episode ID")]
)
def test_labels_write_initials_as_initials(words: str, shown: str) -> None:
    assert showing.label(words) == shown

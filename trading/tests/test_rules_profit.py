"""Profit, loss and their conversion: worked examples P1 to P5."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.currencies import currency
from trading.rules.conversion import (
    NoConversion,
    PairQuote,
    conversion_path,
    convert_at_mid,
    convert_result,
)
from trading.rules.profit import profit, result_in_quote_currency
from trading.rules.quotes import Quote
from trading.rules.rounding import exact
from trading.rules.terms import InstrumentTerms, Side
from trading.tests.rule_cases import AT, EURGBP, EURUSD, USDJPY, money, quoted

USDJPY_QUOTE = quoted("USDJPY", "150.859", "150.871")


def result(
    terms: InstrumentTerms,
    side: Side,
    volume: str,
    opened: str,
    closed: str,
    account: str,
    *pairs: PairQuote,
) -> str:
    return str(
        profit(
            terms=terms,
            side=side,
            volume=Decimal(volume),
            open_price=Decimal(opened),
            close_price=Decimal(closed),
            account_currency=currency(account),
            pairs=pairs,
        )
    )


def test_p1_a_buy_that_closes_lower_loses() -> None:
    assert result(EURUSD, Side.BUY, "0.37", "1.08432", "1.08391", "USD") == "-15.17 USD"


def test_p2_a_gain_in_yen_is_sold_at_the_ask() -> None:
    in_yen = result_in_quote_currency(
        terms=USDJPY,
        side=Side.SELL,
        volume=Decimal("1.25"),
        open_price=Decimal("151.234"),
        close_price=Decimal("150.871"),
    )
    assert in_yen == 45_375
    assert result(USDJPY, Side.SELL, "1.25", "151.234", "150.871", "USD", USDJPY_QUOTE) == "300.75 USD"


def test_p3_a_loss_in_yen_is_bought_at_the_bid() -> None:
    assert result(USDJPY, Side.BUY, "0.60", "151.400", "150.859", "USD", USDJPY_QUOTE) == "-215.17 USD"


def test_p4_a_gain_in_the_base_of_the_conversion_pair_is_sold_at_its_bid() -> None:
    rate = quoted("GBPUSD", "1.26510", "1.26530")
    assert result(EURGBP, Side.BUY, "0.50", "0.85210", "0.85466", "USD", rate) == "161.93 USD"


def test_p5_a_loss_in_the_base_of_the_conversion_pair_is_bought_at_its_ask() -> None:
    assert result(EURUSD, Side.SELL, "0.10", "1.10000", "1.10320", "JPY", USDJPY_QUOTE) == "-4828 JPY"


def test_a_quote_gives_each_side_the_price_that_a_client_gets() -> None:
    quote = Quote(bid=Decimal("1.1"), ask=Decimal("1.2"), at=AT)
    assert (quote.opening_price(Side.BUY), quote.closing_price(Side.BUY)) == (quote.ask, quote.bid)
    assert (quote.opening_price(Side.SELL), quote.closing_price(Side.SELL)) == (quote.bid, quote.ask)


@pytest.mark.parametrize(("milliseconds", "stale"), [(5000, False), (5001, True)])
def test_a_quote_is_stale_once_it_is_older_than_its_maximum_age(milliseconds: int, stale: bool) -> None:
    quote = Quote(bid=Decimal(1), ask=Decimal(1), at=AT)
    assert quote.is_stale(AT + timedelta(milliseconds=milliseconds), max_age_seconds=5) is stale


def test_a_crossed_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="0 < bid <= ask"):
        Quote(bid=Decimal("1.2"), ask=Decimal("1.1"), at=AT)


def test_without_a_direct_pair_a_conversion_goes_over_a_bridge_and_rounds_once() -> None:
    pairs = [("AUD", "USD"), ("USD", "JPY")]
    assert conversion_path("JPY", "AUD", pairs) == (("USD", "JPY"), ("AUD", "USD"))
    path = (USDJPY_QUOTE, quoted("AUDUSD", "0.65990", "0.66000"))
    got = convert_result(Fraction(45_375), source=currency("JPY"), target=currency("AUD"), pairs=path)
    # 45,375 / 150.871 / 0.66000 = 455.687...; by way of 300.75 USD it would be 455.68.
    assert str(got) == "455.69 AUD"


def test_the_same_currency_needs_no_pair_and_an_unreachable_one_has_none() -> None:
    assert conversion_path("USD", "USD", []) == ()
    with pytest.raises(NoConversion, match="no pair leads from JPY to AUD"):
        conversion_path("JPY", "AUD", [("USD", "JPY")])


def test_a_pair_of_other_currencies_is_refused() -> None:
    with pytest.raises(NoConversion, match="USDJPY doesn't convert GBP"):
        convert_at_mid(Fraction(1), source="GBP", target="USD", pairs=[USDJPY_QUOTE])


@given(
    cents=st.integers(-(10**10), 10**10),
    bid=st.integers(50_000, 200_000),
    spread=st.integers(0, 500),
    forward=st.booleans(),
)
def test_a_conversion_never_favours_the_client_over_the_middle(
    cents: int, bid: int, spread: int, forward: bool
) -> None:
    rate = PairQuote(base="EUR", quote="USD", bid=Decimal(bid) / 100_000, ask=Decimal(bid + spread) / 100_000)
    source, target = ("EUR", "USD") if forward else ("USD", "EUR")
    amount = Fraction(cents, 100)
    got = convert_result(amount, source=currency(source), target=currency(target), pairs=[rate])
    middle = convert_at_mid(amount, source=source, target=target, pairs=[rate])
    assert exact(got) <= middle + Fraction(1, 200)


@given(volume=st.integers(1, 10_000), opened=st.integers(1, 10**6), closed=st.integers(1, 10**6))
def test_what_a_buy_wins_the_sell_loses(volume: int, opened: int, closed: int) -> None:
    buy, sell = (
        profit(
            terms=EURUSD,
            side=side,
            volume=Decimal(volume) / 100,
            open_price=Decimal(opened) / 100_000,
            close_price=Decimal(closed) / 100_000,
            account_currency=currency("USD"),
        )
        for side in Side
    )
    assert buy + sell == money("0.00 USD")

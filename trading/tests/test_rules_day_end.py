"""The trading day, swaps over its end, and moves in the hierarchy: worked examples D1, S1 and S2."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.currencies import currency
from trading.rules.hierarchy_move import takes_effect_at
from trading.rules.swaps import nights_charged, swap
from trading.rules.terms import InstrumentTerms
from trading.rules.trading_day import day_end, days_ended, first_day_end_not_before, trading_day
from trading.tests.rule_cases import EURUSD, USDCAD, USDJPY, quoted

FRIDAY, WEDNESDAY, THURSDAY = date(2026, 11, 20), date(2026, 11, 25), date(2026, 11, 26)
moments = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2035, 1, 1),
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("day", "ends_at"),
    [
        (date(2026, 3, 6), datetime(2026, 3, 6, 22, tzinfo=UTC)),
        (date(2026, 3, 9), datetime(2026, 3, 9, 21, tzinfo=UTC)),
        (date(2026, 10, 30), datetime(2026, 10, 30, 21, tzinfo=UTC)),
        (date(2026, 11, 2), datetime(2026, 11, 2, 22, tzinfo=UTC)),
    ],
)
def test_d1_the_day_ends_at_five_in_new_york_around_the_clock_change(day: date, ends_at: datetime) -> None:
    assert day_end(day) == ends_at
    assert trading_day(ends_at - timedelta(microseconds=1)) == day
    assert trading_day(ends_at) == day + timedelta(days=1)


def test_a_rollover_that_stood_still_catches_up_with_each_day_that_ended() -> None:
    after = day_end(FRIDAY)
    assert days_ended(after=after, until=after) == ()
    assert days_ended(after=after - timedelta(seconds=1), until=after) == (FRIDAY,)
    assert len(days_ended(after=after, until=after + timedelta(days=4))) == 4


@pytest.mark.parametrize(
    ("terms", "day", "nights"),
    [(EURUSD, WEDNESDAY, 3), (EURUSD, THURSDAY, 1), (USDCAD, WEDNESDAY, 1), (USDCAD, THURSDAY, 3)],
)
def test_the_weekend_is_charged_on_wednesday_and_for_usdcad_on_thursday(
    terms: InstrumentTerms, day: date, nights: int
) -> None:
    assert nights_charged(terms=terms, day=day) == nights


@given(start=st.dates(date(2020, 1, 1), date(2035, 1, 1)), terms=st.sampled_from([EURUSD, USDCAD]))
def test_any_seven_days_in_a_row_are_charged_as_seven_nights(start: date, terms: InstrumentTerms) -> None:
    week = [start + timedelta(days=offset) for offset in range(7)]
    assert sum(nights_charged(terms=terms, day=day) for day in week) == 7


@pytest.mark.parametrize(("nights", "expected"), [(1, "-14.40 USD"), (3, "-43.20 USD")])
def test_s1_swap_in_the_accounts_own_currency(nights: int, expected: str) -> None:
    booked = swap(
        terms=EURUSD,
        volume=Decimal("2.00"),
        points=Decimal("-7.2"),
        nights=nights,
        account_currency=currency("USD"),
    )
    assert str(booked) == expected


@pytest.mark.parametrize(("nights", "expected"), [(1, "-1.23 EUR"), (3, "-3.70 EUR")])
def test_s2_swap_converted_and_rounded_once(nights: int, expected: str) -> None:
    booked = swap(
        terms=USDJPY,
        volume=Decimal("0.15"),
        points=Decimal("-13.65"),
        nights=nights,
        account_currency=currency("EUR"),
        pairs=[quoted("EURJPY", "165.910", "165.930")],
    )
    assert str(booked) == expected


@pytest.mark.parametrize(
    ("recorded", "effect"),
    [
        # An hour before the end is just in time; a second later is the next day's.
        (datetime(2026, 11, 25, 21, 0, 0, tzinfo=UTC), day_end(WEDNESDAY)),
        (datetime(2026, 11, 25, 21, 0, 1, tzinfo=UTC), day_end(THURSDAY)),
        (datetime(2026, 11, 25, 22, 0, 0, tzinfo=UTC), day_end(THURSDAY)),
    ],
)
def test_a_move_takes_effect_at_the_first_day_end_an_hour_or_more_away(recorded: datetime, effect: datetime) -> None:
    assert takes_effect_at(recorded) == effect


@given(recorded=moments)
def test_a_move_waits_between_one_hour_and_a_day_and_two(recorded: datetime) -> None:
    effect = takes_effect_at(recorded)
    assert timedelta(hours=1) <= effect - recorded <= timedelta(hours=26)
    assert effect == day_end(trading_day(effect) - timedelta(days=1))


@given(moment=moments)
def test_every_moment_lies_in_exactly_one_trading_day(moment: datetime) -> None:
    day = trading_day(moment)
    assert day_end(day - timedelta(days=1)) <= moment < day_end(day)
    assert first_day_end_not_before(moment) - moment <= timedelta(hours=25)

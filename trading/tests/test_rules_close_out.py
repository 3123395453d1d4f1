"""Margin close-out and negative balance protection: worked examples H2, C1 and N1."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from trading.rules.close_out import AccountState, ValuedPosition, margin_call_due, plan_close_out
from trading.rules.negative_balance import protection_due
from trading.rules.netting import opened
from trading.rules.positions import Position
from trading.rules.quotes import Quote
from trading.rules.terms import ClientCategory, Side
from trading.tests.rule_cases import AT, fill, money, rules

USD = currency("USD")
HALF = Fraction(1, 2)


def valued(position: Position, quote: Quote) -> ValuedPosition:
    return ValuedPosition(
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        margin=position.margin,
        floating=position.floating(quote, account_currency=USD),
        opened_at=position.opened_at,
    )


def account(cash: str, *positions: ValuedPosition, code: str = "eu") -> AccountState:
    return AccountState(cash=money(cash), positions=positions, opposite_positions=rules(code).opposite_positions)


def floating(number: int, cents: int, *, margin: int = 10_000, fresh: bool = True, at: datetime = AT) -> ValuedPosition:
    return ValuedPosition(
        position_id=UUID(int=number),
        symbol=f"S{number}",
        side=Side.BUY,
        margin=Money(margin, USD),
        floating=Money(cents, USD),
        opened_at=at,
        fresh=fresh,
    )


def quote(bid: str, ask: str | None = None) -> Quote:
    return Quote(bid=Decimal(bid), ask=Decimal(ask or bid), at=AT)


@pytest.mark.parametrize(
    ("ask", "equity", "begins"), [("1.10823", "3,667.00 USD", False), ("1.10824", "3,666.00 USD", True)]
)
def test_h2_a_widening_spread_closes_out_a_hedged_account_at_the_sum_of_both_margins(
    ask: str, equity: str, begins: bool
) -> None:
    legs = [
        opened(fill(Side.BUY, "1.00", "1.10000", code="au"), Decimal("1.00")),
        opened(fill(Side.SELL, "1.00", "1.09990", code="au", number=2), Decimal("1.00")),
    ]
    state = account("4,000.00 USD", *(valued(leg, quote("1.10500", ask)) for leg in legs), code="au")
    assert state.equity == money(equity)
    assert state.required.minor * HALF == Fraction(366_650_5, 10)
    plan = plan_close_out(state, level=rules("au").close_out_level)
    assert plan.begins is begins
    assert [closing.position_id for closing in plan.closings[:1]] == ([UUID(int=2)] if begins else [])


@pytest.mark.parametrize(("bid", "closed"), [("1.06834", False), ("1.06833", True)])
def test_c1_a_position_is_closed_once_equity_is_below_half_its_margin(bid: str, closed: bool) -> None:
    position = opened(fill(Side.BUY, "1.00", "1.10000"), Decimal("1.00"))
    state = account("5,000.00 USD", valued(position, quote(bid)))
    plan = plan_close_out(state, level=rules("eu").close_out_level)
    assert bool(plan.closings) is closed
    assert bool(plan.after.positions) is not closed


def test_n1_after_a_gap_the_house_makes_the_balance_good() -> None:
    position = opened(fill(Side.BUY, "1.00", "1.10000"), Decimal("1.00"))
    plan = plan_close_out(account("5,000.00 USD", valued(position, quote("1.02000"))), level=HALF)
    assert plan.closings[0].result == money("-8,000.00 USD")
    assert plan.after.cash == money("-3,000.00 USD")
    due = protection_due(
        cash=plan.after.cash,
        open_positions=len(plan.after.positions),
        category=ClientCategory.RETAIL,
        protected=rules("eu").negative_balance_protection,
    )
    assert due == money("3,000.00 USD")
    assert plan.after.cash + due == money("0.00 USD")


@pytest.mark.parametrize(
    ("cash", "open_positions", "category"),
    [
        ("-1.00 USD", 1, ClientCategory.RETAIL),
        ("-1.00 USD", 0, ClientCategory.PROFESSIONAL),
        ("0.00 USD", 0, ClientCategory.RETAIL),
    ],
)
def test_nothing_is_made_good_with_positions_open_to_professionals_or_without_debt(
    cash: str, open_positions: int, category: ClientCategory
) -> None:
    due = protection_due(cash=money(cash), open_positions=open_positions, category=category, protected=True)
    assert due == money("0.00 USD")


def test_at_exactly_half_nothing_is_closed() -> None:
    assert not plan_close_out(account("100.00 USD", floating(1, -50_00)), level=HALF).begins
    assert plan_close_out(account("99.99 USD", floating(1, -50_00)), level=HALF).begins


def test_the_largest_loss_goes_first_and_closing_stops_once_the_level_holds() -> None:
    state = account("180.00 USD", floating(1, -20_00), floating(2, -60_00), floating(3, 10_00))
    plan = plan_close_out(state, level=HALF)
    assert [closing.position_id.int for closing in plan.closings] == [2]
    assert plan.closings[0].level_before == Fraction(110, 300)
    assert plan.closings[0].level_after == Fraction(110, 200)


def test_of_equal_losses_the_oldest_position_goes_first() -> None:
    younger = floating(1, -50_00, at=AT + timedelta(seconds=1))
    plan = plan_close_out(account("130.00 USD", younger, floating(2, -50_00)), level=HALF)
    assert plan.closings[0].position_id == UUID(int=2)


def test_a_position_without_a_fresh_quote_waits_and_the_others_do_not() -> None:
    state = account("60.00 USD", floating(1, -90_00, fresh=False), floating(2, -5_00))
    plan = plan_close_out(state, level=HALF)
    assert [closing.position_id.int for closing in plan.closings] == [2]
    assert [position.int for position in plan.waiting] == [1]


def test_a_residue_with_nothing_open_stops_nobody_out() -> None:
    plan = plan_close_out(account("-0.01 USD"), level=HALF)
    assert not plan.begins
    assert plan.after.level is None


def test_a_margin_call_comes_below_a_hundred_percent() -> None:
    level = rules("eu").margin_call_level
    assert not margin_call_due(account("150.00 USD", floating(1, -50_00)), level=level)
    assert margin_call_due(account("149.99 USD", floating(1, -50_00)), level=level)


positions = st.lists(
    st.builds(
        lambda cents, margin, fresh, minute: (cents, margin, fresh, minute),
        st.integers(-100_000, 50_000),
        st.integers(1, 50_000),
        st.booleans(),
        st.integers(0, 3),
    ),
    max_size=10,
)


@given(
    cash=st.integers(-100_000, 200_000),
    drawn=positions,
    level=st.sampled_from([HALF, Fraction(1, 5)]),
    opposite=st.sampled_from(["add_up", "larger_leg"]),
)
def test_a_close_out_ends_conserves_equity_and_leaves_the_level_holding_or_says_who_waits(
    cash: int,
    drawn: list[tuple[int, int, bool, int]],
    level: Fraction,
    opposite: Literal["add_up", "larger_leg"],
) -> None:
    state = AccountState(
        cash=Money(cash, USD),
        positions=tuple(
            floating(number, cents, margin=margin, fresh=fresh, at=AT + timedelta(minutes=minute))
            for number, (cents, margin, fresh, minute) in enumerate(drawn)
        ),
        opposite_positions=opposite,
    )
    plan = plan_close_out(state, level=level)
    assert plan.after.equity == state.equity
    assert len(plan.closings) + len(plan.after.positions) == len(drawn)
    assert not plan.after.below(level) or plan.waiting
    assert all(not position.fresh for position in plan.after.positions if plan.waiting)
    assert all(closing.equity.minor < level * closing.required_before.minor for closing in plan.closings)
    assert plan_close_out(state, level=level) == plan

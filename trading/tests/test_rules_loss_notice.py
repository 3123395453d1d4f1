"""Loss notices: worked example L1."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.jurisdictions import jurisdiction
from trading.rules.loss_notice import loss_notice_due, notice_due_by
from trading.rules.terms import ClientCategory, Side
from trading.tests.rule_cases import rules


def noticed_prices(
    code: str,
    side: Side,
    prices: list[str],
    category: ClientCategory = ClientCategory.RETAIL,
) -> list[str]:
    steps, found = 0, []
    for price in prices:
        notice = loss_notice_due(
            side=side,
            open_price=Decimal("200.00"),
            closing_price=Decimal(price),
            steps_noticed=steps,
            step=rules(code).loss_notice_step,
            category=category,
        )
        if notice:
            steps = notice.steps
            found.append(price)
    return found


BIDS = ["181.00", "180.00", "179.00", "160.00", "185.00", "159.00"]


def test_l1_one_notice_at_each_tenth_lost_and_none_again_after_a_recovery() -> None:
    assert noticed_prices("eu", Side.BUY, BIDS) == ["180.00", "160.00"]


def test_l1_a_short_mirrors_it() -> None:
    asks = ["219.00", "220.00", "221.00", "240.00", "215.00", "241.00"]
    assert noticed_prices("eu", Side.SELL, asks) == ["220.00", "240.00"]


def test_l1_no_notice_in_au_nor_to_professionals() -> None:
    assert noticed_prices("au", Side.BUY, BIDS) == []
    assert noticed_prices("eu", Side.BUY, BIDS, ClientCategory.PROFESSIONAL) == []


def test_a_jump_over_two_steps_brings_one_notice() -> None:
    assert noticed_prices("eu", Side.BUY, ["150.00", "159.00"]) == ["150.00"]


@pytest.mark.parametrize(
    ("reached", "due"),
    [
        (datetime(2026, 11, 25, 9, tzinfo=UTC), datetime(2026, 11, 25, 22, tzinfo=UTC)),
        # A Saturday's is due on Monday.
        (datetime(2026, 11, 28, 9, tzinfo=UTC), datetime(2026, 11, 30, 22, tzinfo=UTC)),
    ],
)
def test_a_notice_is_due_by_the_end_of_the_business_day(reached: datetime, due: datetime) -> None:
    eu = jurisdiction("eu")
    assert notice_due_by(reached_at=reached, business_days=eu.entities[0].business_days, time_zone=eu.time_zone) == due


@given(prices=st.lists(st.integers(1, 40_000), max_size=30))
def test_each_step_is_noticed_at_most_once(prices: list[int]) -> None:
    texts = [str(Decimal(price) / 100) for price in prices]
    assert len(noticed_prices("eu", Side.BUY, texts)) <= 9

"""Deposits before identity is verified: worked example K1."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

import pytest

from fintech.jurisdictions import jurisdiction
from fintech.ledger.money import Money
from payments.rules.deposit_limits import (
    DepositObstacle,
    Depositor,
    DepositRefused,
    ends_on,
    refusal_of_deposit,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BEGAN = date(2026, 11, 10)


def refusal(
    amount: str,
    *,
    currency: str = "EUR",
    code: str = "eu",
    deposited: str | None = "1500.00",
    risk: Literal["unrated", "low", "medium", "high"] = "low",
    verified: bool = False,
    bank: bool = True,
    today: date = date(2026, 11, 25),
    rate: str | None = None,
) -> DepositRefused | None:
    return refusal_of_deposit(
        Money.of(amount, currency),
        depositor=Depositor(
            verified=verified,
            risk=risk,
            term_began_on=BEGAN if deposited else None,
            deposited=Money.of(deposited, "EUR") if deposited else None,
        ),
        from_own_bank_account=bank,
        today=today,
        rule=jurisdiction(code).rules_at(NOW).pre_verification_deposits,
        reference_rate=Decimal(rate) if rate else None,
    )


def test_k1_500_more_are_taken_and_a_cent_beyond_is_refused_with_rule_and_threshold() -> None:
    assert refusal("500.00") is None
    refused = refusal("500.01")
    assert refused == DepositRefused(
        obstacle=DepositObstacle.LIMIT, threshold="2000.00 EUR", rule="pre_verification_deposits"
    )


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (refusal("100.00", bank=False), DepositObstacle.NOT_OWN_BANK_ACCOUNT),
        (refusal("100.00", risk="medium"), DepositObstacle.RISK),
        (refusal("100.00", risk="unrated"), DepositObstacle.RISK),
        (refusal("100.00", today=date(2026, 11, 26)), DepositObstacle.TERM_OVER),
        (refusal("100.00", currency="USD"), DepositObstacle.NO_RATE),
        (refusal("543.49", currency="USD", rate="0.92"), DepositObstacle.LIMIT),
        (refusal("100.00", currency="AUD", code="au"), DepositObstacle.NOT_BEFORE_VERIFICATION),
    ],
)
def test_k1_a_card_another_risk_a_late_day_and_another_jurisdiction_are_refused(
    refused: DepositRefused | None, expected: DepositObstacle
) -> None:
    assert refused is not None
    assert refused.obstacle is expected


def test_k1_another_currency_counts_by_the_days_rate() -> None:
    assert refusal("543.47", currency="USD", rate="0.92") is None


def test_k1_day_one_follows_the_beginning_and_on_day_sixteen_it_ends() -> None:
    assert ends_on(BEGAN, days=15) == date(2026, 11, 26)
    assert refusal("1.00", today=date(2026, 11, 25)) is None


def test_a_first_deposit_may_reach_the_whole_limit() -> None:
    assert refusal("2000.00", deposited=None) is None
    assert refusal("2000.01", deposited=None) is not None


@pytest.mark.parametrize("code", ["eu", "au", "uk", "sc"])
def test_a_verified_client_is_none_of_this_rules_business(code: str) -> None:
    assert refusal("999999.00", code=code, verified=True, bank=False, risk="high") is None

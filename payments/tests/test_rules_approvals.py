"""Approvals: one below the threshold, two by different people from it on, never the maker's."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from fintech.jurisdictions import jurisdiction
from fintech.ledger.money import Money
from payments.rules.approvals import (
    Approval,
    ApprovalObstacle,
    approvals_needed,
    approvers,
    is_approved,
    obstacle,
)

MAKER, ANNA, BERT = (UUID(int=number) for number in (1, 2, 3))
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "amount", "currency", "rate", "needed"),
    [
        ("eu", "9999.99", "EUR", None, 1),
        ("eu", "10000.00", "EUR", None, 2),
        ("eu", "10869.56", "USD", "0.92", 1),
        ("eu", "10869.57", "USD", "0.92", 2),
        ("eu", "12500.00", "USD", "0.80", 2),
        ("eu", "1.00", "USD", None, 2),
        ("eu", "1612903", "JPY", "0.0062", 1),
        ("eu", "1612904", "JPY", "0.0062", 2),
        ("uk", "10000.00", "GBP", None, 2),
        ("au", "9999.99", "AUD", None, 1),
        ("sc", "5000.00", "USD", None, 2),
    ],
)
def test_two_approvals_from_the_threshold_or_its_equivalent_on(
    code: str, amount: str, currency: str, rate: str | None, needed: int
) -> None:
    threshold = jurisdiction(code).rules_at(NOW).two_approvals_from
    found = approvals_needed(
        Money.of(amount, currency),
        two_from=threshold,
        reference_rate=Decimal(rate) if rate else None,
    )
    assert found == needed


def test_the_maker_is_never_the_checker() -> None:
    found = obstacle(staff_id=MAKER, shown_digest="plan", plan_digest="plan", makers=[MAKER], approvals=[])
    assert found is ApprovalObstacle.MAKER


def test_nobody_approves_the_same_plan_twice() -> None:
    given = [Approval(staff_id=ANNA, plan_digest="plan")]
    arguments = {"shown_digest": "plan", "plan_digest": "plan"}
    assert obstacle(staff_id=ANNA, makers=[], approvals=given, **arguments) is ApprovalObstacle.TWICE
    assert obstacle(staff_id=BERT, makers=[], approvals=given, **arguments) is None


def test_a_plan_that_has_changed_since_it_was_shown_cannot_be_approved() -> None:
    found = obstacle(staff_id=ANNA, shown_digest="old", plan_digest="new", makers=[], approvals=[])
    assert found is ApprovalObstacle.OTHER_PLAN


def test_approvals_count_once_a_person_and_only_for_the_plan_as_it_stands() -> None:
    given = [
        Approval(staff_id=ANNA, plan_digest="new"),
        Approval(staff_id=ANNA, plan_digest="new"),
        Approval(staff_id=BERT, plan_digest="old"),
        Approval(staff_id=MAKER, plan_digest="new"),
    ]
    assert approvers(given, plan_digest="new", makers=[MAKER]) == {ANNA}
    assert not is_approved(given, plan_digest="new", makers=[MAKER], needed=2)
    again = [*given, Approval(staff_id=BERT, plan_digest="new")]
    assert is_approved(again, plan_digest="new", makers=[MAKER], needed=2)

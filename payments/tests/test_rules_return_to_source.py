"""Return to source: worked examples W1 and W2."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fintech.ledger.currencies import currency
from fintech.ledger.money import CurrencyMismatch, Money
from payments.rules.return_to_source import NoDestination, ReturnPlan, Source, plan_return

EUR = currency("EUR")
WITHDRAWAL, CARD_A, CARD_B, BANK = (UUID(int=number) for number in (9, 1, 2, 3))
START = datetime(2026, 11, 1, tzinfo=UTC)


def euros(amount: int) -> Money:
    return Money(amount * 100, EUR)


def source(number: UUID, deposited: int, *, day: int, returned: int = 0, accepts: bool = True) -> Source:
    return Source(
        source_id=number,
        first_deposit_at=START + timedelta(days=day),
        deposited=euros(deposited),
        returned=euros(returned),
        accepts_returns=accepts,
    )


def plan(amount: int, *sources: Source, bank: UUID | None = BANK) -> ReturnPlan:
    return plan_return(euros(amount), withdrawal_id=WITHDRAWAL, sources=sources, bank_account_id=bank)


def parts(found: ReturnPlan) -> list[tuple[UUID, int]]:
    return [(leg.destination_id, leg.amount.minor // 100) for leg in found.legs]


def test_w1_each_card_gets_back_what_came_from_it_and_the_bank_account_the_rest() -> None:
    found = plan(600, source(CARD_B, 200, day=2), source(CARD_A, 300, day=1))
    assert parts(found) == [(CARD_A, 300), (CARD_B, 200), (BANK, 100)]
    assert [leg.kind for leg in found.legs] == ["source", "source", "bank"]


def test_w2_what_was_sent_back_before_counts() -> None:
    found = plan(600, source(CARD_A, 300, day=1, returned=250), source(CARD_B, 200, day=2))
    assert parts(found) == [(CARD_A, 50), (CARD_B, 200), (BANK, 350)]


def test_a_smaller_withdrawal_goes_to_the_oldest_source_alone() -> None:
    found = plan(250, source(CARD_A, 300, day=1), source(CARD_B, 200, day=2), bank=None)
    assert parts(found) == [(CARD_A, 250)]


def test_the_oldest_source_is_the_one_first_paid_in_from() -> None:
    found = plan(250, source(CARD_A, 300, day=2), source(CARD_B, 200, day=1))
    assert parts(found) == [(CARD_B, 200), (CARD_A, 50)]


def test_a_source_that_takes_nothing_back_is_passed_over() -> None:
    found = plan(400, source(CARD_A, 300, day=1, accepts=False), source(CARD_B, 200, day=2))
    assert parts(found) == [(CARD_B, 200), (BANK, 200)]


def test_a_bank_account_that_is_itself_a_source_gets_one_payment() -> None:
    assert parts(plan(500, source(BANK, 300, day=1))) == [(BANK, 500)]


def test_a_source_that_got_more_back_than_it_gave_gets_nothing() -> None:
    assert parts(plan(100, source(CARD_A, 100, day=1, returned=150))) == [(BANK, 100)]


def test_without_a_verified_bank_account_the_rest_has_no_destination() -> None:
    with pytest.raises(NoDestination, match=r"100\.00 EUR came from no source") as caught:
        plan(400, source(CARD_A, 300, day=1), bank=None)
    assert caught.value.remainder == euros(100)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        plan_return(
            Money(100, currency("USD")),
            withdrawal_id=WITHDRAWAL,
            sources=[source(CARD_A, 300, day=1)],
            bank_account_id=BANK,
        )


def test_another_plan_has_another_digest_and_the_same_plan_the_same() -> None:
    one, same, other = (
        plan(amount, source(CARD_A, 300, day=1), source(CARD_B, 200, day=2)) for amount in (600, 600, 599)
    )
    assert one.digest == same.digest
    assert one.digest != other.digest


amounts = st.integers(0, 10_000)


@given(amount=st.integers(1, 50_000), drawn=st.lists(st.tuples(amounts, amounts, st.booleans()), max_size=6))
def test_a_plan_sums_to_the_withdrawal_and_no_source_gets_more_than_it_gave(
    amount: int, drawn: list[tuple[int, int, bool]]
) -> None:
    sources = [
        source(UUID(int=100 + number), deposited, day=number, returned=returned, accepts=accepts)
        for number, (deposited, returned, accepts) in enumerate(drawn)
    ]
    found = plan(amount, *sources)
    assert found.total == euros(amount)
    owed = {one.source_id: one.owed for one in sources}
    for leg in found.legs:
        assert leg.amount.minor > 0
        assert leg.kind == "bank" or leg.amount <= owed[leg.destination_id]

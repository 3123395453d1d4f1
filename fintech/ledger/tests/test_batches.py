"""Batches: each item a request of its own, and together what posting them one by one would have given."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fintech.cells import CellContext, alias_for
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal
from fintech.journal.models import JournalEntry
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose, house_number
from fintech.ledger.tests.deciding import Wallet, decide, give, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, ItemResult, Leg, Outcome

POSTED, REPLAYED, INSUFFICIENT = Outcome.POSTED, Outcome.REPLAYED, Outcome.INSUFFICIENT


def swap(purse: Wallet, amount: int, *, key: str | None = None) -> Item:
    """An item that takes (or, below zero, gives) money."""
    sides = (purse.account, purse.clearing) if amount > 0 else (purse.clearing, purse.account)
    leg = Leg(debit=sides[0], credit=sides[1], amount=abs(amount), code=TransferCode.SWAP)
    return Item(key=key or str(uuid7()), legs=(leg,))


def post(*items: Item) -> list[ItemResult]:
    return Book("payments").post_batch(items, operation="test.swap", reason="a test")


def outcomes(*items: Item) -> list[Outcome]:
    return [result.outcome for result in post(*items)]


def balance(purse: Wallet) -> int:
    return Book("payments").balance(purse.account).posted


def test_each_item_has_its_own_journal_row_and_outcome(eu: CellContext) -> None:
    rich, poor = wallet(funded=100), wallet(funded=5)
    results = post(swap(rich, 30), swap(poor, 6), swap(poor, 5))
    assert [result.outcome for result in results] == [POSTED, INSUFFICIENT, POSTED]
    assert [result.stands for result in results] == [True, False, True]
    entries = JournalEntry.objects.using(alias_for("payments")).in_bulk([result.journal_id for result in results])
    assert [entries[result.journal_id].outcome for result in results] == ["done", "refused", "done"]
    refused = entries[results[1].journal_id]
    assert (refused.principal, refused.operation, refused.key) == ("system:test", "test.swap", results[1].key)
    assert (refused.request_id, refused.reason) == (eu.request_id, "a test")
    with pytest.raises(Refusal) as one_by_one:
        decide(lambda book: book.post(debit=poor.account, credit=poor.clearing, amount=6, code=TransferCode.SWAP))
    assert refused.answer["code"] == one_by_one.value.code
    assert refused.answer["detail"] == one_by_one.value.detail
    assert refused.answer["params"] == {
        "account": str(poor.account),
        "amount_minor": 6,
        "available_minor": 5,
    }
    assert Book("payments").transfers_of(results[0].journal_id)[0].client_balance == 70


@pytest.mark.parametrize("others", [0, 2], ids=["alone", "among others"])
def test_a_repeated_item_gets_its_first_answer_and_moves_nothing(eu: CellContext, others: int) -> None:
    purse, broke = wallet(funded=100), wallet()
    more = [swap(purse, 1) for _ in range(others)]
    paid, short = swap(purse, 60), swap(broke, 10)
    first = post(*more, paid) + post(*more, short)
    give(broke, 1_000)
    again = post(*more, paid) + post(*more, short)
    assert again[others].outcome is REPLAYED
    assert again[-1].outcome is INSUFFICIENT
    assert [result.journal_id for result in again] == [result.journal_id for result in first]
    assert (balance(purse), balance(broke)) == (40 - others, 1_000)
    changed = swap(purse, 61, key=paid.key)
    assert outcomes(*more, changed)[-1] is Outcome.KEY_REUSED
    assert outcomes(*more, swap(broke, 11, key=short.key))[-1] is Outcome.KEY_REUSED
    assert balance(purse) == 40 - others


def test_a_key_repeated_within_a_batch_is_decided_once(eu: CellContext) -> None:
    purse = wallet(funded=100)
    item = swap(purse, 10)
    assert outcomes(item, swap(purse, 5), item, swap(purse, 11, key=item.key)) == [
        POSTED,
        POSTED,
        REPLAYED,
        Outcome.KEY_REUSED,
    ]
    assert balance(purse) == 85


def test_an_item_with_an_account_that_doesnt_exist_is_not_decided(eu: CellContext) -> None:
    purse = wallet(funded=100)
    nobody = Wallet(uuid7(), 10**15 + 978, purse.clearing)
    lost, stranger = swap(nobody, -5), swap(purse, 5)
    foreign = Item(
        key=str(uuid7()),
        legs=(
            Leg(
                debit=purse.account,
                credit=purse.clearing,
                amount=1,
                code=TransferCode.SWAP,
                client_id=uuid7(),
            ),
        ),
    )
    for batch in ([lost], [lost, stranger, foreign]):
        results = post(*batch)
        assert results[0].outcome is results[-1].outcome is Outcome.UNKNOWN_ACCOUNT
        assert results[0].journal_id is None
    assert balance(purse) == 95


@pytest.mark.parametrize("entity", [51, 52])
def test_house_accounts_are_opened_when_a_batch_first_posts_to_them(eu: CellContext, entity: int) -> None:
    purse = wallet(funded=100)
    swaps = house_number(HousePurpose.SWAP, entity=entity, currency_code="EUR")
    items = [swap(Wallet(purse.client_id, purse.account, swaps), amount) for amount in (1, 2)][: entity - 50]
    assert outcomes(*items) == [POSTED] * len(items)
    assert Book("payments").account(swaps).number == swaps
    assert Book("payments").balance(swaps).posted == 100 - balance(purse)


def test_what_could_be_posted_before_a_house_account_was_missing_is_posted_with_the_rest(eu: CellContext) -> None:
    purse = wallet(funded=100)
    swaps = house_number(HousePurpose.SWAP, entity=53, currency_code="EUR")
    assert outcomes(swap(purse, 1), swap(Wallet(purse.client_id, purse.account, swaps), 2)) == [POSTED, POSTED]
    assert balance(purse) == 97


def test_the_same_key_for_another_day_or_another_matter_is_refused(eu: CellContext) -> None:
    purse = wallet(funded=100)
    item = swap(purse, 1)
    assert outcomes(item) == [POSTED]
    for change in ({"value_date": date(2026, 1, 1)}, {"reference": uuid7()}, {"client_id": purse.client_id}):
        changed = Item(key=item.key, legs=(replace(item.legs[0], **change),))
        assert outcomes(changed) == [Outcome.KEY_REUSED]


def test_a_batch_is_never_posted_inside_a_transaction(eu: CellContext) -> None:
    purse = wallet(funded=100)
    for items in ([swap(purse, 1)], [swap(purse, 1), swap(purse, 2)]):
        with pytest.raises(RuntimeError), transaction.atomic(using=alias_for("payments")):
            post(*items)
    assert balance(purse) == 100


def test_linked_legs_of_an_item_stand_or_fall_together(eu: CellContext) -> None:
    payer, payee = wallet(funded=10), wallet()
    between = house_number(HousePurpose.CLIENT_TO_CLIENT, entity=1, currency_code="EUR")

    def pay(amount: int) -> Item:
        code = TransferCode.CLIENT_TO_CLIENT
        return Item(
            key=str(uuid7()),
            legs=(
                Leg(debit=payer.account, credit=between, amount=amount, code=code),
                Leg(debit=between, credit=payee.account, amount=amount, code=code),
            ),
        )

    assert outcomes(pay(6), pay(5), pay(4)) == [POSTED, INSUFFICIENT, POSTED]
    assert (balance(payer), balance(payee)) == (0, 10)


def test_a_batch_longer_than_one_call_goes_on_where_it_was(eu: CellContext) -> None:
    purse = wallet(funded=600)
    items = [swap(purse, 1) for _ in range(601)]
    assert outcomes(*items) == [POSTED] * 600 + [INSUFFICIENT]
    statement = Book("payments").latest(purse.account, limit=3)
    assert [transfer.client_balance for transfer in statement] == [0, 1, 2]
    assert outcomes(*items[:300]) == [REPLAYED] * 300


moves = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(-40, 60).filter(bool)), min_size=1, max_size=3),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves, split=st.integers(1, 12))
def test_a_batch_gives_what_posting_one_by_one_gives(
    eu: CellContext, moves: list[list[tuple[int, int]]], split: int
) -> None:
    together = [wallet(funded=50) for _ in range(3)]
    alone = [wallet(funded=50) for _ in range(3)]

    def item(purses: list[Wallet], changes: list[tuple[int, int]]) -> Item:
        return Item(key=str(uuid7()), legs=tuple(swap(purses[place], -change).legs[0] for place, change in changes))

    items = [item(together, changes) for changes in moves]
    results = post(*items[:split]) + post(*items[split:])
    expected = [_one_by_one(item(alone, changes)) for changes in moves]
    assert [result.outcome for result in results] == expected
    book = Book("payments")
    for first, second in zip(together, alone, strict=True):
        shapes = [
            [
                (transfer.amount, transfer.client_balance, transfer.client_seq)
                for transfer in book.statement(purse.account)
            ]
            for purse in (first, second)
        ]
        assert shapes[0] == shapes[1]


def _one_by_one(item: Item) -> Outcome:
    try:
        decide(lambda book: book.post_linked(item.legs))
    except Refusal as refusal:
        assert refusal.code == "insufficient-funds"  # noqa: PT017
        return INSUFFICIENT
    return POSTED


def test_what_clients_a_batch_touched_is_told_by_its_transfers(eu: CellContext) -> None:
    purses = [wallet(funded=10) for _ in range(3)]
    results = post(*[swap(purse, 1) for purse in purses])
    book = Book("payments")
    clients: list[UUID] = [book.transfers_of(result.journal_id)[0].client_id for result in results]
    assert clients == [purse.client_id for purse in purses]

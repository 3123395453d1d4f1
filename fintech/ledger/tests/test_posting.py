"""Posting: what moves, what is refused, and what nobody can write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal, verb
from fintech.ledger.accounts import HOUSE_CLIENT_ID, AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.refusals import UnknownAccount
from fintech.ledger.tests.deciding import decide, give, take, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Leg, Transfer


def test_a_transfer_moves_one_amount_between_two_accounts(eu: CellContext) -> None:
    purse = wallet()
    before = Book("payments").balance(purse.clearing).posted
    posted = give(purse, 10_000)
    assert Book("payments").balance(purse.account).posted == 10_000
    assert Book("payments").balance(purse.clearing).posted == before - 10_000
    assert posted.client_id == purse.client_id
    assert (posted.client_account, posted.client_balance, posted.client_seq) == (purse.account, 10_000, 1)
    assert str(posted.money) == "100.00 EUR"
    assert posted.value_date == posted.recorded_at.astimezone(UTC).date()
    assert abs(posted.recorded_at - datetime.now(UTC)) < timedelta(seconds=30)
    assert (posted.change_of(purse.account), posted.change_of(purse.clearing)) == (10_000, -10_000)


def test_a_wallet_never_falls_below_zero(eu: CellContext) -> None:
    purse = wallet(funded=500)
    with pytest.raises(Refusal, match="available") as refused:
        take(purse, 501)
    assert refused.value.code == "insufficient-funds"
    assert refused.value.params == {
        "account": str(purse.account),
        "amount_minor": 501,
        "available_minor": 500,
    }
    assert take(purse, 500).client_balance == 0


def test_cash_and_debt_have_no_floor(eu: CellContext) -> None:
    def overdraw(book: Book) -> list[int]:
        house = book.house(HousePurpose.DEALING, entity=1, currency="USD")
        accounts = [
            book.open_account(client_id=uuid7(), kind=kind, currency="USD")
            for kind in (AccountKind.DEBT, AccountKind.TRADING_CASH)
        ]
        for account in accounts:
            book.post(debit=account, credit=house, amount=7, code=TransferCode.TRADING_RESULT)
        return accounts

    for account in decide(overdraw):
        assert Book("payments").balance(account).available == -7


def test_suspense_has_a_floor_as_a_wallet_has(eu: CellContext) -> None:
    def overdraw(book: Book) -> Transfer:
        account = book.open_account(client_id=uuid7(), kind=AccountKind.SUSPENSE, currency="USD")
        house = book.house(HousePurpose.DEALING, entity=1, currency="USD")
        return book.post(debit=account, credit=house, amount=7, code=TransferCode.FROM_SUSPENSE)

    with pytest.raises(Refusal, match="available"):
        decide(overdraw)


def test_a_client_has_one_wallet_in_a_currency_but_may_have_more_trading_accounts(eu: CellContext) -> None:
    client = uuid7()

    def open_twice(kind: AccountKind) -> set[int]:
        return {decide(lambda book: book.open_account(client_id=client, kind=kind, currency="EUR")) for _ in range(2)}

    assert [len(open_twice(kind)) for kind in (AccountKind.WALLET, AccountKind.TRADING_CASH)] == [1, 2]
    kinds = [account.kind for account in Book("payments").accounts_of(client)]
    assert kinds == [AccountKind.WALLET, AccountKind.TRADING_CASH, AccountKind.TRADING_CASH]


def test_an_account_that_doesnt_exist_or_is_anothers_is_a_bug_and_writes_nothing(eu: CellContext) -> None:
    purse = wallet(funded=100)
    nobodys = 1_000 * 10**9 + 978
    with pytest.raises(UnknownAccount):
        decide(lambda book: book.post(debit=purse.clearing, credit=nobodys, amount=1, code=TransferCode.DEPOSIT))
    with pytest.raises(UnknownAccount):
        decide(
            lambda book: book.post(
                debit=purse.account,
                credit=purse.clearing,
                amount=1,
                code=TransferCode.WITHDRAWAL,
                client_id=uuid7(),
            )
        )
    with pytest.raises(ValueError, match="HousePurpose"):
        decide(lambda book: book.post(debit=purse.account, credit=-199_978, amount=1, code=TransferCode.WITHDRAWAL))
    with pytest.raises(UnknownAccount):
        Book("payments").balance(nobodys)
    assert Book("payments").balance(purse.account).seq == 1


def test_linked_transfers_are_judged_on_their_end_state(eu: CellContext) -> None:
    payer, payee = wallet(funded=100), wallet()

    def pay(book: Book, amount: int) -> list[Transfer]:
        between = book.house(HousePurpose.CLIENT_TO_CLIENT, entity=1, currency="EUR")
        return book.post_linked(
            [
                Leg(debit=between, credit=payee.account, amount=amount, code=TransferCode.CLIENT_TO_CLIENT),
                Leg(debit=payer.account, credit=between, amount=amount, code=TransferCode.CLIENT_TO_CLIENT),
                Leg(debit=between, credit=payer.account, amount=20, code=TransferCode.ADJUSTMENT),
            ]
        )

    transfers = decide(lambda book: pay(book, 110))
    assert [transfer.leg for transfer in transfers] == [1, 2, 3]
    assert [transfer.client_balance for transfer in transfers] == [110, -10, 10]
    assert len({transfer.recorded_at for transfer in transfers}) == 1
    with pytest.raises(Refusal, match="available") as refused:
        decide(lambda book: pay(book, 31))
    assert refused.value.params["account"] == str(payer.account)
    assert refused.value.params["available_minor"] == 10
    book = Book("payments")
    assert (book.balance(payer.account).posted, book.balance(payee.account).posted) == (10, 110)


def test_a_decision_that_touches_several_clients_locks_them_in_one_call_first(eu: CellContext) -> None:
    first, second = wallet(funded=100), wallet(funded=100)

    def move(book: Book) -> list[Transfer]:
        return [
            book.post(debit=purse.account, credit=purse.clearing, amount=1, code=TransferCode.ADJUSTMENT)
            for purse in (first, second, first)
        ]

    with pytest.raises(OperationalError, match="lock"):
        decide(move)

    def locked(book: Book) -> list[Transfer]:
        book.lock(second.account, first.account)
        return move(book)

    transfers = decide(locked)
    assert [transfer.leg for transfer in transfers] == [1, 2, 3]
    assert len({transfer.recorded_at for transfer in transfers}) == 1
    assert [transfer.client_balance for transfer in transfers] == [99, 99, 98]


def test_an_account_that_the_decision_opened_itself_needs_no_lock(eu: CellContext) -> None:
    purse = wallet(funded=100)

    def open_and_move(book: Book) -> int:
        book.post(debit=purse.account, credit=purse.clearing, amount=40, code=TransferCode.ADJUSTMENT)
        account = book.open_account(client_id=uuid7(), kind=AccountKind.WALLET, currency="EUR")
        book.post(debit=purse.clearing, credit=account, amount=40, code=TransferCode.ADJUSTMENT)
        return account

    assert Book("payments").balance(decide(open_and_move)).posted == 40


def test_money_of_the_house_moves_without_a_client(eu: CellContext) -> None:
    broker = uuid7()

    def fund(book: Book) -> list[Transfer]:
        bank = book.house(HousePurpose.BANK, entity=47, currency="EUR")
        fees = book.house(HousePurpose.FEES, entity=47, currency="EUR")
        move = {"debit": bank, "credit": fees, "amount": 5, "code": TransferCode.HOUSE_FUNDING}
        return [book.post(**move), book.post(**move, client_id=broker, reference=broker)]

    plain, for_somebody = decide(fund)
    assert (plain.client_id, plain.client_account, plain.client_balance) == (HOUSE_CLIENT_ID, None, None)
    assert (for_somebody.client_id, for_somebody.reference) == (broker, broker)
    assert plain.leg + 1 == for_somebody.leg
    assert [Book("payments").account(side).kind for side in (plain.debit, plain.credit)] == [AccountKind.HOUSE] * 2


def test_what_a_refused_verb_posted_is_undone_and_the_refusal_stays(eu: CellContext) -> None:
    purse = wallet(funded=100)

    @verb("payments")
    def spend(*, key: str, amount: int) -> int:
        book = Book("payments")
        book.post(debit=purse.account, credit=purse.clearing, amount=60, code=TransferCode.WITHDRAWAL)
        book.post(debit=purse.account, credit=purse.clearing, amount=amount, code=TransferCode.WITHDRAWAL_FEE)
        return book.balance(purse.account).posted

    key = str(uuid7())
    for _ in range(2):
        with pytest.raises(Refusal, match="available"):
            spend(key=key, amount=60)
        give(purse, 1_000)
    assert Book("payments").balance(purse.account).posted == 2_100
    assert spend(key=str(uuid7()), amount=40) == 2_000


def test_nothing_is_posted_outside_a_decision_or_in_another_concerns(eu: CellContext) -> None:
    purse = wallet(funded=100)
    move = {"debit": purse.account, "credit": purse.clearing, "amount": 1, "code": TransferCode.ADJUSTMENT}
    with pytest.raises(RuntimeError, match="decision"):
        Book("payments").post(**move)
    with pytest.raises(RuntimeError, match="trading"):
        decide(lambda book: Book("payments").post(**move), concern="trading")


def test_each_concern_has_a_book_of_its_own(eu: CellContext) -> None:
    purse = wallet(funded=100)
    with pytest.raises(UnknownAccount):
        Book("trading").account(purse.account)


def test_statements_page_through_an_account_from_either_end(eu: CellContext) -> None:
    purse = wallet()
    ids = [give(purse, amount).id for amount in range(1, 8)]
    book = Book("payments")
    pages = [book.statement(purse.account, limit=3)]
    while pages[-1]:
        pages.append(book.statement(purse.account, after=pages[-1][-1].id, limit=3))
    assert [transfer.id for page in pages for transfer in page] == ids
    backwards = book.latest(purse.account, limit=4)
    backwards += book.latest(purse.account, before=backwards[-1].id, limit=4)
    assert [transfer.id for transfer in backwards] == ids[::-1]
    assert [transfer.id for transfer in book.latest(purse.clearing, limit=2)] == ids[:-3:-1]
    assert book.transfers_of(backwards[0].journal_id) == backwards[:1]


def test_a_correction_names_what_it_corrects(eu: CellContext) -> None:
    purse = wallet()
    mistake = give(purse, 90)
    corrected = decide(
        lambda book: book.post_linked(
            [
                Leg(
                    debit=purse.account,
                    credit=purse.clearing,
                    amount=90,
                    code=TransferCode.CORRECTION,
                    corrects=mistake.id,
                )
            ]
        )
    )
    assert Book("payments").latest(purse.account, limit=1) == corrected
    assert corrected[0].corrects == mistake.id


def test_an_entitys_house_accounts_can_be_opened_ahead(eu: CellContext) -> None:
    for _ in range(2):
        decide(lambda book: book.open_houses(entity=44, currencies=["EUR", "JPY"]))
    book = Book("payments")
    for purpose in HousePurpose:
        number = book.house(purpose, entity=44, currency="JPY")
        assert book.account(number).kind is AccountKind.HOUSE
        assert book.balance(number).posted == 0

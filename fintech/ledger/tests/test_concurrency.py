"""Many at once over few accounts: no deadlock, nothing lost, nothing twice, and ids in the order of commits."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from psycopg import errors

from fintech.cells import Actor, CellContext, cell
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose, house_number
from fintech.ledger.tests.deciding import Wallet, connect, decide, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, Leg, Outcome

THREADS = 16
ROUNDS = 12
ENTITY = 42
BETWEEN = house_number(HousePurpose.CLIENT_TO_CLIENT, entity=ENTITY, currency_code="EUR")


def deadlocks() -> int:
    with connections["eu_payments"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def in_threads(number: int, work: Callable[[int], None]) -> None:
    """Run the work in so many threads at once, each bound to the cell as a service's thread is."""
    together = threading.Barrier(number)

    def bound(place: int) -> None:
        with cell("eu", actor=Actor.system("test")):
            try:
                connections["eu_payments"].ensure_connection()
                together.wait(timeout=60)
                work(place)
            finally:
                connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(bound, place) for place in range(number)]:
            future.result()


def legs_between(giver: Wallet, taker: Wallet, amount: int) -> tuple[Leg, Leg]:
    code = TransferCode.CLIENT_TO_CLIENT
    return (
        Leg(debit=giver.account, credit=BETWEEN, amount=amount, code=code),
        Leg(debit=BETWEEN, credit=taker.account, amount=amount, code=code),
    )


class Traffic:
    """One thread's work, and by how much it changed each wallet."""

    def __init__(self, purses: list[Wallet], seed: int) -> None:
        self.purses = purses
        self.random = random.Random(seed)
        self.changes: Counter[int] = Counter()

    def run(self) -> None:
        works = [self.pay, self.post_several, self.batch, self.hold_and_release]
        for _ in range(ROUNDS):
            try:
                self.random.choice(works)(*self.random.sample(self.purses, 2), self.random.randint(1, 90))
            except Refusal as refusal:
                assert refusal.code == "insufficient-funds"  # noqa: PT017

    def pay(self, giver: Wallet, taker: Wallet, amount: int) -> None:
        decide(lambda book: book.post_linked(legs_between(giver, taker, amount)))
        self.changes.update({giver.account: -amount, taker.account: amount})

    def post_several(self, giver: Wallet, taker: Wallet, amount: int) -> None:
        def work(book: Book) -> None:
            book.lock(giver.account, taker.account)
            for leg in legs_between(giver, taker, amount):
                book.post(debit=leg.debit, credit=leg.credit, amount=leg.amount, code=leg.code)

        decide(work)
        self.changes.update({giver.account: -amount, taker.account: amount})

    def batch(self, giver: Wallet, taker: Wallet, amount: int) -> None:
        pairs = [(giver, taker), (taker, giver), (giver, taker)]
        items = [Item(key=str(uuid7()), legs=legs_between(*pair, amount)) for pair in pairs]
        for (payer, payee), result in zip(pairs, Book("payments").post_batch(items), strict=True):
            assert result.outcome in (Outcome.POSTED, Outcome.INSUFFICIENT)
            if result.stands:
                self.changes.update({payer.account: -amount, payee.account: amount})

    def hold_and_release(self, giver: Wallet, taker: Wallet, amount: int) -> None:
        held = decide(lambda book: book.hold(account=giver.account, amount=amount, code=TransferCode.WITHDRAWAL))
        decide(lambda book: book.post_hold(held, credit=BETWEEN, amount=1))
        self.changes.update({giver.account: -1})
        if amount > 1:
            decide(lambda book: book.release_hold(held))


def test_sixteen_threads_over_four_wallets_end_exactly_and_without_a_deadlock(eu: CellContext) -> None:
    purses = [wallet(funded=200, entity=ENTITY) for _ in range(4)]
    decide(lambda book: book.post_linked(legs_between(purses[0], purses[0], 1)))
    before = deadlocks()
    traffic = [Traffic(purses, seed) for seed in range(THREADS)]
    in_threads(THREADS, lambda place: traffic[place].run())
    changes: Counter[int] = Counter()
    for part in traffic:
        changes.update(part.changes)
    book = Book("payments")
    for purse in purses:
        balance = book.balance(purse.account)
        assert (balance.posted, balance.held) == (200 + changes[purse.account], 0)
        statement = book.statement(purse.account, limit=10_000)
        assert [transfer.client_seq for transfer in statement] == list(range(1, len(statement) + 1))
        assert [transfer.id for transfer in statement] == sorted(transfer.id for transfer in statement)
    assert deadlocks() == before
    assert book.replay().disagreements == ()


def test_a_house_account_first_used_by_many_at_once_is_opened_once(eu: CellContext) -> None:
    purses = [wallet(funded=100) for _ in range(8)]
    fees = house_number(HousePurpose.FEES, entity=43, currency_code="EUR")
    before = deadlocks()

    def charge(place: int) -> None:
        purse = purses[place]
        decide(lambda book: book.post(debit=purse.account, credit=fees, amount=1, code=TransferCode.DEPOSIT_FEE))

    in_threads(8, charge)
    assert Book("payments").balance(fees).posted == 8
    assert deadlocks() == before


def test_whoever_holds_a_clients_account_does_not_wait_for_a_house_account_to_be_opened(eu: CellContext) -> None:
    """They could wait for each other: the one with the lock gives up at once, and its verb tries again."""
    purse = wallet()
    swaps = house_number(HousePurpose.SWAP, entity=43, currency_code="EUR")
    open_it = "SELECT ledger_open_house_v1(%s, ARRAY[%s])"
    with connect() as opening, connect() as holding:
        opening.execute(open_it, [-1, swaps])
        holding.execute("SET LOCAL statement_timeout = '2s'")
        holding.execute("SELECT ledger_lock_v1(-2, ARRAY[%s])", [purse.account])
        with pytest.raises(errors.SerializationFailure, match="being opened by another"):
            holding.execute(open_it, [-2, swaps])
        holding.rollback()
        opening.rollback()


def test_the_same_item_posted_by_eight_at_once_is_posted_once(eu: CellContext) -> None:
    purse = wallet(funded=1_000, entity=ENTITY)
    item = Item(key=str(uuid7()), legs=legs_between(purse, purse, 10)[:1])
    seen: list[Outcome] = []
    in_threads(8, lambda place: seen.append(Book("payments").post_batch([item])[0].outcome))
    assert Counter(seen) == {Outcome.POSTED: 1, Outcome.REPLAYED: 7}
    assert Book("payments").balance(purse.account).posted == 990


def test_the_same_batch_posted_by_eight_at_once_is_posted_once(eu: CellContext) -> None:
    purses = [wallet(funded=1_000, entity=ENTITY) for _ in range(3)]
    items = [Item(key=str(uuid7()), legs=legs_between(purses[n % 3], purses[(n + 1) % 3], 10 + n)) for n in range(20)]
    seen: list[list[Outcome]] = []

    def post(place: int) -> None:
        order = items if place % 2 else items[::-1]
        results = {result.key: result.outcome for result in Book("payments").post_batch(order)}
        seen.append([results[item.key] for item in items])

    in_threads(8, post)
    for answers in zip(*seen, strict=True):
        assert Counter(answers) == {Outcome.POSTED: 1, Outcome.REPLAYED: 7}
    total = sum(Book("payments").balance(purse.account).posted for purse in purses)
    assert total == 3_000


def test_a_wallet_opened_by_eight_at_once_is_one_wallet(eu: CellContext) -> None:
    client = uuid7()
    opened: list[int] = []

    def open_it(place: int) -> None:
        opened.append(decide(lambda book: book.open_account(client_id=client, kind=AccountKind.WALLET, currency="EUR")))

    in_threads(8, open_it)
    assert len(set(opened)) == 1
    assert len(Book("payments").accounts_of(client)) == 1


@pytest.mark.parametrize("wallets", [1, 3])
def test_a_wallet_emptied_by_many_at_once_pays_out_what_it_had(eu: CellContext, wallets: int) -> None:
    purses = [wallet(funded=30, entity=ENTITY) for _ in range(wallets)]
    taken: list[int] = []

    def take_five(place: int) -> None:
        purse = purses[place % wallets]
        for _ in range(3):
            try:
                decide(
                    lambda book: book.post(
                        debit=purse.account, credit=purse.clearing, amount=5, code=TransferCode.WITHDRAWAL
                    )
                )
            except Refusal:
                continue
            taken.append(5)

    in_threads(12, take_five)
    assert sum(taken) == 30 * wallets
    assert [Book("payments").balance(purse.account).posted for purse in purses] == [0] * wallets

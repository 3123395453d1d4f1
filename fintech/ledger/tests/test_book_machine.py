"""A book under any sequence of work agrees with a few lines of plain arithmetic, and with its own replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fintech.cells import CellContext
from fintech.cells.identifiers import uuid7
from fintech.journal import Refusal
from fintech.ledger.book import Book
from fintech.ledger.claw_back import claw_back
from fintech.ledger.house_accounts import HousePurpose, house_number
from fintech.ledger.tests.deciding import Wallet, decide, wallet
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Item, Leg, Outcome

_entities = count(60_000)
WALLETS = 3
which = st.integers(0, WALLETS - 1)
amounts = st.integers(1, 120)


@dataclass
class Purse:
    """What a wallet should hold by plain arithmetic."""

    wallet: Wallet
    posted: int = 0
    owed: int = 0
    holds: dict[int, int] = field(default_factory=dict)
    debt_account: int | None = None
    past: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def available(self) -> int:
        return self.posted - sum(self.holds.values())


class BookMachine(RuleBasedStateMachine):
    """Wallets of one entity, whose house accounts nobody else uses."""

    @initialize()
    def open(self) -> None:
        self.entity = next(_entities)
        self.purses = [Purse(wallet(entity=self.entity)) for _ in range(WALLETS)]
        self.clearing = self.purses[0].wallet.clearing
        self.between = house_number(HousePurpose.CLIENT_TO_CLIENT, entity=self.entity, currency_code="EUR")
        self.done: list[Item] = []

    def attempt(self, allowed: bool, work: object) -> object:
        """Decide; refused for lack of money exactly when the arithmetic says so."""
        try:
            given = decide(work)  # type: ignore[arg-type]
        except Refusal as refusal:
            assert refusal.code == "insufficient-funds"  # noqa: PT017
            assert not allowed
            return None
        assert allowed
        return given

    def moved(self, purse: Purse, change: int) -> None:
        purse.posted += change
        last = Book("payments").latest(purse.wallet.account, limit=1)[0]
        purse.past.append((last.recorded_at, purse.posted))

    @rule(place=which, amount=amounts)
    def deposit(self, place: int, amount: int) -> None:
        purse = self.purses[place]
        self.attempt(
            True,
            lambda book: book.post(
                debit=self.clearing, credit=purse.wallet.account, amount=amount, code=TransferCode.DEPOSIT
            ),
        )
        self.moved(purse, amount)

    @rule(place=which, amount=amounts)
    def withdraw(self, place: int, amount: int) -> None:
        purse = self.purses[place]
        allowed = purse.available >= amount
        self.attempt(
            allowed,
            lambda book: book.post(
                debit=purse.wallet.account, credit=self.clearing, amount=amount, code=TransferCode.WITHDRAWAL
            ),
        )
        if allowed:
            self.moved(purse, -amount)

    @rule(payer=which, payee=which, amount=amounts)
    def pay(self, payer: int, payee: int, amount: int) -> None:
        giver, taker = self.purses[payer], self.purses[payee]
        allowed = giver is taker or giver.available >= amount
        code = TransferCode.CLIENT_TO_CLIENT
        legs = [
            Leg(debit=giver.wallet.account, credit=self.between, amount=amount, code=code),
            Leg(debit=self.between, credit=taker.wallet.account, amount=amount, code=code),
        ]
        self.attempt(allowed, lambda book: book.post_linked(legs))
        if allowed:
            giver.posted -= amount
            self.moved(taker, amount)
            if giver is not taker:
                self.moved(giver, 0)

    @rule(place=which, amount=amounts)
    def hold(self, place: int, amount: int) -> None:
        purse = self.purses[place]
        allowed = purse.available >= amount
        held = self.attempt(
            allowed,
            lambda book: book.hold(account=purse.wallet.account, amount=amount, code=TransferCode.WITHDRAWAL),
        )
        if allowed:
            purse.holds[held] = amount  # type: ignore[index]

    @precondition(lambda self: any(purse.holds for purse in self.purses))
    @rule(data=st.data())
    def change_a_hold(self, data: st.DataObject) -> None:
        purse = data.draw(st.sampled_from([purse for purse in self.purses if purse.holds]))
        held = data.draw(st.sampled_from(sorted(purse.holds)))
        amount = data.draw(st.none() | st.integers(1, purse.holds[held]))
        part = purse.holds[held] if amount is None else amount
        if data.draw(st.booleans()):
            decide(lambda book: book.post_hold(held, credit=self.clearing, amount=amount))
            self.moved(purse, -part)
        else:
            assert decide(lambda book: book.release_hold(held, amount=amount)) == part
        purse.holds[held] -= part
        if not purse.holds[held]:
            del purse.holds[held]

    @rule(place=which, amount=amounts)
    def charge_back(self, place: int, amount: int) -> None:
        purse = self.purses[place]
        unsent = sorted(purse.holds)
        done = decide(
            lambda book: claw_back(
                book,
                account=purse.wallet.account,
                amount=amount,
                credit=self.clearing,
                unsent_holds=unsent,
            )
        )
        for held in unsent:
            if purse.available < amount:
                del purse.holds[held]
        taken = min(purse.available, amount)
        assert (done.taken, done.owed) == (taken, amount - taken)
        purse.owed += amount - taken
        purse.debt_account = done.debt_account
        if taken:
            self.moved(purse, -taken)

    @rule(changes=st.lists(st.tuples(which, st.integers(-60, 60).filter(bool)), min_size=1, max_size=5))
    def batch(self, changes: list[tuple[int, int]]) -> None:
        items = []
        expected = []
        for place, change in changes:
            purse = self.purses[place]
            sides = (self.clearing, purse.wallet.account)
            debit, credit = sides if change > 0 else sides[::-1]
            leg = Leg(debit=debit, credit=credit, amount=abs(change), code=TransferCode.SWAP)
            items.append(Item(key=str(uuid7()), legs=(leg,)))
            stands = change > 0 or purse.available >= -change
            expected.append(Outcome.POSTED if stands else Outcome.INSUFFICIENT)
            purse.posted += change * stands
        results = Book("payments").post_batch(items)
        assert [result.outcome for result in results] == expected
        self.done += [item for item, result in zip(items, results, strict=True) if result.stands]
        for purse in {place: self.purses[place] for place, _ in changes}.values():
            if Book("payments").balance(purse.wallet.account).seq:
                self.moved(purse, 0)

    @precondition(lambda self: self.done)
    @rule()
    def post_everything_again(self) -> None:
        results = Book("payments").post_batch(self.done)
        assert {result.outcome for result in results} == {Outcome.REPLAYED}

    @invariant()
    def the_book_says_what_arithmetic_says(self) -> None:
        book = Book("payments")
        for purse in self.purses:
            balance = book.balance(purse.wallet.account)
            assert (balance.posted, balance.available) == (purse.posted, purse.available)
            assert balance.available >= 0
            assert {held.id: held.remaining for held in book.holds(purse.wallet.account)} == purse.holds

    def teardown(self) -> None:
        book = Book("payments")
        debts = [book.balance(purse.debt_account).posted for purse in self.purses if purse.debt_account]
        assert -sum(debts) == sum(purse.owed for purse in self.purses)
        ours = sum(book.balance(house).posted for house in (self.clearing, self.between))
        assert ours + sum(debts) + sum(purse.posted for purse in self.purses) == 0
        for purse in self.purses:
            for moment, posted in purse.past:
                assert book.balance_as_of(purse.wallet.account, moment) == posted
        assert book.replay().disagreements == ()


def test_any_sequence_of_work_leaves_the_book_right(eu: CellContext) -> None:
    run_state_machine_as_test(
        BookMachine,
        settings=settings(
            max_examples=10,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

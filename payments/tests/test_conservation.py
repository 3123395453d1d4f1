"""Whatever clients, staff and a PSP do in whatever order, money is neither made nor lost, and the book agrees."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from fintech.cells import Actor, CellContext, acting_as
from fintech.journal import Refusal
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from payments.models import Deposit, Payout, Wallet, Withdrawal
from payments.services.payouts import begin_payout, record_not_sent, record_outcome_unknown
from payments.services.withdrawals import cancel_withdrawal, reject_withdrawal, request_withdrawal
from payments.tests.scenes import (
    approve,
    balance,
    begun,
    deliver,
    key,
    staff,
    verified_client,
    wallet_of,
    work,
)
from payments.tests.scenes import told as message_about

AMOUNTS = st.integers(min_value=1, max_value=1_500_000)
# What a PSP says, and by how much the amount in it is off.
TOLD_OF_DEPOSITS = st.tuples(
    st.sampled_from(["deposit.settled"] * 8 + ["deposit.pending", "deposit.failed", "chargeback.opened"]),
    st.sampled_from([0] * 9 + [1]),
)
TOLD_OF_PAYOUTS = st.tuples(
    st.sampled_from(["payout.paid", "payout.paid", "payout.sent", "payout.failed"]), st.sampled_from([0] * 9 + [-1])
)


@dataclass(frozen=True)
class World:
    """A client with a wallet, which all runs share: each goes on where the one before has stopped."""

    client_id: UUID
    wallet: Wallet


@pytest.fixture
def world(eu: CellContext) -> World:
    client_id = verified_client()
    return World(client_id, wallet_of(client_id))


class Machine(RuleBasedStateMachine):
    """Deposits and withdrawals of one client; messages come repeated, late and in any order."""

    world: World
    deposits: Bundle[Deposit] = Bundle("deposits")
    withdrawals: Bundle[UUID] = Bundle("withdrawals")

    @rule(target=deposits, amount=AMOUNTS, told=st.lists(TOLD_OF_DEPOSITS, max_size=3))
    def pay_in(self, amount: int, told: list[tuple[str, int]]) -> Deposit:
        deposit = begun(self.world.wallet, self._money(amount))
        self._psp_tells(deposit, told)
        return deposit

    @rule(deposit=deposits, told=TOLD_OF_DEPOSITS, times=st.integers(1, 2))
    def psp_tells(self, deposit: Deposit, told: tuple[str, int], times: int) -> None:
        self._psp_tells(deposit, [told] * times)

    @rule(
        target=withdrawals,
        share=st.sampled_from([0.1, 0.5, 1, 1, 1.1]),
        by_staff=st.booleans(),
        people=st.sampled_from([0, 1, 2, 2, 2]),
        told=st.lists(TOLD_OF_PAYOUTS, min_size=1, max_size=3),
    )
    def ask_to_pay_out(self, share: float, by_staff: bool, people: int, told: list[tuple[str, int]]) -> UUID | None:
        withdrawal_id = self._ask(share, by_staff)
        self.approve(withdrawal_id, people)
        if people == 2:
            self.send(withdrawal_id, "silent", told)
        return withdrawal_id

    def _ask(self, share: float, by_staff: bool) -> UUID | None:
        wallet = self.world.wallet
        amount = max(1, int(balance(wallet).available * share))
        actor = staff() if by_staff else acting_as(Actor.client(self.world.client_id))
        try:
            with actor:
                return request_withdrawal(
                    key=key(), client_id=self.world.client_id, wallet_id=wallet.pk, amount=self._money(amount)
                )
        except Refusal as refusal:
            if refusal.code not in ("insufficient-funds", "no-destination"):
                raise
            return None

    @rule(withdrawal_id=withdrawals, people=st.sampled_from([1, 2, 2]))
    def somebody_approves(self, withdrawal_id: UUID | None, people: int) -> None:
        self.approve(withdrawal_id, people)

    def approve(self, withdrawal_id: UUID | None, people: int) -> None:
        for _ in range(people):
            if withdrawal_id and self._state(withdrawal_id) == "requested":
                approve(Withdrawal.objects.get(pk=withdrawal_id))

    @rule(withdrawal_id=consumes(withdrawals), reject=st.booleans())
    def end(self, withdrawal_id: UUID | None, reject: bool) -> None:
        if withdrawal_id is None:
            return
        state = self._state(withdrawal_id)
        try:
            if reject:
                with staff():
                    reject_withdrawal(key=key(), reason="no", withdrawal_id=withdrawal_id)
            else:
                with acting_as(Actor.client(self.world.client_id)):
                    cancel_withdrawal(key=key(), client_id=self.world.client_id, withdrawal_id=withdrawal_id)
        except Refusal:
            if state == "requested":
                raise

    @rule(
        withdrawal_id=withdrawals,
        outcome=st.sampled_from(["silent", "unknown", "not-sent"]),
        told=st.lists(TOLD_OF_PAYOUTS, max_size=2),
    )
    def somebody_sends(self, withdrawal_id: UUID | None, outcome: str, told: list[tuple[str, int]]) -> None:
        self.send(withdrawal_id, outcome, told)

    def send(self, withdrawal_id: UUID | None, outcome: str, told: list[tuple[str, int]]) -> None:
        for payout in Payout.objects.filter(withdrawal_id=withdrawal_id).exclude(state="dropped"):
            if payout.state == "planned" and not self._begin(payout):
                return
            if outcome == "unknown":
                record_outcome_unknown(key=key(), payout_id=payout.pk)
            elif outcome == "not-sent":
                record_not_sent(key=key(), payout_id=payout.pk)
            self._psp_tells(payout, told)

    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        wallet = self.world.wallet
        deposits = Deposit.objects.filter(wallet=wallet)
        payouts = Payout.objects.filter(withdrawal__wallet=wallet)
        came = sum(each.amount_minor for each in deposits if each.state in ("settled", "charged_back"))
        back = sum(each.amount_minor for each in deposits if each.state == "charged_back")
        paid = sum(each.amount_minor for each in payouts if each.state == "paid")
        found = balance(wallet)
        assert found.posted - self._owed() == came - back - paid
        assert found.available >= 0
        open_states = ("planned", "sending", "unknown", "sent")
        assert found.held == sum(each.amount_minor for each in payouts if each.state in open_states)

    @invariant()
    def a_payment_that_ended_stays(self) -> None:
        for deposit in Deposit.objects.filter(wallet=self.world.wallet):
            assert (deposit.state in ("settled", "charged_back")) == (deposit.transfer_id is not None)

    def teardown(self) -> None:
        assert Book("payments").replay().agrees

    def _begin(self, payout: Payout) -> bool:
        try:
            begin_payout(key=key(), payout_id=payout.pk)
        except Refusal:
            if self._state(payout.withdrawal_id) in ("approved", "sending", "unknown"):
                raise
            return False
        return True

    def _psp_tells(self, about: Deposit | Payout, told: list[tuple[str, int]]) -> None:
        for event_type, off in told:
            failed = "card-declined" if event_type == "deposit.failed" else None
            amount = max(0, about.amount_minor + off)
            deliver(message_about(about, event_type, failure_code=failed, amount_minor=amount))
        work()

    def _owed(self) -> int:
        book = Book("payments")
        accounts = [each for each in book.accounts_of(self.world.client_id) if each.kind is AccountKind.DEBT]
        return -sum(book.balance(each.number).posted for each in accounts)

    def _money(self, minor: int) -> Money:
        return Money(minor, currency("EUR"))

    def _state(self, withdrawal_id: UUID) -> str:
        return str(Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal_id))


def test_money_is_conserved_whatever_happens_in_whatever_order(world: World) -> None:
    class OfThisClient(Machine):
        pass

    OfThisClient.world = world
    run_state_machine_as_test(
        OfThisClient,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )

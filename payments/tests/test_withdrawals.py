"""Withdrawals until they may be sent: held at once, planned back to their source, approved by different people."""

from __future__ import annotations

from uuid import uuid4

import pytest

from crm.services.standing import suspend_client
from fintech.cells import Actor, acting_as
from fintech.factlog.reading import read_subject
from fintech.journal import Refusal
from payments.models import PaymentSource, Withdrawal
from payments.selectors.withdrawals import plan_of, withdrawal_of_client
from payments.services.payouts import begin_payout
from payments.services.sources import close_source, register_bank_account
from payments.services.withdrawals import (
    approve_withdrawal,
    cancel_withdrawal,
    reject_withdrawal,
    replan_withdrawal,
    request_withdrawal,
)
from payments.tests.scenes import (
    approve,
    balance,
    begun,
    deliver,
    euros,
    funded,
    key,
    registered,
    requested,
    staff,
    told,
    verified_client,
    wallet_of,
    work,
)

pytestmark = pytest.mark.usefixtures("eu")


def plan(withdrawal: Withdrawal) -> dict[str, int]:
    return {payout.destination.token: payout.amount_minor for payout in plan_of(withdrawal)}


def state(withdrawal: Withdrawal) -> str:
    return str(Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal.pk))


def test_the_money_is_held_at_once() -> None:
    wallet = funded(euros("100.00"))
    withdrawal = requested(wallet, euros("60.00"))
    found = balance(wallet)
    assert (found.posted, found.held, found.available) == (10_000, 6_000, 4_000)
    assert withdrawal.state == "requested"


def test_above_the_balance_is_refused_naming_balance_and_amount() -> None:
    wallet = funded(euros("100.00"))
    requested(wallet, euros("60.00"))
    with pytest.raises(Refusal) as refused:
        requested(wallet, euros("40.01"))
    assert refused.value.code == "insufficient-funds"
    assert refused.value.params["asked"] == {"amount": "40.01", "currency": "EUR"}
    assert refused.value.params["balance"] == {"amount": "100.00", "currency": "EUR"}
    assert refused.value.params["available"] == {"amount": "40.00", "currency": "EUR"}
    assert balance(wallet).held == 6_000


def test_a_retry_with_the_same_key_holds_once() -> None:
    wallet = funded(euros("100.00"))
    again = key()
    with acting_as(Actor.client(wallet.client_id)):
        ids = {
            request_withdrawal(key=again, client_id=wallet.client_id, wallet_id=wallet.pk, amount=euros("60.00"))
            for _ in range(3)
        }
    assert (len(ids), balance(wallet).held) == (1, 6_000)


def test_only_verified_active_clients_withdraw_and_only_their_own() -> None:
    wallet = funded(euros("100.00"))
    unverified = registered()
    for client_id, code in ((unverified, "identity-not-verified"), (verified_client(), "wallet-unknown")):
        with acting_as(Actor.client(client_id)), pytest.raises(Refusal) as refused:
            request_withdrawal(key=key(), client_id=client_id, wallet_id=wallet.pk, amount=euros("1.00"))
        assert refused.value.code == code
    with acting_as(Actor.client(unverified)), pytest.raises(Refusal) as foreign:
        request_withdrawal(key=key(), client_id=wallet.client_id, wallet_id=wallet.pk, amount=euros("1.00"))
    assert foreign.value.code == "client-unknown"
    with staff():
        suspend_client(key=key(), reason="asked by compliance", client_id=wallet.client_id)
    with pytest.raises(Refusal) as suspended:
        requested(wallet, euros("1.00"))
    assert suspended.value.code == "client-not-active"


def test_money_goes_back_where_it_came_from_and_the_rest_to_the_verified_account() -> None:
    client_id = verified_client()
    wallet = funded(euros("300.00"), client_id=client_id, card="card_a" + key())
    deliver(told(begun(wallet, euros("200.00")), "deposit.settled", token="card_b" + key()))
    deliver(told(begun(wallet, euros("200.00"), "bank_transfer"), "deposit.settled", token="bank_c" + key()))
    work()
    PaymentSource.objects.filter(client_id=client_id, kind="bank").update(accepts_returns=False)
    with pytest.raises(Refusal) as nowhere:
        requested(wallet, euros("600.00"))
    assert nowhere.value.params["remainder"] == {"amount": "100.00", "currency": "EUR"}
    with staff():
        register_bank_account(
            key=key(), reason="statement seen", client_id=client_id, psp="sandbox", token="bank_test_pays", display="x"
        )
    withdrawal = requested(wallet, euros("600.00"))
    assert {token[:6]: amount for token, amount in plan(withdrawal).items()} == {
        "card_a": 30_000,
        "card_b": 20_000,
        "bank_t": 10_000,
    }
    # What is on its way counts as sent back: the next goes to the bank alone.
    assert plan(requested(wallet, euros("50.00"))) == {"bank_test_pays": 5_000}


def test_one_approval_below_the_threshold_and_two_of_different_people_from_it_on() -> None:
    wallet = funded(euros("30000.00"))
    small, large = requested(wallet, euros("9999.99")), requested(wallet, euros("10000.00"))
    assert (small.approvals_needed, large.approvals_needed) == (1, 2)
    assert large.approvals_rule.startswith("eu/two_approvals_from/")
    approve(small)
    assert state(small) == "approved"
    first = approve(large)
    assert state(large) == "requested"
    with pytest.raises(Refusal) as twice:
        approve(large, by=first)
    assert twice.value.code == "already-approved-by-this-person"
    approve(large)
    assert state(large) == "approved"
    kinds = [fact.kind for fact in read_subject("payments", ("withdrawal", str(large.pk)), after_seq=0, limit=10)]
    assert kinds == [
        "payments.withdrawal.requested",
        "payments.withdrawal.approval_given",
        "payments.withdrawal.approval_given",
        "payments.withdrawal.approved",
    ]


def test_the_maker_is_never_the_checker() -> None:
    wallet = funded(euros("500.00"))
    with staff() as maker:
        withdrawal_id = request_withdrawal(
            key=key(), reason="by phone", client_id=wallet.client_id, wallet_id=wallet.pk, amount=euros("100.00")
        )
    withdrawal = Withdrawal.objects.get(pk=withdrawal_id)
    assert withdrawal.maker_id == maker
    with pytest.raises(Refusal) as refused:
        approve(withdrawal, by=maker)
    assert (refused.value.code, refused.value.status) == ("maker-is-never-checker", 403)
    approve(withdrawal)
    assert state(withdrawal) == "approved"


def test_a_changed_plan_needs_new_approvals_and_its_planner_gives_none() -> None:
    client_id = verified_client()
    wallet = funded(euros("12000.00"), client_id=client_id)
    withdrawal = requested(wallet, euros("11000.00"))
    first = approve(withdrawal)
    seen = Withdrawal.objects.get(pk=withdrawal.pk).plan_digest
    with staff():
        register_bank_account(
            key=key(), reason="statement", client_id=client_id, psp="sandbox", token="bank_test_pays", display="x"
        )
        card = PaymentSource.objects.get(client_id=client_id, kind="card")
        close_source(key=key(), reason="card expired", source_id=card.pk)
    with staff() as planner:
        digest = replan_withdrawal(key=key(), reason="card expired", withdrawal_id=withdrawal.pk)
    assert digest != seen
    assert plan(Withdrawal.objects.get(pk=withdrawal.pk)) == {"bank_test_pays": 1_100_000}
    with staff(), pytest.raises(Refusal) as outdated:
        approve_withdrawal(key=key(), reason="ok", withdrawal_id=withdrawal.pk, plan_digest=seen)
    assert outdated.value.code == "plan-has-changed"
    with pytest.raises(Refusal) as planned_by:
        approve(withdrawal, by=planner)
    assert planned_by.value.code == "maker-is-never-checker"
    approve(withdrawal)
    assert state(withdrawal) == "requested"
    # Who approved the earlier plan may approve this one, too.
    approve(withdrawal, by=first)
    assert state(withdrawal) == "approved"
    with staff():
        assert replan_withdrawal(key=key(), reason="look again", withdrawal_id=withdrawal.pk) == digest
    assert state(withdrawal) == "approved"


def test_approvals_are_staffs_with_a_reason() -> None:
    withdrawal = requested(funded(euros("50.00")), euros("50.00"))
    arguments = {"withdrawal_id": withdrawal.pk, "plan_digest": withdrawal.plan_digest}
    with acting_as(Actor.client(withdrawal.client_id)), pytest.raises(Refusal) as client:
        approve_withdrawal(key=key(), reason="mine", **arguments)
    assert client.value.code == "only-staff"
    with staff(), pytest.raises(Refusal) as silent:
        approve_withdrawal(key=key(), reason="  ", **arguments)
    assert silent.value.code == "reason-required"
    with staff(), pytest.raises(Refusal) as unknown:
        approve_withdrawal(key=key(), reason="x", withdrawal_id=uuid4(), plan_digest="")
    assert unknown.value.code == "withdrawal-unknown"


def test_a_rejected_or_cancelled_withdrawal_makes_the_money_available_again() -> None:
    wallet = funded(euros("100.00"))
    rejected, cancelled = requested(wallet, euros("30.00")), requested(wallet, euros("20.00"))
    with staff():
        reject_withdrawal(key=key(), reason="name differs", withdrawal_id=rejected.pk)
    with acting_as(Actor.client(wallet.client_id)):
        cancel_withdrawal(key=key(), client_id=wallet.client_id, withdrawal_id=cancelled.pk)
    assert (state(rejected), state(cancelled)) == ("rejected", "cancelled")
    assert balance(wallet).available == 10_000
    shown = withdrawal_of_client(wallet.client_id, rejected.pk)
    assert shown is not None
    assert shown.decision_reason == "name differs"
    for ended in (rejected, cancelled):
        with pytest.raises(Refusal) as over:
            approve(ended)
        assert over.value.code == "withdrawal-state"


def test_a_client_cancels_only_what_isnt_approved_and_only_their_own() -> None:
    wallet = funded(euros("100.00"))
    withdrawal = requested(wallet, euros("30.00"))
    stranger = verified_client()
    with acting_as(Actor.client(stranger)), pytest.raises(Refusal) as foreign:
        cancel_withdrawal(key=key(), client_id=stranger, withdrawal_id=withdrawal.pk)
    assert foreign.value.code == "withdrawal-unknown"
    approve(withdrawal)
    with acting_as(Actor.client(wallet.client_id)), pytest.raises(Refusal) as late:
        cancel_withdrawal(key=key(), client_id=wallet.client_id, withdrawal_id=withdrawal.pk)
    assert late.value.code == "withdrawal-state"
    assert balance(wallet).held == 3_000


def test_staff_neither_reject_nor_plan_anew_what_is_on_its_way_or_has_ended() -> None:
    wallet = funded(euros("100.00"))
    under_way, ended = requested(wallet, euros("30.00")), requested(wallet, euros("20.00"))
    approve(under_way)
    with staff():
        reject_withdrawal(key=key(), reason="name differs", withdrawal_id=ended.pk)
        begin_payout(key=key(), payout_id=plan_of(under_way)[0].pk)
    for withdrawal, now in ((under_way, "sending"), (ended, "rejected")):
        with staff(), pytest.raises(Refusal) as rejected:
            reject_withdrawal(key=key(), reason="too late", withdrawal_id=withdrawal.pk)
        with staff(), pytest.raises(Refusal) as planned:
            replan_withdrawal(key=key(), reason="too late", withdrawal_id=withdrawal.pk)
        assert (rejected.value.code, planned.value.code) == ("withdrawal-state", "withdrawal-state")
        assert state(withdrawal) == now
    assert balance(wallet).held == 3_000


def test_what_nobody_requested_is_neither_rejected_nor_planned() -> None:
    for decide in (reject_withdrawal, replan_withdrawal):
        with staff(), pytest.raises(Refusal) as unknown:
            decide(key=key(), reason="x", withdrawal_id=uuid4())
        assert unknown.value.code == "withdrawal-unknown"


def test_a_client_suspended_meanwhile_gets_no_approval() -> None:
    wallet = funded(euros("100.00"))
    withdrawal = requested(wallet, euros("30.00"))
    with staff():
        suspend_client(key=key(), reason="asked by compliance", client_id=wallet.client_id)
    with pytest.raises(Refusal) as refused:
        approve(withdrawal)
    assert refused.value.code == "client-not-active"


def test_wallets_are_opened_in_base_currencies_only_and_once() -> None:
    client_id = verified_client()
    assert wallet_of(client_id, "GBP").pk == wallet_of(client_id, "GBP").pk
    with pytest.raises(Refusal) as refused:
        wallet_of(client_id, "JPY")
    assert refused.value.params["threshold"] == ["EUR", "USD", "GBP"]

"""Payouts through the real local PSP: sent once, and ended by its word alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.services.standing import lift_suspension, suspend_client
from fintech.cells import CellContext
from fintech.journal import Refusal
from fintech.ledger.book import Book
from payments.models import PaymentSource, Payout, Withdrawal
from payments.selectors.withdrawals import payouts_to_ask_about, plan_of, withdrawals_to_send
from payments.services.payouts import ask_about_payout, begin_payout, send_withdrawal
from payments.services.sources import register_bank_account
from payments.services.withdrawals import replan_withdrawal
from payments.tests.sandbox_process import SandboxProcess
from payments.tests.scenes import (
    approve,
    balance,
    clearing,
    deliver,
    euros,
    event_of,
    funded,
    key,
    requested,
    staff,
    told,
    work,
)

pytestmark = pytest.mark.usefixtures("eu", "psp")


def to_bank(amount: str, *, token: str = "bank_test_pays", needed: int = 1) -> Withdrawal:
    """An approved withdrawal that goes to a verified bank account."""
    wallet = funded(euros(amount))
    wallet.deposits.update(source=None)
    with staff():
        register_bank_account(
            key=key(), reason="statement", client_id=wallet.client_id, psp="sandbox", token=token, display="x"
        )
    withdrawal = requested(wallet, euros(amount))
    for _ in range(needed):
        approve(withdrawal)
    return withdrawal


def payout_of(withdrawal: Withdrawal) -> Payout:
    (payout,) = plan_of(Withdrawal.objects.get(pk=withdrawal.pk))
    return payout


def states(withdrawal: Withdrawal) -> tuple[str, str]:
    return Withdrawal.objects.get(pk=withdrawal.pk).state, payout_of(withdrawal).state


def known_to(psp: SandboxProcess, reference: str) -> list[dict[str, Any]]:
    response = psp.api("GET", f"/v1/payouts?reference={reference}")
    return [response.json()] if response.status_code == 200 else []


def test_an_approved_withdrawal_is_sent_once_and_the_message_pays_it(psp: SandboxProcess) -> None:
    withdrawal = to_bank("80.00")
    assert withdrawal.pk in withdrawals_to_send(datetime.now(UTC))
    before = clearing()
    for _ in range(3):
        send_withdrawal(withdrawal.pk)
    payout = payout_of(withdrawal)
    assert states(withdrawal) == ("sent", "sent")
    assert (payout.attempts, len(known_to(psp, payout.reference))) == (1, 1)
    assert balance(withdrawal.wallet).held == 8_000
    deliver(told(payout, "payout.paid"))
    deliver(told(payout, "payout.paid"))
    work()
    assert states(withdrawal) == ("paid", "paid")
    found = balance(withdrawal.wallet)
    assert (found.posted, found.held) == (0, 0)
    assert clearing() == before + 8_000


def test_what_isnt_approved_isnt_sent(psp: SandboxProcess) -> None:
    wallet = funded(euros("80.00"))
    withdrawal = requested(wallet, euros("80.00"))
    send_withdrawal(withdrawal.pk)
    assert states(withdrawal) == ("requested", "planned")
    assert not known_to(psp, payout_of(withdrawal).reference)


def test_a_plan_that_was_changed_and_comes_back_isnt_sent_by_its_old_approval() -> None:
    wallet = funded(euros("80.00"))
    funded(euros("80.00"), client_id=wallet.client_id)
    withdrawal = requested(wallet, euros("80.00"))
    approve(withdrawal)
    first = PaymentSource.objects.filter(pk=payout_of(withdrawal).destination_id)
    with staff():
        for open_again in (False, True):
            first.update(accepts_returns=open_again)
            digest = replan_withdrawal(key=key(), reason="the card was looked at", withdrawal_id=withdrawal.pk)
    assert digest == withdrawal.plan_digest
    with staff(), pytest.raises(Refusal) as refused:
        begin_payout(key=key(), payout_id=payout_of(withdrawal).pk)
    assert (refused.value.code, refused.value.params["state"]) == ("withdrawal-state", "requested")
    assert states(withdrawal) == ("requested", "planned")


def test_a_payout_that_is_under_way_is_not_begun_again() -> None:
    payout = payout_of(to_bank("80.00"))
    with staff():
        begin_payout(key=key(), payout_id=payout.pk)
        with pytest.raises(Refusal) as refused:
            begin_payout(key=key(), payout_id=payout.pk)
    assert (refused.value.code, refused.value.params["state"]) == ("payout-under-way", "sending")
    assert Payout.objects.get(pk=payout.pk).attempts == 1


def test_a_state_that_no_approval_led_to_sends_nothing() -> None:
    withdrawal = requested(funded(euros("80.00")), euros("80.00"))
    Withdrawal.objects.filter(pk=withdrawal.pk).update(state="approved")
    with staff(), pytest.raises(Refusal) as refused:
        begin_payout(key=key(), payout_id=payout_of(withdrawal).pk)
    assert refused.value.params["asked"] == "sent without its approvals"
    assert states(withdrawal) == ("approved", "planned")


def test_a_returned_payout_makes_the_money_available_again() -> None:
    withdrawal = to_bank("80.00", token="bank_test_returns")
    send_withdrawal(withdrawal.pk)
    payout = payout_of(withdrawal)
    deliver(told(payout, "payout.failed", failure_code="returned-by-bank"))
    work()
    assert states(withdrawal) == ("returned", "returned")
    found = balance(withdrawal.wallet)
    assert (found.posted, found.available) == (8_000, 8_000)
    late = event_of(deliver(told(payout, "payout.paid")))
    work()
    late.refresh_from_db()
    assert (late.state, late.why) == ("review", "paid-after-return")


def test_a_late_failure_never_turns_a_paid_payout() -> None:
    withdrawal = to_bank("80.00")
    send_withdrawal(withdrawal.pk)
    payout = payout_of(withdrawal)
    deliver(told(payout, "payout.paid"))
    deliver(told(payout, "payout.sent"))
    failure = event_of(deliver(told(payout, "payout.failed", failure_code="processing-error")))
    work()
    failure.refresh_from_db()
    assert states(withdrawal) == ("paid", "paid")
    assert (failure.state, failure.why) == ("review", "failure-after-payment")


def test_an_answer_that_is_lost_leaves_it_unknown_until_the_psp_is_asked(psp: SandboxProcess) -> None:
    withdrawal = to_bank("80.00")
    psp.misbehave(lose_answer=True)
    send_withdrawal(withdrawal.pk)
    payout = payout_of(withdrawal)
    assert states(withdrawal) == ("unknown", "unknown")
    # Nothing but the PSP's word leads on: neither sending again nor time releases the hold.
    send_withdrawal(withdrawal.pk)
    assert states(withdrawal) == ("unknown", "unknown")
    assert balance(withdrawal.wallet).held == 8_000
    assert payout.pk in payouts_to_ask_about(datetime.now(UTC))
    psp.misbehave(settle_delay_ms=50)
    ask_about_payout(payout.pk)
    assert payout.pk not in payouts_to_ask_about(datetime.now(UTC))
    assert Withdrawal.objects.get(pk=withdrawal.pk).state in ("sent", "paid")
    assert len(known_to(psp, payout.reference)) == 1


def test_a_message_is_the_psps_word_too() -> None:
    withdrawal = to_bank("80.00")
    payout = payout_of(withdrawal)
    with staff():
        begin_payout(key=key(), payout_id=payout.pk)
    assert states(withdrawal) == ("sending", "sending")
    deliver(told(payout, "payout.paid"))
    work()
    assert states(withdrawal) == ("paid", "paid")


def test_a_psp_that_cant_be_reached_is_tried_again(psp: SandboxProcess) -> None:
    withdrawal = to_bank("80.00")
    psp.stop()
    try:
        send_withdrawal(withdrawal.pk)
        assert states(withdrawal) == ("sending", "planned")
        assert withdrawal.pk not in withdrawals_to_send(datetime.now(UTC))
        assert withdrawal.pk in withdrawals_to_send(datetime.now(UTC) + timedelta(seconds=20))
    finally:
        psp.start()
    send_withdrawal(withdrawal.pk)
    payout = payout_of(withdrawal)
    assert (states(withdrawal), payout.attempts) == (("sent", "sent"), 2)
    assert len(known_to(psp, payout.reference)) == 1


def test_a_payout_begun_by_a_process_that_died_is_asked_about_and_sent(psp: SandboxProcess) -> None:
    withdrawal = to_bank("80.00")
    payout = payout_of(withdrawal)
    with staff():
        begin_payout(key=key(), payout_id=payout.pk)
    assert payout.pk not in payouts_to_ask_about(datetime.now(UTC))
    assert payout.pk in payouts_to_ask_about(datetime.now(UTC) + timedelta(minutes=1))
    ask_about_payout(payout.pk)
    assert states(withdrawal) == ("sending", "planned")
    send_withdrawal(withdrawal.pk)
    assert states(withdrawal) == ("sent", "sent")


def test_a_definite_no_of_the_psp_gives_the_money_back() -> None:
    withdrawal = to_bank("80.00", token="bank_nobody_knows")
    send_withdrawal(withdrawal.pk)
    assert states(withdrawal) == ("returned", "returned")
    assert payout_of(withdrawal).failure_code == "unknown-destination"
    assert balance(withdrawal.wallet).available == 8_000


def test_parts_end_by_themselves_and_the_withdrawal_says_so() -> None:
    wallet = funded(euros("100.00"), card="card_" + key())
    funded(euros("50.00"), client_id=wallet.client_id, card="card_" + key())
    withdrawal = requested(wallet, euros("150.00"))
    approve(withdrawal)
    first, second = plan_of(withdrawal)
    with staff():
        for payout in (first, second):
            begin_payout(key=key(), payout_id=payout.pk)
    deliver(told(first, "payout.paid"))
    work()
    assert Withdrawal.objects.get(pk=withdrawal.pk).state == "sending"
    deliver(told(second, "payout.failed", failure_code="returned-by-bank"))
    work()
    assert Withdrawal.objects.get(pk=withdrawal.pk).state == "partly_returned"
    found = balance(wallet)
    assert (found.posted, found.held) == (5_000, 0)


def test_nothing_is_sent_for_a_client_who_was_suspended_after_the_approval(psp: SandboxProcess) -> None:
    withdrawal = to_bank("80.00")
    with staff():
        suspend_client(key=key(), reason="asked by compliance", client_id=withdrawal.client_id)
    send_withdrawal(withdrawal.pk)
    assert states(withdrawal) == ("approved", "planned")
    assert not known_to(psp, payout_of(withdrawal).reference)
    with staff():
        lift_suspension(key=key(), reason="cleared", client_id=withdrawal.client_id)
    send_withdrawal(withdrawal.pk)
    assert states(withdrawal) == ("sent", "sent")


def test_the_book_agrees_with_itself(eu: CellContext) -> None:
    assert Book("payments").replay().agrees

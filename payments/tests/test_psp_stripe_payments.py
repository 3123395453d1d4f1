"""Deposits, payouts and disputes through Stripe, from the door for its messages to the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as HttpClient

from fintech.cells import current_cell
from fintech.privacy.sealing import unseal
from fintech.secrets import use_provider
from fintech.secrets.local import LocalFileSecrets
from fintech.stack.layout import LocalLayout
from payments.models import Deposit, PaymentSource, Payout, PspEvent, Wallet, Withdrawal
from payments.psps.deployment import register_providers
from payments.psps.registry import registry
from payments.services import psp_events
from payments.services.deposits import open_page
from payments.services.payouts import ask_about_payout, send_withdrawal
from payments.services.psp_event_storing import body_of
from payments.tests.scenes import (
    approve,
    balance,
    begun,
    clearing,
    euros,
    event_of,
    registered,
    requested,
    state_of,
    verified_client,
    wallet_of,
    work,
)
from payments.tests.stripe_server import (
    API_KEY,
    WEBHOOK_SECRET,
    StripeServer,
    answers,
    event,
    loses_the_answer,
    running_stripe,
    signed,
)

pytestmark = pytest.mark.usefixtures("eu")


class WithStripes:
    """The stack's own secrets, and those of the accounts at Stripe."""

    def __init__(self) -> None:
        self._stack = LocalFileSecrets(LocalLayout.from_environment().secrets_file)

    def fetch(self, name: str) -> str:
        named = {"api-key": API_KEY, "webhook-secret": f"whsec_the_next_one\n{WEBHOOK_SECRET}\n"}
        return named[name.rpartition("/")[2]] if name.startswith("eu/psp/stripe/") else self._stack.fetch(name)


@pytest.fixture(scope="module")
def server() -> Iterator[StripeServer]:
    with running_stripe() as running:
        yield running


@pytest.fixture(autouse=True)
def account(server: StripeServer, settings: Any) -> Iterator[StripeServer]:
    """The account that this deployment's payments go through."""
    settings.FINTECH_PSPS = {"stripe": {"url": server.url, "webhook_port": 9}}
    use_provider(WithStripes())
    register_providers()
    registry.forget_adapters()
    server.refund_status = "pending"
    yield server
    registry.forget_adapters()
    use_provider(None)


def tell(event_type: str, values: dict[str, Any], **changes: Any) -> HttpResponse:
    """Send a message to our door, as Stripe does."""
    body = event(event_type, values | changes)
    return post(body, signed(body))


def post(body: bytes, headers: dict[str, str]) -> HttpResponse:
    client = HttpClient(headers={"host": f"{current_cell().name}.localhost"})
    return client.post("/webhooks/stripe/", body, content_type="application/json", headers=headers)


def opened(wallet: Wallet, amount: str = "125.00") -> Deposit:
    deposit = open_page(begun(wallet, euros(amount)))
    assert deposit.page_url
    return deposit


def funded(account: StripeServer, amount: str = "125.00") -> Wallet:
    """A wallet of a verified client into which a deposit was settled by card."""
    wallet = wallet_of(verified_client())
    deposit = opened(wallet, amount)
    tell("checkout.session.completed", account.pay(str(deposit.psp_reference)))
    work()
    assert state_of(deposit) == "settled"
    return wallet


def deposit_of(wallet: Wallet) -> Deposit:
    return Deposit.objects.get(wallet=wallet)


def payment_of(wallet: Wallet) -> str:
    return str(PaymentSource.objects.values_list("token", flat=True).get(client_id=wallet.client_id))


def dispute(payment: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"dp_{payment[3:]}",
        "object": "dispute",
        "amount": 12_500,
        "currency": "eur",
        "payment_intent": payment,
        "reason": "fraudulent",
        "status": "needs_response",
        "metadata": {},
        "evidence": {"customer_name": "Maria Rossi"},
    } | changes


def sent(wallet: Wallet, amount: str) -> tuple[Withdrawal, Payout]:
    withdrawal = requested(wallet, euros(amount))
    approve(withdrawal)
    send_withdrawal(withdrawal.pk)
    return withdrawal, withdrawal.payouts.get()


def outcome(response: HttpResponse) -> tuple[str, str]:
    """What came of a message."""
    stored = event_of(response)
    work()
    stored.refresh_from_db()
    return stored.state, stored.why


def states(withdrawal: Withdrawal) -> tuple[str, str]:
    return Withdrawal.objects.get(pk=withdrawal.pk).state, withdrawal.payouts.get().state


def test_a_deposit_is_paid_on_stripes_page_and_settles_once(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    deposit = opened(wallet)
    session = account.pay(str(deposit.psp_reference))
    before = clearing()
    body = event("checkout.session.completed", session)
    for seconds in range(3):
        # Each repetition is signed anew.
        assert outcome(post(body, signed(body, at=time.time() - seconds))) == ("applied", "settled")
    # Another message that says the same.
    assert outcome(tell("checkout.session.async_payment_succeeded", session)) == ("ignored", "repeated")
    assert (state_of(deposit), balance(wallet).posted, clearing()) == ("settled", 12_500, before - 12_500)
    source = PaymentSource.objects.get(client_id=wallet.client_id)
    assert (source.psp, source.kind, source.token) == ("stripe", "card", session["payment_intent"])
    assert unseal("payments", bytes(source.display_sealed)) == "card ending 4242"


def test_what_the_payer_is_called_stands_sealed_and_is_shown_to_nobody(account: StripeServer) -> None:
    deposit = opened(wallet_of(verified_client()))
    stored = event_of(tell("checkout.session.completed", account.pay(str(deposit.psp_reference))))
    work()
    clear = [str(value) for value in vars(PspEvent.objects.get(pk=stored.pk)).values()]
    assert not [value for value in clear if "Rossi" in value or "4242" in value]
    assert "Rossi" in unseal("payments", bytes(stored.body_sealed), person_id=deposit.client_id)
    shown = body_of(stored)
    assert shown["reference"] == deposit.reference
    assert "Rossi" not in str(shown)


def test_a_payment_that_takes_days_pends_and_then_settles_or_fails(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    for amount, word, end in (
        ("10.00", "checkout.session.async_payment_succeeded", "settled"),
        ("20.00", "checkout.session.async_payment_failed", "failed"),
    ):
        deposit = opened(wallet, amount)
        session = account.pay(str(deposit.psp_reference), method="sepa_debit", later=True)
        tell("checkout.session.completed", session)
        work()
        assert state_of(deposit) == "pending"
        session["payment_status"] = "paid" if end == "settled" else "unpaid"
        tell(word, session)
        work()
        assert state_of(deposit) == end
    assert balance(wallet).posted == 1_000
    assert Deposit.objects.get(wallet=wallet, state="failed").failure_code == "async-payment-failed"


def test_a_page_that_nobody_paid_on_expires(account: StripeServer) -> None:
    deposit = opened(wallet_of(verified_client()))
    tell("checkout.session.expired", account.sessions[0] | {"status": "expired"})
    work()
    assert state_of(deposit) == "expired"


def test_a_message_that_is_quicker_than_the_answer_settles_the_deposit(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    account.fail_next("POST", "/v1/checkout/sessions", loses_the_answer)
    deposit = open_page(begun(wallet, euros("125.00")))
    assert deposit.psp_reference is None
    session = account.pay(account.sessions[0]["id"])
    tell("checkout.session.completed", session)
    work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.psp_reference, balance(wallet).posted) == ("settled", session["id"], 12_500)


def test_while_stripe_does_not_say_what_was_paid_with_the_message_waits(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    deposit = opened(wallet)
    session = account.pay(str(deposit.psp_reference))
    stored = event_of(tell("checkout.session.completed", session))
    for fault in (answers(500, b"<html>"), loses_the_answer):
        account.fail_next("GET", f"/v1/checkout/sessions/{session['id']}", fault)
        assert psp_events.apply(stored.pk).state == "stored"
        assert (state_of(deposit), balance(wallet).posted) == ("requested", 0)
    assert psp_events.apply(stored.pk).state == "applied"
    assert deposit_of(wallet).source is not None


def test_a_deposit_of_which_stripe_knows_nothing_more_settles_without_a_source(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    deposit = opened(wallet)
    session = dict(account.pay(str(deposit.psp_reference)))
    account.sessions.clear()
    assert outcome(tell("checkout.session.completed", session)) == ("applied", "settled")
    assert (balance(wallet).posted, deposit_of(wallet).source) == (12_500, None)


def test_what_contradicts_what_was_asked_waits_for_a_person(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    session = account.pay(str(opened(wallet).psp_reference))
    contradictions: list[tuple[dict[str, Any], str]] = [
        ({"amount_total": 12_501}, "amount-differs"),
        ({"amount_total": None}, "amount-differs"),
        ({"currency": "usd"}, "currency-differs"),
        ({"id": "cs_test_another"}, "psp-reference-differs"),
        ({"client_reference_id": None}, "unknown-reference"),
        ({"payment_status": "no_payment_required"}, "unknown-type"),
    ]
    for changes, why in contradictions:
        assert outcome(tell("checkout.session.completed", session, **changes)) == ("review", why)
    assert (deposit_of(wallet).state, balance(wallet).posted) == ("requested", 0)


def test_what_is_not_known_here_is_kept_under_stripes_own_word(account: StripeServer) -> None:
    wallet = funded(account)
    charge = account.payments[payment_of(wallet)]["latest_charge"] | {"metadata": {"reference": "eu-1"}}
    for word, values in (("charge.succeeded", charge), ("payout.paid", {"object": "payout", "id": "po_1"})):
        response = tell(word, values)
        assert outcome(response) == ("review", "unknown-type")
        assert event_of(response).type == word if word == "charge.succeeded" else f"stripe.{word}"
    body = b"this isn't JSON"
    assert outcome(post(body, signed(body))) == ("review", "unknown-type")
    assert event_of(post(body, signed(body, at=None))).type == "unreadable"


def test_a_forged_message_is_refused_and_not_stored(account: StripeServer) -> None:
    wallet = wallet_of(verified_client())
    deposit = opened(wallet)
    body = event("checkout.session.completed", account.pay(str(deposit.psp_reference)))
    for headers in ({}, signed(body, secret="whsec_x"), signed(body, at=1_500_000_000), signed(body + b" ")):
        response = post(body, headers)
        assert (response.status_code, response.json()["type"]) == (401, "/problems/webhook-forged")
    assert not PspEvent.objects.filter(reference=deposit.reference).exists()


@pytest.mark.parametrize(
    ("method", "state", "why"), [("sepa_debit", "applied", "settled"), ("card", "review", "not-from-a-bank-account")]
)
def test_before_identity_is_proved_money_comes_from_a_bank_account_only(
    account: StripeServer, method: str, state: str, why: str
) -> None:
    wallet = wallet_of(registered())
    deposit = open_page(begun(wallet, euros("100.00"), "bank_transfer"))
    session = account.pay(str(deposit.psp_reference), method=method)
    assert outcome(tell("checkout.session.completed", session)) == (state, why)
    assert balance(wallet).posted == (10_000 if state == "applied" else 0)


def test_a_withdrawal_goes_back_to_the_payment_and_is_paid_by_stripes_word(account: StripeServer) -> None:
    wallet = funded(account)
    before = clearing()
    withdrawal, payout = sent(wallet, "50.00")
    assert (states(withdrawal), balance(wallet).held) == (("sent", "sent"), 5_000)
    refund = account.refunds[0]
    assert (refund["payment_intent"], refund["amount"]) == (payment_of(wallet), 5_000)
    assert (payout.psp, payout.psp_reference) == ("stripe", refund["id"])
    refund["status"] = "succeeded"
    body = event("refund.updated", refund)
    for _ in range(2):
        assert outcome(post(body, signed(body))) == ("applied", "paid")
    assert states(withdrawal) == ("paid", "paid")
    assert (balance(wallet).posted, balance(wallet).held, clearing()) == (7_500, 0, before + 5_000)


def test_a_refund_that_fails_makes_the_money_available_again(account: StripeServer) -> None:
    wallet = funded(account)
    withdrawal, _ = sent(wallet, "50.00")
    failed = account.refunds[0] | {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    assert outcome(tell("refund.failed", failed)) == ("applied", "returned")
    assert states(withdrawal) == ("returned", "returned")
    assert withdrawal.payouts.get().failure_code == "expired_or_canceled_card"
    assert balance(wallet).available == 12_500


def test_a_payout_whose_answer_is_lost_is_asked_about_and_sent_once(account: StripeServer) -> None:
    wallet = funded(account)
    account.fail_next("POST", "/v1/refunds", loses_the_answer)
    withdrawal, payout = sent(wallet, "50.00")
    assert states(withdrawal) == ("unknown", "unknown")
    ask_about_payout(payout.pk)
    assert states(withdrawal) == ("sent", "sent")
    assert len([one for one in account.refunds if one["payment_intent"] == payment_of(wallet)]) == 1


def test_a_refund_made_by_hand_at_stripe_is_for_a_person_to_look_at(account: StripeServer) -> None:
    wallet = funded(account)
    by_hand = {"id": "re_by_hand", "object": "refund", "payment_intent": payment_of(wallet), "metadata": {}}
    response = tell("refund.created", by_hand, amount=12_500, currency="eur", status="succeeded")
    assert outcome(response) == ("review", "unknown-type")
    assert balance(wallet).posted == 12_500


@pytest.mark.parametrize("word", ["charge.dispute.created", "charge.dispute.funds_withdrawn"])
def test_a_dispute_takes_the_deposit_back_that_its_payment_was(account: StripeServer, word: str) -> None:
    wallet = funded(account)
    other = funded(account)
    payment = payment_of(wallet)
    response = tell(word, dispute(payment))
    assert outcome(response) == ("applied", "charged-back")
    assert outcome(tell("charge.dispute.funds_withdrawn", dispute(payment))) == ("ignored", "repeated")
    assert (deposit_of(wallet).state, balance(wallet).posted) == ("charged_back", 0)
    assert (deposit_of(other).state, balance(other).posted) == ("settled", 12_500)
    # The evidence names the payer: it goes when the payer is forgotten.
    assert "Rossi" in unseal("payments", bytes(event_of(response).body_sealed), person_id=wallet.client_id)


def test_a_dispute_that_does_not_fit_takes_nothing(account: StripeServer) -> None:
    wallet = funded(account)
    contradictions: list[tuple[dict[str, Any], str]] = [
        ({"amount": 100}, "chargeback-amount-differs"),
        ({"currency": "usd"}, "currency-differs"),
        ({"payment_intent": "pi_of_nobody"}, "unknown-reference"),
        ({"payment_intent": None}, "unknown-reference"),
        ({"status": "warning_needs_response"}, "unknown-type"),
    ]
    for changes, why in contradictions:
        assert outcome(tell("charge.dispute.created", dispute(payment_of(wallet), **changes))) == ("review", why)
    assert (deposit_of(wallet).state, balance(wallet).posted) == ("settled", 12_500)


def test_going_through_every_message_again_changes_nothing(account: StripeServer) -> None:
    wallet = funded(account)
    stored = PspEvent.objects.get(reference=deposit_of(wallet).reference)
    assert psp_events.apply(stored.pk, again=True).state == "applied"
    assert balance(wallet).posted == 12_500

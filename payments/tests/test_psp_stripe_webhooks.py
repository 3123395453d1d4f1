"""A message is Stripe's only if its signature says so; it is said in our words; whatever is signed is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payments.psps.protocol import UNREADABLE, EventType, ForgedWebhook, VerifiedEvent
from payments.psps.stripe_webhooks import StripeWebhooks, payload_of
from payments.rules.psp_events import facts_of, subject_of
from payments.tests.stripe_server import event, signed

OLD, NEW = "whsec_the_old_one", "whsec_the_new_one"
NOW = datetime(2026, 3, 31, 10, 15, tzinfo=UTC)
SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "mode": "payment",
    "client_reference_id": "eu-1",
    "amount_total": 12_500,
    "currency": "eur",
    "payment_status": "paid",
    "status": "complete",
    "payment_intent": "pi_1",
    "customer_details": {"name": "Maria Rossi", "email": "maria@example.com"},
}
REFUND: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "amount": 4_000,
    "currency": "eur",
    "payment_intent": "pi_1",
    "metadata": {"reference": "eu-2"},
    "status": "succeeded",
}
DISPUTE: dict[str, Any] = {
    "id": "dp_1",
    "object": "dispute",
    "amount": 12_500,
    "currency": "eur",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "status": "needs_response",
    "metadata": {},
    "evidence": {"customer_name": "Maria Rossi", "customer_purchase_ip": "192.0.2.1"},
}
BODY = json.dumps(
    json.loads(event("checkout.session.completed", SESSION, event_id="evt_1")) | {"created": int(NOW.timestamp())}
).encode()


def header(body: bytes = BODY, *, secret: str = NEW, at: datetime = NOW) -> str:
    return signed(body, secret=secret, at=at.timestamp())["Stripe-Signature"]


def verify(body: bytes = BODY, value: str | None = None, *secrets: str, now: datetime = NOW) -> VerifiedEvent:
    headers = {"stripe-signature": header(body) if value is None else value}
    return StripeWebhooks(lambda: secrets or (NEW,)).verify(headers, body, now)


def said(event_type: str, values: dict[str, Any], **changes: Any) -> VerifiedEvent:
    return verify(event(event_type, values | changes))


def test_what_the_sdk_signs_is_an_event_with_its_own_time() -> None:
    body = json.dumps(json.loads(BODY) | {"created": int(NOW.timestamp()) - 7}).encode()
    found = verify(body)
    assert (found.event_id, found.type) == ("evt_1", EventType.DEPOSIT_SETTLED)
    assert found.occurred_at == NOW - timedelta(seconds=7)
    assert found.payload == {
        "object": "checkout.session",
        "id": "cs_test_1",
        "reference": "eu-1",
        "amount_minor": 12_500,
        "currency": "EUR",
        "status": "complete",
        "payment_status": "paid",
    }
    assert payload_of(body) == found.payload


T = int(NOW.timestamp())
GOOD = header().partition("v1=")[2]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "t",
        "t=",
        f"t={T}",
        f"v1={GOOD}",
        f"t={T},v1=",
        f"t={T},v1={'0' * 64}",
        f"t={T},v1={GOOD[:-1]}",
        f"t={T},v1={GOOD.upper()}",
        f"t={T},v0={GOOD}",
        f"t={T},v2={GOOD}",
        f"t={T}, v1={GOOD}",
        f"t={T};v1={GOOD}",
        f"t={T + 1},v1={GOOD}",
        f"t={T - 1},v1={GOOD}",
        f"t={T}.0,v1={GOOD}",
        f"t=+{T},v1={GOOD}",
        f"t= {T},v1={GOOD}",
        f"t={T},t={T},v1={GOOD}",
        f"t={T + 9},t={T},v1={GOOD}",
        f"t={'9' * 400},v1={GOOD}",
        f"t=nan,v1={GOOD}",
        f"t=yesterday,v1={GOOD}",
        "t=١٧٧٤٩٥٢١٠٠,v1=" + GOOD,
        f"t={T},v1=é",
        f"t={T},v1=\udcff",
        f"t={T},v1",
        ",,,",
        "=",
    ],
)
def test_a_header_that_is_not_the_one_is_forged(value: str) -> None:
    assert verify(BODY, f"t={T},v1={GOOD}").event_id == "evt_1"
    with pytest.raises(ForgedWebhook):
        verify(BODY, value)


def test_without_the_header_a_message_is_forged() -> None:
    with pytest.raises(ForgedWebhook):
        StripeWebhooks(lambda: [NEW]).verify({"Webhook-Signature": header()}, BODY, NOW)


@pytest.mark.parametrize(
    "body", [BODY.replace(b"12500", b"92500"), BODY + b" ", b"", b"\xff" + BODY, b"\xff\xfe", b"{"]
)
def test_a_body_that_is_not_the_one_is_forged_and_never_parsed(body: bytes) -> None:
    with pytest.raises(ForgedWebhook) as forged:
        verify(body, header())
    assert forged.value.__cause__ is None
    assert "12500" not in repr(forged.value.args)


def test_a_message_is_taken_up_to_five_minutes_early_or_late_and_no_longer() -> None:
    limit = timedelta(minutes=5)
    for at in (NOW - limit, NOW + limit):
        assert verify(BODY, header(at=at)).event_id == "evt_1"
    for at in (NOW - limit - timedelta(seconds=1), NOW + limit + timedelta(seconds=1)):
        with pytest.raises(ForgedWebhook, match="away from now"):
            verify(BODY, header(at=at))


def test_during_a_rotation_both_secrets_hold_and_afterwards_only_the_new_one() -> None:
    both = header(secret=OLD) + "," + header().partition(",")[2]
    for value in (header(secret=OLD), header(secret=NEW), both):
        assert verify(BODY, value, NEW, OLD).event_id == "evt_1"
    # Stripe signs with both while it rotates: one that we know is enough.
    assert verify(BODY, both, NEW).event_id == "evt_1"
    with pytest.raises(ForgedWebhook):
        verify(BODY, header(secret=OLD), NEW)


@pytest.mark.parametrize("secrets", [[], [""], [" ", "\n"]])
def test_without_a_secret_nothing_is_called_forged_and_nothing_is_taken(secrets: list[str]) -> None:
    for secret in ("", " ", NEW):
        with pytest.raises(LookupError, match="No webhook secret"):
            StripeWebhooks(lambda: secrets).verify({"Stripe-Signature": header(secret=secret)}, BODY, NOW)


@pytest.mark.parametrize(
    ("event_type", "values", "changes", "meaning", "facts"),
    [
        ("checkout.session.completed", SESSION, {}, "deposit.settled", ("eu-1", "cs_test_1", 12_500)),
        (
            "checkout.session.completed",
            SESSION,
            {"payment_status": "unpaid"},
            "deposit.pending",
            ("eu-1", "cs_test_1", 12_500),
        ),
        (
            "checkout.session.async_payment_succeeded",
            SESSION,
            {},
            "deposit.settled",
            ("eu-1", "cs_test_1", 12_500),
        ),
        (
            "checkout.session.async_payment_failed",
            SESSION,
            {"payment_status": "unpaid"},
            "deposit.failed",
            ("eu-1", "cs_test_1", 12_500),
        ),
        (
            "checkout.session.expired",
            SESSION,
            {"payment_status": "unpaid", "status": "expired"},
            "deposit.failed",
            ("eu-1", "cs_test_1", 12_500),
        ),
        ("refund.created", REFUND, {"status": "pending"}, "payout.sent", ("eu-2", "re_1", 4_000)),
        ("refund.updated", REFUND, {"status": "requires_action"}, "payout.sent", ("eu-2", "re_1", 4_000)),
        ("refund.updated", REFUND, {}, "payout.paid", ("eu-2", "re_1", 4_000)),
        ("refund.updated", REFUND, {"status": "canceled"}, "payout.failed", ("eu-2", "re_1", 4_000)),
        (
            "refund.failed",
            REFUND,
            {"status": "failed", "failure_reason": "expired_or_canceled_card"},
            "payout.failed",
            ("eu-2", "re_1", 4_000),
        ),
        ("charge.dispute.created", DISPUTE, {}, "chargeback.opened", (None, "pi_1", 12_500)),
        ("charge.dispute.funds_withdrawn", DISPUTE, {}, "chargeback.opened", (None, "pi_1", 12_500)),
    ],
)
def test_what_stripe_says_is_said_in_our_words(
    event_type: str, values: dict[str, Any], changes: dict[str, Any], meaning: str, facts: tuple[Any, ...]
) -> None:
    found = said(event_type, values, **changes)
    assert found.type == meaning
    read = facts_of(found.type, found.payload)
    assert (read.type, read.reference, read.psp_reference, read.amount_minor) == (meaning, *facts)
    assert read.currency == "EUR"
    assert (read.failure_code is not None) == (meaning in ("deposit.failed", "payout.failed"))
    assert read.chargeback_minor == (12_500 if meaning == "chargeback.opened" else None)


def test_why_something_failed_is_told_by_a_code() -> None:
    unpaid = {"payment_status": "unpaid"}
    assert said("checkout.session.expired", SESSION, **unpaid).payload["failure_code"] == "expired"
    failed = said("checkout.session.async_payment_failed", SESSION, **unpaid)
    assert failed.payload["failure_code"] == "async-payment-failed"
    refund = said("refund.failed", REFUND, status="failed", failure_reason="lost_or_stolen_card")
    assert refund.payload["failure_code"] == "lost_or_stolen_card"


@pytest.mark.parametrize(
    ("event_type", "values"),
    [
        ("charge.succeeded", {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}),
        ("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"}),
        ("checkout.session.completed", SESSION | {"mode": "subscription"}),
        ("checkout.session.completed", SESSION | {"payment_status": "no_payment_required"}),
        ("checkout.session.async_payment_succeeded", SESSION | {"payment_status": "unpaid"}),
        ("checkout.session.expired", SESSION),
        ("refund.updated", REFUND | {"metadata": {}}),
        ("refund.updated", REFUND | {"metadata": None}),
        ("refund.updated", REFUND | {"status": "a new word"}),
        ("charge.dispute.created", DISPUTE | {"status": "warning_needs_response"}),
        ("charge.dispute.created", DISPUTE | {"status": "prevented"}),
        ("charge.dispute.closed", DISPUTE | {"status": "won"}),
        ("charge.dispute.funds_reinstated", DISPUTE),
    ],
)
def test_what_has_no_meaning_here_keeps_stripes_own_word(event_type: str, values: dict[str, Any]) -> None:
    found = said(event_type, values)
    assert found.type == event_type
    assert subject_of(found.type) is None


@pytest.mark.parametrize("word", ["payout.paid", "payout.failed", "deposit.settled", "chargeback.opened"])
def test_a_word_of_stripes_that_is_also_ours_is_not_taken_for_ours(word: str) -> None:
    # Stripe's payouts are its own payments to the merchant's bank.
    found = said(word, {"object": "payout", "id": "po_1", "metadata": {"reference": "eu-2"}})
    assert found.type == f"stripe.{word}"
    assert subject_of(found.type) is None


def test_no_name_gets_into_what_stands_in_clear_and_a_person_can_be_found_by_the_reference() -> None:
    charge = {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": "pi_1",
        "amount": 12_500,
        "currency": "eur",
        "metadata": {"reference": "eu-1"},
        "billing_details": {"name": "Maria Rossi"},
        "description": "Rossi",
    }
    assert said("charge.succeeded", charge).payload == {
        "object": "charge",
        "id": "pi_1",
        "reference": "eu-1",
        "amount_minor": 12_500,
        "currency": "EUR",
    }
    for found in (said("checkout.session.completed", SESSION), said("charge.dispute.created", DISPUTE)):
        assert "Rossi" not in json.dumps(dict(found.payload))
        assert "192.0.2.1" not in json.dumps(dict(found.payload))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total": None},
        {"amount_total": "12500"},
        {"amount_total": True},
        {"amount_total": 125.0},
        {"currency": "xxx"},
        {"currency": "ugx"},
        {"currency": None},
        {"amount_total": 150, "currency": "isk"},
    ],
)
def test_an_amount_that_is_not_certain_is_none_so_that_a_person_looks(changes: dict[str, Any]) -> None:
    found = said("checkout.session.completed", SESSION, **changes)
    assert found.type == EventType.DEPOSIT_SETTLED
    assert facts_of(found.type, found.payload).amount_minor is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[1]",
        b"null",
        b'{"type": "refund.updated"}',
        b'{"id": "evt_1", "type": 7}',
        b'{"id": "", "type": "refund.updated"}',
        b'{"id": "evt_\\u0000", "type": "refund.updated"}',
        b'{"id": "evt_1", "type": "Maria Rossi wrote"}',
        b'{"id": "evt_1", "type": "a", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": "evt_1", "type": "a", "data": {"amount": ' + b"9" * 5_000 + b"}}",
    ],
)
def test_a_signed_message_that_cannot_be_read_is_kept_as_an_event(body: bytes) -> None:
    found = verify(body)
    assert (found.type, found.occurred_at, found.payload) == (UNREADABLE, NOW, {})
    assert found.event_id == verify(body, header(body, at=NOW + timedelta(seconds=9))).event_id
    assert payload_of(body) == {}


@pytest.mark.parametrize("data", [None, [], "text", {"object": None}, {"object": []}, {"object": {"metadata": []}}])
def test_a_message_with_no_object_is_kept_under_its_own_word(data: object) -> None:
    body = json.dumps({"id": "evt_1", "type": "refund.updated", "data": data}).encode()
    assert (verify(body).type, verify(body).occurred_at) == ("refund.updated", NOW)


@pytest.mark.parametrize("created", [None, "2026-03-31", -1, 10**15, True, 1.5])
def test_a_message_without_a_usable_time_has_the_signatures(created: object) -> None:
    body = json.dumps({"id": "evt_1", "type": "refund.updated", "created": created}).encode()
    assert verify(body).occurred_at == NOW

"""The door for PSPs' messages: whatever comes, and however often, money moves once and nothing is dropped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from prometheus_client import REGISTRY

from fintech.cells import Actor, CellContext, cell, set_actor
from fintech.journal import Refusal
from fintech.privacy.sealing import unseal
from payments.models import PspEvent
from payments.rules.psp_events import UNKNOWN_WORD
from payments.services import psp_events
from payments.services.psp_events import review_psp_event
from payments.tests.scenes import (
    Message,
    balance,
    begun,
    deliver,
    euros,
    event_of,
    funded,
    key,
    signed,
    staff,
    state_of,
    told,
    verified_client,
    wallet_of,
    work,
)

pytestmark = pytest.mark.usefixtures("eu")


def test_the_same_message_three_times_settles_once() -> None:
    wallet = wallet_of(verified_client())
    deposit = begun(wallet, euros("250.00"))
    message = told(deposit, "deposit.settled")
    answers = []
    for _ in range(3):
        answers.append(deliver(message))
        work()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (state_of(deposit), balance(wallet).posted) == ("settled", 25_000)
    assert event_of(answers[0]).state == "applied"


@pytest.mark.parametrize(
    "forge",
    [
        lambda message: message.altered(b"25000", b"95000"),
        lambda message: Message({**message.headers, "webhook-id": "msg_other"}, message.body),
        lambda message: Message({**message.headers, "webhook-timestamp": "1500000000"}, message.body),
        lambda message: Message({**message.headers, "webhook-signature": "v1,AAAA"}, message.body),
        lambda message: Message({}, message.body),
    ],
)
def test_a_forged_message_is_refused_counted_and_not_stored(forge: object) -> None:
    deposit = begun(wallet_of(verified_client()), euros("250.00"))
    message = told(deposit, "deposit.settled")
    before = _forged()
    response = deliver(forge(message))  # type: ignore[operator]
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == "/problems/webhook-forged"
    assert _forged() == before + 1
    assert not PspEvent.objects.filter(reference=deposit.reference).exists()


def test_a_message_signed_for_another_jurisdiction_is_forged_here() -> None:
    deposit = begun(wallet_of(verified_client()), euros("250.00"))
    message = told(deposit, "deposit.settled")
    assert deliver(message, cell="eu").status_code == 200
    from fintech.secrets import secret

    foreign = signed({"type": "deposit.settled", "data": {}}, signing=secret("au/psp/sandbox/webhook-secret"))
    assert deliver(foreign).status_code == 401


def test_thirty_equal_messages_at_once_settle_once(eu: CellContext) -> None:
    wallet = wallet_of(verified_client())
    deposit = begun(wallet, euros("99.99"))
    message = told(deposit, "deposit.settled")

    def send(_: int) -> int:
        # A request of its own: the thread has no cell bound.
        try:
            response = deliver(message, cell="eu")
            with cell("eu", actor=Actor.system("test")):
                psp_events.apply(event_of(response).pk)
            return response.status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(30) as threads:
        assert set(threads.map(send, range(30))) == {200}
    assert PspEvent.objects.filter(reference=deposit.reference).count() == 1
    assert (state_of(deposit), balance(wallet).posted) == ("settled", 9_999)


def test_messages_in_the_wrong_order_end_where_they_should() -> None:
    wallet = wallet_of(verified_client())
    deposit = begun(wallet, euros("10.00"))
    deliver(told(deposit, "deposit.settled"))
    work()
    late = event_of(deliver(told(deposit, "deposit.pending")))
    work()
    late.refresh_from_db()
    assert (late.state, late.why) == ("ignored", "superseded")
    assert (state_of(deposit), balance(wallet).posted) == ("settled", 1_000)


def test_a_late_failure_never_turns_a_settled_deposit_and_a_person_looks_at_it() -> None:
    wallet = wallet_of(verified_client())
    deposit = begun(wallet, euros("10.00"))
    deliver(told(deposit, "deposit.settled"))
    failure = event_of(deliver(told(deposit, "deposit.failed", failure_code="processing-error")))
    work()
    failure.refresh_from_db()
    assert (failure.state, failure.why) == ("review", "failure-after-settlement")
    assert (state_of(deposit), balance(wallet).posted) == ("settled", 1_000)


def test_a_settlement_after_a_failure_waits_for_a_person() -> None:
    wallet = wallet_of(verified_client())
    deposit = begun(wallet, euros("10.00"))
    deliver(told(deposit, "deposit.failed", failure_code="card-declined"))
    work()
    event = event_of(deliver(told(deposit, "deposit.settled")))
    work()
    event.refresh_from_db()
    assert (event.state, event.why) == ("review", "settled-after-failure")
    assert (state_of(deposit), balance(wallet).posted) == ("failed", 0)


def test_a_chargeback_before_its_settlement_waits_for_it() -> None:
    wallet = wallet_of(verified_client())
    deposit = begun(wallet, euros("10.00"))
    chargeback = event_of(deliver(told(deposit, "chargeback.opened")))
    work()
    chargeback.refresh_from_db()
    assert (chargeback.state, chargeback.why) == ("waiting", "not-settled-yet")
    deliver(told(deposit, "deposit.settled"))
    work()
    chargeback.refresh_from_db()
    assert (chargeback.state, state_of(deposit), balance(wallet).posted) == ("applied", "charged_back", 0)


@pytest.mark.parametrize(
    ("event_type", "changes", "why"),
    [
        ("deposit.settled", {"amount_minor": 1_001}, "amount-differs"),
        ("deposit.settled", {"currency": "USD"}, "currency-differs"),
        ("deposit.settled", {"reference": "eu-0190b5a0-0000-7000-8000-000000000000"}, "unknown-reference"),
        ("deposit.settled", {"reference": {"not": "a text"}}, "unknown-reference"),
        ("payout.paid", {}, "unknown-reference"),
        ("dispute.evidence_needed", {}, "unknown-type"),
        ("Maria Rossi wrote this", {}, "unknown-type"),
    ],
)
def test_what_cant_be_applied_is_kept_for_a_person(event_type: str, changes: dict[str, object], why: str) -> None:
    deposit = begun(wallet_of(verified_client()), euros("10.00"))
    event = event_of(deliver(told(deposit, event_type, **changes)))
    work()
    event.refresh_from_db()
    assert (event.state, event.why) == ("review", why)
    assert state_of(deposit) == "requested"


def test_a_signed_body_that_nobody_can_read_is_kept_too() -> None:
    from datetime import UTC, datetime

    from standardwebhooks import Webhook

    from fintech.secrets import secret

    now, text = datetime.now(UTC), "this isn't JSON"
    headers = {
        "webhook-id": key(),
        "webhook-timestamp": str(int(now.timestamp())),
    }
    webhook = Webhook(secret("eu/psp/sandbox/webhook-secret"))
    headers["webhook-signature"] = webhook.sign(headers["webhook-id"], now, text)
    event = event_of(deliver(Message(headers, text.encode())))
    work()
    event.refresh_from_db()
    assert (event.state, event.type) == ("review", UNKNOWN_WORD)
    assert unseal("payments", bytes(event.body_sealed)) == text


def test_another_message_under_a_known_id_is_kept_beside_it() -> None:
    wallet = wallet_of(verified_client())
    deposit, other = begun(wallet, euros("10.00")), begun(wallet, euros("20.00"))
    first = event_of(deliver(told(deposit, "deposit.settled", event_id="msg_" + key())))
    second = event_of(deliver(told(other, "deposit.settled", event_id=first.event_id)))
    work()
    second.refresh_from_db()
    assert second.pk != first.pk
    assert (second.state, second.why) == ("review", "id-used-for-another-message")
    assert (state_of(deposit), state_of(other)) == ("settled", "requested")


def test_too_large_a_body_is_refused_and_an_unknown_provider_is_nobody(eu: CellContext) -> None:
    assert deliver(signed({"type": "x", "data": {"filler": "x" * 70_000}})).status_code == 413
    from django.test import Client as HttpClient

    response = HttpClient(headers={"host": "eu.localhost"}).post("/webhooks/nobody/", b"{}", content_type="a/b")
    assert response.status_code == 404


def test_what_a_message_says_stands_sealed_and_in_clear_are_ids_amounts_and_codes() -> None:
    deposit = begun(wallet_of(verified_client()), euros("10.00"))
    data = {"note": "from Maria Rossi", "failure_code": "Maria Rossi refused"}
    event = event_of(deliver(told(deposit, "deposit.failed", **data)))
    assert b"Rossi" not in bytes(event.body_sealed)
    clear = [value for value in vars(PspEvent.objects.get(pk=event.pk)).values() if isinstance(value, str)]
    assert not [value for value in clear if "Rossi" in value]
    assert "from Maria Rossi" in unseal("payments", bytes(event.body_sealed), person_id=deposit.client_id)


def test_a_person_has_a_message_tried_again_or_leaves_it_at_that(eu: CellContext) -> None:
    wallet = funded(euros("10.00"))
    deposit = begun(wallet, euros("10.00"))
    event = event_of(deliver(told(deposit, "deposit.settled", amount_minor=900)))
    work()
    with pytest.raises(Refusal, match="Only staff"):
        review_psp_event(key=key(), reason="x", psp_event_id=event.pk, decision="dismiss")
    with staff():
        with pytest.raises(Refusal, match="needs a reason"):
            review_psp_event(key=key(), reason=" ", psp_event_id=event.pk, decision="dismiss")
        review_psp_event(key=key(), reason="asked the PSP", psp_event_id=event.pk, decision="apply-again")
    work()
    event.refresh_from_db()
    assert event.state == "review"
    with staff():
        review_psp_event(key=key(), reason="the PSP was wrong", psp_event_id=event.pk, decision="dismiss")
        with pytest.raises(Refusal) as again:
            review_psp_event(key=key(), reason="twice", psp_event_id=event.pk, decision="dismiss")
    assert again.value.code == "nothing-to-review"
    assert balance(wallet).posted == 1_000
    set_actor(Actor.system("test"))


def test_how_long_it_took_from_receipt_to_applied_is_measured() -> None:
    labels = {"cell": "eu", "psp": "sandbox", "outcome": "applied"}

    def measured() -> float:
        return REGISTRY.get_sample_value("fintech_webhook_applied_seconds_count", labels) or 0.0

    before = measured()
    funded(euros("10.00"))
    assert measured() >= before + 1


def test_going_through_a_message_again_changes_nothing_that_was_done() -> None:
    wallet = funded(euros("10.00"))
    for event in PspEvent.objects.filter(reference__in=wallet.deposits.values("reference")):
        assert psp_events.apply(event.pk, again=True).state == "applied"
    assert balance(wallet).posted == 1_000


def _forged() -> float:
    labels = {"cell": "eu", "psp": "sandbox", "outcome": "forged"}
    return REGISTRY.get_sample_value("fintech_webhooks_total", labels) or 0.0

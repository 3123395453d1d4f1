"""The provider's webhooks: signed, repeated, out of order, late, and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from payments.psps.protocol import ForgedWebhook
from payments.tests.sandbox_process import (
    API_KEYS,
    WEBHOOK_SECRETS,
    Receiver,
    SandboxProcess,
    running_sandbox,
    wait_until,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("psp")) as process:
        yield process


@pytest.fixture
def sandbox(shared: SandboxProcess) -> SandboxProcess:
    shared.misbehave(settle_delay_ms=50)
    return shared


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as endpoint:
        yield endpoint


def pay_out(sandbox: SandboxProcess, receiver: Receiver, destination: str = "bank_test_pays") -> str:
    status = sandbox.provider().send_payout(
        reference=f"eu-{uuid4()}",
        amount_minor=5_000,
        currency="EUR",
        destination=destination,
        webhook_url=receiver.url,
        idempotency_key=str(uuid4()),
    )
    return status.psp_reference


def event(sandbox: SandboxProcess, event_id: str) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.api("GET", f"/v1/events/{event_id}").json()
    return found


def states(sandbox: SandboxProcess, event_id: str) -> list[str]:
    return [delivery["state"] for delivery in event(sandbox, event_id)["deliveries"]]


def test_the_official_library_verifies_what_the_provider_signs(sandbox: SandboxProcess, receiver: Receiver) -> None:
    pay_out(sandbox, receiver)
    (told,) = receiver.wait_for("payout.paid")
    verified = Webhook(WEBHOOK_SECRETS["eu"]).verify(told.body, told.headers)
    assert verified["data"]["state"] == "paid"
    with pytest.raises(WebhookVerificationError):
        Webhook(WEBHOOK_SECRETS["au"]).verify(told.body, told.headers)


def test_the_merchants_adapter_verifies_it_and_another_merchants_does_not(
    sandbox: SandboxProcess, receiver: Receiver
) -> None:
    pay_out(sandbox, receiver)
    (told,) = receiver.wait_for("payout.paid")
    now = datetime.now(tz=UTC)
    verified = sandbox.provider(cell="eu").verify_webhook(told.headers, told.body, now)
    assert (verified.event_id, verified.type) == (told.event_id, "payout.paid")
    assert verified.payload["amount_minor"] == 5_000
    with pytest.raises(ForgedWebhook):
        sandbox.provider(cell="au").verify_webhook(told.headers, told.body, now)


def test_it_names_the_host_of_the_address_and_comes_to_this_machine(
    sandbox: SandboxProcess, receiver: Receiver
) -> None:
    pay_out(sandbox, receiver)
    (told,) = receiver.wait_for("payout.paid")
    assert told.headers["host"] == receiver.url.split("/")[2]
    assert told.headers["host"].startswith("eu.localhost:")
    assert told.headers["(path)"] == "/webhooks/sandbox/?from=psp"


def test_a_webhook_is_repeated_until_it_is_taken(sandbox: SandboxProcess) -> None:
    with Receiver(refuse=3) as receiver:
        payout = pay_out(sandbox, receiver)
        receiver.wait_for("payout.paid")
        events = sandbox.api("GET", f"/v1/events?object={payout}").json()["events"]
        for told in events:
            wait_until(lambda told=told: states(sandbox, told["id"]) == ["delivered"], "taken")  # type: ignore[misc]
        attempts = [
            attempt["status"] for told in events for attempt in event(sandbox, told["id"])["deliveries"][0]["attempts"]
        ]
        assert sorted(attempts) == [200, 200, 503, 503, 503]


def test_duplicates_carry_the_same_id_and_the_same_bytes(sandbox: SandboxProcess, receiver: Receiver) -> None:
    sandbox.misbehave(settle_delay_ms=50, duplicates=2)
    pay_out(sandbox, receiver)
    told = receiver.wait_for("payout.paid", times=3)
    assert len({(message.event_id, message.body) for message in told}) == 1


def test_out_of_order_tells_the_end_before_what_came_first(sandbox: SandboxProcess, receiver: Receiver) -> None:
    sandbox.misbehave(settle_delay_ms=50, out_of_order=True)
    pay_out(sandbox, receiver)
    receiver.wait_for("payout.sent")
    assert receiver.types == ["payout.paid", "payout.sent"]


def test_a_late_failure_contradicts_what_the_provider_itself_knows(sandbox: SandboxProcess, receiver: Receiver) -> None:
    sandbox.misbehave(settle_delay_ms=50, late_failure=True)
    payout = pay_out(sandbox, receiver)
    receiver.wait_for("payout.failed")
    assert receiver.types == ["payout.sent", "payout.paid", "payout.failed"]
    assert sandbox.provider().ask_payout(psp_reference=payout).state == "paid"


def test_an_event_is_delivered_again_as_often_as_asked(sandbox: SandboxProcess, receiver: Receiver) -> None:
    pay_out(sandbox, receiver)
    (told,) = receiver.wait_for("payout.paid")
    answer = sandbox.api("POST", f"/v1/events/{told.event_id}/redeliver", json={"times": 3})
    assert answer.status_code == 202
    again = receiver.wait_for("payout.paid", times=4)
    assert {message.event_id for message in again} == {told.event_id}
    wait_until(lambda: states(sandbox, told.event_id) == ["delivered"] * 4, "the log shows all four")


def test_any_message_can_be_signed_for_a_trial(sandbox: SandboxProcess, receiver: Receiver) -> None:
    body = {
        "type": "deposit.settled",
        "data": {"reference": "nobody's", "amount_minor": 1},
        "webhook_url": receiver.url,
    }
    sandbox.api("POST", "/v1/sandbox/events", json=body).raise_for_status()
    (told,) = receiver.wait_for("deposit.settled")
    assert sandbox.provider().verify_webhook(told.headers, told.body, datetime.now(tz=UTC)).payload == body["data"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/webhooks",
        "https://eu.localhost/webhooks",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://eu.localhost:port/",
        "file:///etc/passwd",
    ],
)
def test_webhooks_go_to_this_machine_only(sandbox: SandboxProcess, url: str) -> None:
    body = {"type": "a", "data": {}, "webhook_url": url}
    answer = sandbox.api("POST", "/v1/sandbox/events", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-field")


def test_one_merchant_sees_nothing_of_another(sandbox: SandboxProcess, receiver: Receiver) -> None:
    payout = pay_out(sandbox, receiver)
    (told,) = receiver.wait_for("payout.paid")
    for path in (f"/v1/payouts/{payout}", f"/v1/events/{told.event_id}"):
        assert sandbox.api("GET", path, cell="au").status_code == 404
    assert sandbox.api("GET", f"/v1/events?object={payout}", cell="au").json() == {"events": []}
    assert sandbox.api("GET", "/v1/events", headers={"Authorization": "Bearer x"}).status_code == 401
    assert sandbox.api("GET", "/v1/events", headers={"Authorization": API_KEYS["eu"]}).status_code == 401


def test_a_killed_provider_goes_on_where_it_was(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path)
    sandbox.start()
    sandbox.misbehave(settle_delay_ms=600)
    with Receiver() as receiver:
        payout = pay_out(sandbox, receiver)
        receiver.wait_for("payout.sent")
        sandbox.kill()
        sandbox.start()
        receiver.wait_for("payout.paid")
        assert sandbox.provider().ask_payout(psp_reference=payout).state == "paid"
    assert sandbox.stop() == 0


def test_what_a_merchant_missed_while_it_was_down_comes_later(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox, Receiver() as receiver:
        sandbox.misbehave(settle_delay_ms=0)
        receiver.refuse = 1_000
        payout = pay_out(sandbox, receiver)
        wait_until(lambda: "payout.paid" in receiver.types, "a first attempt")
        sandbox.stop()
        receiver.refuse = 0
        receiver.received.clear()
        sandbox.start()
        receiver.wait_for("payout.paid")
        receiver.wait_for("payout.sent")
        assert all(message.data["id"] == payout for message in receiver.received)


def test_chaos_repeats_and_reorders_yet_every_payout_is_told_to_its_end(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--chaos", "7") as sandbox, Receiver() as receiver:
        references = [f"eu-{number}" for number in range(12)]
        for reference in references:
            body = {
                "reference": reference,
                "amount_minor": 100,
                "currency": "EUR",
                "destination": "bank_test_pays",
                "webhook_url": receiver.url,
                "sandbox": {"lose_answer": False},
            }
            headers = {"Idempotency-Key": reference}
            sandbox.api("POST", "/v1/payouts", json=body, headers=headers).raise_for_status()

        def told(event_type: str) -> set[str]:
            return {message.data["reference"] for message in receiver.received if message.type == event_type}

        wait_until(lambda: told("payout.paid") == told("payout.sent") == set(references), "all told")
        assert len(receiver.received) > len({message.event_id for message in receiver.received})

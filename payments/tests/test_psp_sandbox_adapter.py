"""What the adapter promises: one payment per key, an honest "unknown", and never inside a transaction."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from payments.psps.protocol import (
    InsideTransaction,
    NothingSent,
    NotKnownToProvider,
    OutcomeUnknown,
    PaymentServiceProvider,
    PayoutState,
    PayoutStatus,
    ProviderRefused,
)
from payments.psps.registry import ProviderRegistry, UnknownProvider
from payments.psps.sandbox_adapter import SandboxProvider
from payments.tests.sandbox_process import (
    BROWSER,
    REPOSITORY,
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


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as endpoint:
        yield endpoint


def payout_request(receiver: Receiver, **more: object) -> dict[str, Any]:
    return {
        "reference": f"eu-{uuid4()}",
        "amount_minor": 5_000,
        "currency": "EUR",
        "destination": "bank_test_pays",
        "webhook_url": receiver.url,
        "idempotency_key": str(uuid4()),
    } | more


def card_of_a_deposit(sandbox: SandboxProcess, receiver: Receiver, card: str, amount_minor: int) -> str:
    """Pay in by card; the token that pays back to it."""
    provider = sandbox.provider()
    session = provider.create_deposit(
        reference=f"eu-{uuid4()}",
        amount_minor=amount_minor,
        currency="EUR",
        return_url="http://eu.localhost/",
        webhook_url=receiver.url,
        idempotency_key=str(uuid4()),
    )
    fields = {"method": "card", "card_number": card}
    BROWSER.post(session.redirect_url, data=fields)
    source = provider.ask_deposit(psp_reference=session.psp_reference).source
    assert source is not None
    return source.token


@contextmanager
def gateway_that_answers(status: int) -> Iterator[str]:
    """Something between us and the provider that speaks HTML."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html>a gateway speaks</html>"
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def settled(provider: SandboxProvider, payout: PayoutStatus) -> PayoutStatus:
    def final() -> PayoutStatus | None:
        status = provider.ask_payout(psp_reference=payout.psp_reference)
        return status if status.state in (PayoutState.PAID, PayoutState.FAILED) else None

    status: PayoutStatus = wait_until(final, "the payout ends")
    return status


def test_a_payout_goes_back_to_the_card_it_came_from_up_to_what_came(
    sandbox: SandboxProcess, receiver: Receiver
) -> None:
    provider = sandbox.provider()
    token = card_of_a_deposit(sandbox, receiver, "4242424242424242", 10_000)
    first = provider.send_payout(**payout_request(receiver, destination=token, amount_minor=6_000))
    assert settled(provider, first).state is PayoutState.PAID
    with pytest.raises(ProviderRefused) as refused:
        provider.send_payout(**payout_request(receiver, destination=token, amount_minor=4_001))
    assert refused.value.code == "exceeds-source"
    provider.send_payout(**payout_request(receiver, destination=token, amount_minor=4_000))


def test_a_returned_payout_frees_the_card_for_another(sandbox: SandboxProcess, receiver: Receiver) -> None:
    provider = sandbox.provider()
    token = card_of_a_deposit(sandbox, receiver, "4000000000000341", 10_000)
    for _ in range(2):
        payout = provider.send_payout(**payout_request(receiver, destination=token, amount_minor=10_000))
        status = settled(provider, payout)
        assert (status.state, status.failure_code) == (PayoutState.FAILED, "returned-by-bank")


def test_the_same_key_pays_once_and_gives_the_first_answer(sandbox: SandboxProcess, receiver: Receiver) -> None:
    provider = sandbox.provider()
    request = payout_request(receiver)
    first = provider.send_payout(**request)
    settled(provider, first)
    assert provider.send_payout(**request) == first


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_minor": 5_001}, "idempotency-key-reused"),
        ({"idempotency_key": "another"}, "reference-used"),
        (
            {"idempotency_key": "b", "reference": "eu-new", "destination": "card_unknown"},
            "unknown-destination",
        ),
        ({"idempotency_key": "c", "reference": "eu-new", "amount_minor": 0}, "invalid-field"),
        ({"idempotency_key": "d", "reference": "eu-new", "currency": "EURO"}, "invalid-field"),
    ],
)
def test_a_refusal_is_definite_and_has_a_code(
    sandbox: SandboxProcess, receiver: Receiver, change: dict[str, object], code: str
) -> None:
    request = payout_request(receiver)
    provider = sandbox.provider()
    provider.send_payout(**request)
    with pytest.raises(ProviderRefused) as refused:
        provider.send_payout(**request | change)
    assert refused.value.code == code


def test_a_lost_answer_is_unknown_and_only_a_question_leads_on(sandbox: SandboxProcess, receiver: Receiver) -> None:
    sandbox.misbehave(lose_answer=True, settle_delay_ms=50)
    provider = sandbox.provider()
    request = payout_request(receiver)
    with pytest.raises(OutcomeUnknown) as unknown:
        provider.send_payout(**request)
    assert (unknown.value.operation, unknown.value.reference) == ("send_payout", request["reference"])
    asked = provider.ask_payout(reference=request["reference"])
    assert settled(provider, asked).state is PayoutState.PAID
    assert provider.send_payout(**request).psp_reference == asked.psp_reference


def test_an_answer_that_takes_too_long_is_unknown(sandbox: SandboxProcess, receiver: Receiver) -> None:
    sandbox.misbehave(answer_delay_ms=1_000)
    request = payout_request(receiver)
    with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
        sandbox.provider(timeout_seconds=0.1).send_payout(**request)
    assert sandbox.provider().ask_payout(reference=request["reference"]).amount_minor == 5_000


def test_a_payout_the_provider_never_got_is_not_known_to_it(sandbox: SandboxProcess) -> None:
    for question in (
        {"reference": "eu-never"},
        {"psp_reference": "pay_never"},
        {"psp_reference": "../events"},
    ):
        with pytest.raises((NotKnownToProvider, ProviderRefused)):
            sandbox.provider().ask_payout(**question)
    with pytest.raises(NotKnownToProvider):
        sandbox.provider().ask_deposit(reference="eu-never")
    with pytest.raises(TypeError):
        sandbox.provider().ask_payout()


def test_a_provider_that_is_down_or_refuses_our_key_has_certainly_done_nothing(
    tmp_path: Path, receiver: Receiver, sandbox: SandboxProcess
) -> None:
    stopped = SandboxProcess(tmp_path)
    stopped.start()
    stopped.stop()
    with pytest.raises(NothingSent):
        stopped.provider().send_payout(**payout_request(receiver))
    stranger = SandboxProvider(base_url=sandbox.url, api_key=lambda: "old-key", webhook_secrets=lambda: ["x"])
    with pytest.raises(NothingSent, match="401"):
        stranger.send_payout(**payout_request(receiver))


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_an_answer_that_is_not_the_providers_own_leaves_the_outcome_unknown(receiver: Receiver, status: int) -> None:
    with gateway_that_answers(status) as url:
        provider = SandboxProvider(base_url=url, api_key=lambda: "key", webhook_secrets=list)
        with pytest.raises(OutcomeUnknown):
            provider.send_payout(**payout_request(receiver))
        with pytest.raises(OutcomeUnknown):
            provider.ask_payout(reference="eu-1")


def test_no_call_leaves_while_the_guard_sees_a_transaction(sandbox: SandboxProcess, receiver: Receiver) -> None:
    def guard() -> None:
        raise InsideTransaction("open")

    request = payout_request(receiver)
    with pytest.raises(InsideTransaction):
        sandbox.provider(transaction_guard=guard).send_payout(**request)
    with pytest.raises(NotKnownToProvider):
        sandbox.provider().ask_payout(reference=request["reference"])


def test_the_usual_guard_refuses_inside_any_databases_transaction_and_only_there() -> None:
    # A process of its own, since Django can be configured only once in each.
    script = """
from django.conf import settings
from payments.psps.protocol import InsideTransaction
from payments.psps.transaction_guard import refuse_inside_transaction

refuse_inside_transaction()  # Django isn't configured: nothing to refuse
memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.configure(DATABASES={"default": memory, "eu_payments": memory, "eu_trading": memory})
from django.db import connections, transaction

refuse_inside_transaction()
assert not connections.all(initialized_only=True), "the guard opened a connection"
with transaction.atomic(using="eu_trading"):
    try:
        refuse_inside_transaction()
    except InsideTransaction as error:
        assert "eu_trading" in str(error)
    else:
        raise AssertionError("not refused")
refuse_inside_transaction()
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_registry_makes_one_adapter_per_cell(sandbox: SandboxProcess) -> None:
    providers = ProviderRegistry()

    def factory(cell: str) -> PaymentServiceProvider:
        return sandbox.provider(cell=cell, timeout_seconds=1)

    providers.register("sandbox", factory)
    assert providers.provider("sandbox", cell="eu") is providers.provider("sandbox", cell="eu")
    assert providers.provider("sandbox", cell="eu") is not providers.provider("sandbox", cell="au")
    assert providers.names() == ("sandbox",)
    with pytest.raises(UnknownProvider, match="registered: sandbox"):
        providers.provider("strype", cell="eu")
    with pytest.raises(ValueError, match="already registered"):
        providers.register("sandbox", factory)

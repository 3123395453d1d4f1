"""What Stripe's adapter promises, over a socket: one payment per key, an honest "unknown", refunds to the source."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from payments.psps import stripe_adapter
from payments.psps.protocol import (
    DepositState,
    InsideTransaction,
    NothingSent,
    NotKnownToProvider,
    OutcomeUnknown,
    PayoutState,
    ProviderRefused,
)
from payments.psps.stripe_adapter import StripeProvider
from payments.tests.stripe_server import (
    Fault,
    StripeServer,
    answers,
    error,
    loses_the_answer,
    running_stripe,
    takes_too_long,
    trickles,
)

HTML = b"<html>a gateway speaks</html>"
NOT_STRIPES = [
    answers(500, HTML),
    answers(503, HTML),
    answers(404, HTML),
    answers(429, HTML),
    answers(301, HTML),
    answers(200, HTML),
    answers(200, b""),
    answers(200, b"[]"),
    answers(200, b"null"),
    answers(200, {"id": None}),
    answers(200, b'{"id": "\xff"}'),
    answers(400, {"error": "not an object"}),
    answers(400, {"error": {"message": "of nobody's type"}}),
    answers(400, {"detail": "another's API"}),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[StripeServer, StripeProvider]]:
    with running_stripe() as server:
        provider = server.provider()
        yield server, provider
        provider.close()


@pytest.fixture
def server(shared: tuple[StripeServer, StripeProvider]) -> StripeServer:
    server, _ = shared
    server.requests.clear()
    server.refund_status = "pending"
    return server


@pytest.fixture
def provider(server: StripeServer, shared: tuple[StripeServer, StripeProvider]) -> StripeProvider:
    return shared[1]


def deposit_request(**more: object) -> dict[str, Any]:
    return {
        "reference": f"eu-{uuid4()}",
        "amount_minor": 12_500,
        "currency": "EUR",
        "return_url": "https://broker.example/back",
        "webhook_url": "https://broker.example/webhooks/stripe/",
        "idempotency_key": str(uuid4()),
    } | more


def payout_request(destination: str, **more: object) -> dict[str, Any]:
    return {
        "reference": f"eu-{uuid4()}",
        "amount_minor": 5_000,
        "currency": "EUR",
        "destination": destination,
        "webhook_url": "https://broker.example/webhooks/stripe/",
        "idempotency_key": str(uuid4()),
    } | more


def paid(server: StripeServer, provider: StripeProvider, **more: Any) -> str:
    """Pay in by card; the token that pays back to it."""
    page = provider.create_deposit(**deposit_request(**more))
    return str(server.pay(page.psp_reference)["payment_intent"])


def posts(server: StripeServer, path: str = "/v1/refunds") -> int:
    return len([request for request in server.requests if (request.method, request.path) == ("POST", path)])


def test_a_deposit_is_a_payment_page_that_carries_our_reference(server: StripeServer, provider: StripeProvider) -> None:
    request = deposit_request()
    page = provider.create_deposit(**request)
    assert page.redirect_url.endswith(page.psp_reference)
    [sent] = server.requests
    assert sent.headers["idempotency-key"] == request["idempotency_key"]
    assert sent.form == {
        "mode": "payment",
        "client_reference_id": request["reference"],
        "metadata": {"reference": request["reference"]},
        "payment_intent_data": {"metadata": {"reference": request["reference"]}},
        "line_items": [
            {
                "quantity": "1",
                "price_data": {
                    "currency": "eur",
                    "unit_amount": "12500",
                    "product_data": {"name": f"Deposit {request['reference']}"},
                },
            }
        ],
        "payment_method_types": ["card"],
        "adaptive_pricing": {"enabled": "false"},
        "success_url": request["return_url"],
        "cancel_url": request["return_url"],
    }


def test_nothing_about_this_machine_goes_along(server: StripeServer, provider: StripeProvider) -> None:
    for _ in range(2):
        provider.create_deposit(**deposit_request())
    for sent in server.requests:
        assert "platform" not in sent.headers["x-stripe-client-user-agent"]
        assert "telemetry_id" not in sent.headers["x-stripe-client-user-agent"]
        assert "x-stripe-client-telemetry" not in sent.headers


@pytest.mark.parametrize(
    ("currency", "amount_minor", "sent"), [("JPY", 500, "500"), ("ISK", 5, "500"), ("KWD", 5_120, "5120")]
)
def test_an_amount_is_sent_and_read_in_stripes_units(
    server: StripeServer, provider: StripeProvider, currency: str, amount_minor: int, sent: str
) -> None:
    request = deposit_request(currency=currency, amount_minor=amount_minor)
    page = provider.create_deposit(**request)
    assert server.requests[0].form["line_items"][0]["price_data"]["unit_amount"] == sent
    token = server.pay(page.psp_reference)["payment_intent"]
    status = provider.ask_deposit(psp_reference=page.psp_reference)
    assert (status.amount_minor, status.currency) == (amount_minor, currency)
    payout = provider.send_payout(**payout_request(token, currency=currency, amount_minor=amount_minor))
    assert (payout.amount_minor, payout.currency) == (amount_minor, currency)
    assert server.requests[-1].form["amount"] == sent


@pytest.mark.parametrize(("currency", "amount_minor"), [("UGX", 5_000), ("KWD", 5_124)])
def test_an_amount_that_stripe_cannot_express_is_refused_before_anything_is_sent(
    server: StripeServer, provider: StripeProvider, currency: str, amount_minor: int
) -> None:
    for call in (
        lambda: provider.create_deposit(**deposit_request(currency=currency, amount_minor=amount_minor)),
        lambda: provider.send_payout(**payout_request("pi_1", currency=currency, amount_minor=amount_minor)),
    ):
        with pytest.raises(ProviderRefused) as refused:
            call()
        assert refused.value.code == "amount-not-possible"
    assert server.requests == []


def test_the_same_key_opens_one_page_and_another_body_under_it_is_unknown(
    server: StripeServer, provider: StripeProvider
) -> None:
    request = deposit_request()
    first = provider.create_deposit(**request)
    assert provider.create_deposit(**request) == first
    # What was done under the key before may stand: nothing is concluded.
    with pytest.raises(OutcomeUnknown):
        provider.create_deposit(**request | {"amount_minor": 12_600})


def test_a_deposit_is_asked_for_by_either_reference_from_opening_to_settlement(
    server: StripeServer, provider: StripeProvider
) -> None:
    request = deposit_request()
    page = provider.create_deposit(**request)
    assert provider.ask_deposit(psp_reference=page.psp_reference).state is DepositState.OPEN
    session = server.pay(page.psp_reference, later=True)
    assert provider.ask_deposit(psp_reference=page.psp_reference).state is DepositState.PENDING
    session["payment_status"] = "paid"
    settled = provider.ask_deposit(reference=request["reference"])
    assert (settled.state, settled.psp_reference) == (DepositState.SETTLED, page.psp_reference)
    assert (settled.amount_minor, settled.currency) == (12_500, "EUR")
    assert settled.source is not None
    assert (settled.source.kind, settled.source.display) == ("card", "card ending 4242")
    assert settled.source.token == session["payment_intent"]


def test_a_deposit_that_came_to_nothing_says_why(server: StripeServer, provider: StripeProvider) -> None:
    expired = provider.create_deposit(**deposit_request()).psp_reference
    server.sessions[0]["status"] = "expired"
    failed = provider.create_deposit(**deposit_request()).psp_reference
    payment = server.payments[server.pay(failed, method="sepa_debit", later=True)["payment_intent"]]
    payment |= {"status": "requires_payment_method", "last_payment_error": {"code": "insufficient_funds"}}
    for session_id, state, code in (
        (expired, DepositState.EXPIRED, "expired"),
        (failed, DepositState.FAILED, "insufficient_funds"),
    ):
        status = provider.ask_deposit(psp_reference=session_id)
        assert (status.state, status.failure_code) == (state, code)


@pytest.mark.parametrize(
    ("method", "last4", "kind", "display"),
    [
        ("sepa_debit", "3000", "bank", "bank account ending 3000"),
        ("card", "Maria Rossi", "card", "card"),
        ("klarna", "", None, None),
    ],
)
def test_what_was_paid_with_is_named_by_kind_and_last_digits(
    server: StripeServer, provider: StripeProvider, method: str, last4: str, kind: str | None, display: str | None
) -> None:
    page = provider.create_deposit(**deposit_request())
    server.pay(page.psp_reference, method=method, last4=last4)
    source = provider.ask_deposit(psp_reference=page.psp_reference).source
    assert (source and source.kind, source and source.display) == (kind, display)


def test_a_payout_goes_back_to_the_payment_it_came_from_up_to_what_came(
    server: StripeServer, provider: StripeProvider
) -> None:
    token = paid(server, provider)
    request = payout_request(token, amount_minor=6_000)
    first = provider.send_payout(**request)
    assert (first.state, first.reference, first.amount_minor) == (PayoutState.ACCEPTED, request["reference"], 6_000)
    assert server.requests[-1].form == {
        "payment_intent": token,
        "amount": "6000",
        "metadata": {"reference": request["reference"]},
    }
    with pytest.raises(ProviderRefused) as refused:
        provider.send_payout(**payout_request(token, amount_minor=6_501))
    assert (refused.value.code, refused.value.status) == ("charge_already_refunded", 400)
    assert "unrefunded" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [("succeeded", PayoutState.PAID, None), ("failed", PayoutState.FAILED, "failed"), ("pending", "accepted", None)],
)
def test_a_payout_stands_where_its_refund_stands(
    server: StripeServer, provider: StripeProvider, status: str, state: PayoutState, code: str | None
) -> None:
    server.refund_status = status
    token = paid(server, provider)
    sent = provider.send_payout(**payout_request(token))
    for asked in (
        sent,
        provider.ask_payout(psp_reference=sent.psp_reference),
        provider.ask_payout(reference=sent.reference, destination=token),
        provider.ask_payout(reference=sent.reference),
    ):
        assert (asked.state, asked.failure_code, asked.psp_reference) == (state, code, sent.psp_reference)


@pytest.mark.parametrize("destination", ["bank_1", "card_1", "pi_", "pi_1/../../refunds", "pi_never", "re_1", ""])
def test_a_payout_to_anything_else_than_a_payment_is_refused(
    server: StripeServer, provider: StripeProvider, destination: str
) -> None:
    with pytest.raises(ProviderRefused) as refused:
        provider.send_payout(**payout_request(destination))
    assert refused.value.code == "no-payment-to-return-to"
    assert posts(server) == 0


def test_a_payout_in_another_currency_than_the_payments_is_refused(
    server: StripeServer, provider: StripeProvider
) -> None:
    token = paid(server, provider)
    with pytest.raises(ProviderRefused) as refused:
        provider.send_payout(**payout_request(token, currency="USD"))
    assert refused.value.code == "currency-differs"
    assert posts(server) == 0


def test_the_same_payout_pays_once_even_after_stripe_has_forgotten_the_key(
    server: StripeServer, provider: StripeProvider
) -> None:
    request = payout_request(paid(server, provider))
    server.fail_next("POST", "/v1/refunds", loses_the_answer)
    with pytest.raises(OutcomeUnknown):
        provider.send_payout(**request)
    again = provider.send_payout(**request)
    server.forget_keys()
    assert provider.send_payout(**request) == again
    assert len([one for one in server.refunds if one["metadata"]["reference"] == request["reference"]]) == 1
    assert posts(server) == 1


def test_when_the_lists_do_not_show_it_yet_the_key_pays_once(server: StripeServer, provider: StripeProvider) -> None:
    request = payout_request(paid(server, provider))
    first = provider.send_payout(**request)
    empty = answers(200, {"object": "list", "data": [], "has_more": False})
    server.fail_next("GET", "/v1/refunds", empty)
    assert provider.send_payout(**request) == first
    assert posts(server) == 2


@pytest.mark.parametrize("fault", [loses_the_answer, takes_too_long])
def test_a_lost_answer_is_unknown_and_only_a_question_leads_on(server: StripeServer, fault: Fault) -> None:
    provider = server.provider(timeout_seconds=0.2)
    request = payout_request(paid(server, provider))
    server.fail_next("POST", "/v1/refunds", fault)
    with pytest.raises(OutcomeUnknown) as unknown:
        provider.send_payout(**request)
    assert (unknown.value.operation, unknown.value.reference) == ("send_payout", request["reference"])
    # The SDK would have tried again by itself.
    assert posts(server) == 1
    asked = provider.ask_payout(reference=request["reference"], destination=request["destination"])
    assert asked.amount_minor == 5_000
    provider.close()


def test_an_answer_that_trickles_in_is_bounded_as_a_whole(server: StripeServer) -> None:
    provider = server.provider(timeout_seconds=0.2)
    server.fail_next("POST", "/v1/checkout/sessions", trickles)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
        provider.create_deposit(**deposit_request())
    assert time.monotonic() - began < 2
    provider.close()


@pytest.mark.parametrize("fault", [*NOT_STRIPES, answers(*error(500, "api_error", None, "…"))])
def test_an_answer_that_says_nothing_certain_leaves_the_outcome_unknown(
    server: StripeServer, provider: StripeProvider, fault: Fault
) -> None:
    token = paid(server, provider)
    server.fail_next("POST", "/v1/refunds", fault)
    with pytest.raises(OutcomeUnknown):
        provider.send_payout(**payout_request(token))
    assert posts(server) == 1
    server.fail_next("POST", "/v1/checkout/sessions", fault)
    with pytest.raises(OutcomeUnknown):
        provider.create_deposit(**deposit_request())
    server.fail_next("GET", "/v1/refunds/re_1", fault)
    with pytest.raises(OutcomeUnknown):
        provider.ask_payout(psp_reference="re_1")


@pytest.mark.parametrize(
    "fault",
    [
        answers(*error(409, "invalid_request_error", "idempotency_key_in_use", "…")),
        answers(*error(404, "invalid_request_error", "resource_missing", "No such payment_intent: 'pi_1'")),
    ],
)
def test_a_key_in_use_and_a_payment_that_is_gone_are_unknown(
    server: StripeServer, provider: StripeProvider, fault: Fault
) -> None:
    token = paid(server, provider)
    server.fail_next("POST", "/v1/refunds", fault)
    with pytest.raises(OutcomeUnknown):
        provider.send_payout(**payout_request(token))


@pytest.mark.parametrize(
    "fault",
    [
        answers(*error(429, "invalid_request_error", "rate_limit", "Too many requests")),
        answers(*error(401, "invalid_request_error", None, "Invalid API Key provided: sk_test_…")),
        answers(*error(403, "invalid_request_error", None, "The provided key doesn't have access")),
    ],
)
def test_too_many_requests_and_a_refused_key_have_certainly_done_nothing(
    server: StripeServer, provider: StripeProvider, fault: Fault
) -> None:
    request = payout_request(paid(server, provider))
    server.fail_next("POST", "/v1/refunds", fault)
    with pytest.raises(NothingSent) as nothing:
        provider.send_payout(**request)
    assert "sk_test" not in str(nothing.value)
    assert provider.send_payout(**request).amount_minor == 5_000


def test_an_error_in_the_questions_before_a_payout_has_sent_nothing(
    server: StripeServer, provider: StripeProvider
) -> None:
    token = paid(server, provider)
    for path in (f"/v1/payment_intents/{token}", "/v1/refunds"):
        for fault in (answers(500, HTML), loses_the_answer):
            server.fail_next("GET", path, fault)
            with pytest.raises(NothingSent):
                provider.send_payout(**payout_request(token))
    assert posts(server) == 0


def test_a_provider_that_cannot_be_reached_has_certainly_done_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        provider = StripeServer(url=f"http://127.0.0.1:{closed.getsockname()[1]}").provider()
        with pytest.raises(NothingSent, match="ConnectError"):
            provider.create_deposit(**deposit_request())
        provider.close()


def test_a_rotated_key_is_taken_without_a_restart(server: StripeServer, provider: StripeProvider) -> None:
    keys = ["sk_test_the_old_one"]
    rotating = server.provider(api_key=lambda: keys[-1])
    with pytest.raises(NothingSent, match="401"):
        rotating.create_deposit(**deposit_request())
    keys.append("sk_test_for_tests")
    assert rotating.create_deposit(**deposit_request()).psp_reference
    rotating.close()


def test_what_stripe_never_got_is_not_known_to_it(server: StripeServer, provider: StripeProvider) -> None:
    token = paid(server, provider)
    for question in (
        {"reference": "eu-never"},
        {"reference": "eu-never", "destination": token},
        {"reference": "eu-never", "destination": "pi_never"},
        {"reference": "eu-never", "destination": "bank_1"},
        {"psp_reference": "re_never"},
    ):
        with pytest.raises(NotKnownToProvider):
            provider.ask_payout(**question)
    for question in ({"reference": "eu-never"}, {"psp_reference": "cs_never"}):
        with pytest.raises(NotKnownToProvider):
            provider.ask_deposit(**question)
    for ask in (provider.ask_payout, provider.ask_deposit):
        with pytest.raises(TypeError):
            ask()
        with pytest.raises(TypeError):
            ask(psp_reference="a", reference="b")


def test_a_payout_is_found_on_a_later_page_and_too_long_a_list_is_unknown(
    server: StripeServer, provider: StripeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_adapter, "_PAGE", 10)
    monkeypatch.setattr(stripe_adapter, "_MOST_PAGES", 3)
    sent = provider.send_payout(**payout_request(paid(server, provider)))
    before = list(server.refunds)
    server.refunds[:0] = [one | {"id": f"re_{number}", "metadata": {}} for number in range(15) for one in before[:1]]
    assert provider.ask_payout(reference=sent.reference).psp_reference == sent.psp_reference
    server.refunds[:0] = [one | {"id": f"re_x{number}"} for number in range(30) for one in server.refunds[:1]]
    with pytest.raises(OutcomeUnknown, match="too many"):
        provider.ask_payout(reference=sent.reference)
    server.refunds[:] = before


def test_no_call_leaves_while_the_guard_sees_a_transaction(server: StripeServer) -> None:
    def guard() -> None:
        raise InsideTransaction("open")

    provider = server.provider(transaction_guard=guard)
    for call in (
        lambda: provider.create_deposit(**deposit_request()),
        lambda: provider.send_payout(**payout_request("pi_1")),
        lambda: provider.ask_deposit(psp_reference="cs_1"),
        lambda: provider.ask_deposit(reference="eu-1"),
        lambda: provider.ask_payout(psp_reference="re_1"),
        lambda: provider.ask_payout(reference="eu-1"),
    ):
        with pytest.raises(InsideTransaction):
            call()
    assert server.requests == []
    provider.close()

"""A client pays on the provider's hosted page, as a browser would, and the merchant is told by webhook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from uuid import uuid4

import httpx
import pytest

from payments.psps.protocol import DepositSession, DepositState
from payments.psps.sandbox_adapter import SandboxProvider
from payments.tests.sandbox_process import BROWSER, Receiver, SandboxProcess, running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("psp")) as process:
        process.misbehave(settle_delay_ms=50)
        yield process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as endpoint:
        yield endpoint


@pytest.fixture
def provider(sandbox: SandboxProcess) -> SandboxProvider:
    return sandbox.provider()


def open_page(provider: SandboxProvider, receiver: Receiver, **more: object) -> DepositSession:
    wanted = {
        "reference": f"eu-{uuid4()}",
        "amount_minor": 125_000,
        "currency": "EUR",
        "return_url": "http://eu.localhost:8001/deposits?tab=1#here",
        "webhook_url": receiver.url,
        "idempotency_key": str(uuid4()),
    } | more
    return provider.create_deposit(**wanted)  # type: ignore[arg-type]


def send(session: DepositSession, method: str, card_number: str = "") -> httpx.Response:
    fields = {"method": method, "card_number": card_number}
    return BROWSER.post(session.redirect_url, data=fields)


def test_a_card_settles_at_once_and_the_client_goes_back_to_the_merchant(
    provider: SandboxProvider, receiver: Receiver
) -> None:
    session = open_page(provider, receiver)
    answer = send(session, "card", "4242 4242 4242 4242")
    assert answer.status_code == 303
    assert re.fullmatch(
        r"http://eu\.localhost:8001/deposits\?tab=1&reference=eu-[-0-9a-f]+&state=settled#here",
        answer.headers["location"],
    )
    (told,) = receiver.wait_for("deposit.settled")
    status = provider.ask_deposit(psp_reference=session.psp_reference)
    assert status.state is DepositState.SETTLED
    assert (status.amount_minor, status.currency) == (125_000, "EUR")
    assert status.source is not None
    assert status.source.display == "card ending 4242"
    assert told.data["source"]["token"] == status.source.token
    assert told.data["reference"] == status.reference


@pytest.mark.parametrize(
    ("card", "code", "text"),
    [
        ("4000 0000 0000 0002", "card-declined", "The card was declined."),
        ("4000-0000-0000-9995", "insufficient-funds", "enough money on the card"),
        ("5555 5555 5555 4444", "test-cards-only", "only the test cards"),
    ],
)
def test_a_declined_card_takes_nothing_and_says_why(
    provider: SandboxProvider, receiver: Receiver, card: str, code: str, text: str
) -> None:
    session = open_page(provider, receiver)
    answer = send(session, "card", card)
    assert answer.status_code == 303
    assert text in BROWSER.get(session.redirect_url).text
    (told,) = receiver.wait_for("deposit.failed")
    assert (told.data["state"], told.data["failure_code"]) == ("failed", code)
    assert told.data["source"] is None


@pytest.mark.parametrize(
    ("method", "card", "kind"),
    [("card", "4000 0000 0000 0077", "card"), ("bank_transfer", "", "bank")],
)
def test_slow_money_is_pending_first_and_settles_by_itself(
    provider: SandboxProvider, receiver: Receiver, method: str, card: str, kind: str
) -> None:
    session = open_page(provider, receiver)
    assert "state=pending" in send(session, method, card).headers["location"]
    (settled,) = receiver.wait_for("deposit.settled")
    assert settled.data["source"]["kind"] == kind
    assert receiver.types == ["deposit.pending", "deposit.settled"]


def test_a_card_holder_charges_back_what_has_settled(provider: SandboxProvider, receiver: Receiver) -> None:
    session = open_page(provider, receiver)
    send(session, "card", "4000 0000 0000 0259")
    (told,) = receiver.wait_for("chargeback.opened")
    assert told.data["chargeback"]["amount_minor"] == 125_000
    assert provider.ask_deposit(psp_reference=session.psp_reference).state is DepositState.CHARGED_BACK


def test_a_client_who_cancels_pays_nothing(provider: SandboxProvider, receiver: Receiver) -> None:
    session = open_page(provider, receiver)
    send(session, "cancel")
    (told,) = receiver.wait_for("deposit.failed")
    assert told.data["failure_code"] == "cancelled-by-client"


def test_a_page_sent_twice_pays_once(provider: SandboxProvider, receiver: Receiver, sandbox: SandboxProcess) -> None:
    session = open_page(provider, receiver)
    for card in ("4242 4242 4242 4242", "4242 4242 4242 4242", "4000 0000 0000 0002"):
        assert send(session, "card", card).status_code == 303
    events = sandbox.api("GET", f"/v1/events?object={session.psp_reference}").json()["events"]
    assert [event["type"] for event in events] == ["deposit.settled"]


@pytest.mark.parametrize("typed", ["", "12", "4242 4242 4242 4243", '"><script>', "4242 4242 4242 424٢"])
def test_a_typing_error_is_told_at_the_field_and_nothing_happens(
    provider: SandboxProvider, receiver: Receiver, typed: str
) -> None:
    session = open_page(provider, receiver)
    answer = send(session, "card", typed)
    assert answer.status_code == 422
    assert "<title>Error: Pay 1,250.00 EUR</title>" in answer.text
    assert 'role="alert"' in answer.text
    assert 'aria-describedby="problem"' in answer.text
    assert "<script>" not in answer.text
    assert provider.ask_deposit(psp_reference=session.psp_reference).state is DepositState.OPEN


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [(1, "EUR", "0.01 EUR"), (1_234_567, "JPY", "1,234,567 JPY"), (1_500, "BHD", "1.500 BHD")],
)
def test_the_page_shows_the_amount_in_the_currencys_own_decimals(
    provider: SandboxProvider, receiver: Receiver, amount_minor: int, currency: str, shown: str
) -> None:
    session = open_page(provider, receiver, amount_minor=amount_minor, currency=currency)
    assert f"<h1>Pay {shown}</h1>" in BROWSER.get(session.redirect_url).text


def test_every_field_of_the_page_has_a_label_and_the_page_a_language(
    provider: SandboxProvider, receiver: Receiver
) -> None:
    page = _Page()
    page.feed(BROWSER.get(open_page(provider, receiver).redirect_url).text)
    assert page.fields
    assert page.fields == page.labelled
    assert page.language == "en"
    assert page.headings == 1


def test_the_page_shows_no_other_site_and_sends_to_none_but_the_merchant(
    provider: SandboxProvider, receiver: Receiver
) -> None:
    policy = BROWSER.get(open_page(provider, receiver).redirect_url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://eu.localhost:8001;" in policy
    assert "frame-ancestors 'none'" in policy


def test_an_unknown_page_is_not_found(sandbox: SandboxProcess) -> None:
    for method in ("GET", "POST"):
        answer = BROWSER.request(method, f"{sandbox.url}/pay/dep_unknown")
        assert answer.status_code == 404


def test_no_card_number_is_kept(provider: SandboxProvider, receiver: Receiver, sandbox: SandboxProcess) -> None:
    send(open_page(provider, receiver), "card", "4242 4242 4242 4242")
    receiver.wait_for("deposit.settled")
    kept = sandbox.everything_on_disk()
    assert b"ending 4242" in kept
    assert b"42424242" not in kept
    assert b"4242 4242" not in kept


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: set[str | None] = set()
        self.labelled: set[str | None] = set()
        self.language: str | None = None
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input":
            self.fields.add(attributes.get("id"))
        if tag == "label":
            self.labelled.add(attributes.get("for"))
        if tag == "html":
            self.language = attributes.get("lang")
        self.headings += tag == "h1"

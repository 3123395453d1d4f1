"""What payments' tests begin with: people, wallets, money in them, and messages as a PSP signs them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.test import Client as HttpClient
from standardwebhooks import Webhook

from crm.services.identity_cases import (
    approve_identity_case,
    open_identity_case,
    submit_identity_case,
    upload_document,
)
from crm.services.registration import register_client
from crm.tests.portal import PNG
from fintech.cells import Actor, acting_as, current_cell
from fintech.ledger.balances import Balance
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.secrets import secret
from payments.models import Deposit, Payout, PspEvent, Wallet, Withdrawal
from payments.selectors.psp_events import unapplied_events
from payments.services import psp_events
from payments.services.deposits import Method, begin_deposit
from payments.services.wallets import open_wallet
from payments.services.withdrawals import approve_withdrawal, request_withdrawal


def key() -> str:
    return str(uuid4())


def euros(text: str) -> Money:
    return Money.of(text, "EUR")


@contextmanager
def staff(user_id: UUID | None = None) -> Iterator[UUID]:
    """Act as a member of staff; somebody new unless told who."""
    identity = user_id or uuid4()
    with acting_as(Actor.staff(identity)):
        yield identity


def registered(*, country: str = "IT") -> UUID:
    """A client whose identity isn't proved."""
    return register_client(
        key=key(),
        entity=current_cell().jurisdiction.entities[0].code,
        email=f"{uuid4().hex}@example.com",
        password_hash="!",
        full_name="Maria Rossi",
        country=country,
        date_of_birth=date(1985, 4, 12),
        address="Via Garibaldi 7, 20121 Milano",
    ).client_id


def verify(client_id: UUID) -> None:
    """Prove a client's identity, as client and compliance do it."""
    with acting_as(Actor.client(client_id)):
        case_id = open_identity_case(key=key(), client_id=client_id)
        upload_document(key=key(), client_id=client_id, case_id=case_id, kind="passport", content=PNG)
        submit_identity_case(key=key(), client_id=client_id, case_id=case_id)
    with staff():
        approve_identity_case(key=key(), reason="passport is genuine", case_id=case_id)


def verified_client() -> UUID:
    client_id = registered()
    verify(client_id)
    return client_id


def wallet_of(client_id: UUID, currency: str = "EUR") -> Wallet:
    with acting_as(Actor.client(client_id)):
        return Wallet.objects.get(pk=open_wallet(key=key(), client_id=client_id, currency=currency))


def begun(wallet: Wallet, amount: Money, method: Method = "card") -> Deposit:
    """A deposit for which no PSP has been asked yet."""
    with acting_as(Actor.client(wallet.client_id)):
        deposit_id = begin_deposit(
            key=key(), client_id=wallet.client_id, wallet_id=wallet.pk, amount=amount, method=method
        )
    return Deposit.objects.get(pk=deposit_id)


def funded(amount: Money, *, client_id: UUID | None = None, card: str | None = None) -> Wallet:
    """A wallet of a verified client into which a deposit was settled by a card."""
    wallet = wallet_of(client_id or verified_client(), amount.currency.code)
    deliver(told(begun(wallet, amount), "deposit.settled", token=card))
    work()
    return wallet


def balance(wallet: Wallet) -> Balance:
    return Book("payments").balance(wallet.account_number)


def clearing(currency: str = "EUR") -> int:
    """The balance of the PSPs' clearing account."""
    book = Book("payments")
    entity = current_cell().jurisdiction.entities[0].ledger_number
    return book.balance(book.house(HousePurpose.PSP_CLEARING, entity=entity, currency=currency)).posted


@dataclass(frozen=True)
class Message:
    """One signed message of a PSP."""

    headers: dict[str, str]
    body: bytes

    def altered(self, old: bytes, new: bytes) -> Message:
        assert old in self.body
        return Message(self.headers, self.body.replace(old, new))


def signed(body: dict[str, Any], *, event_id: str | None = None, signing: str | None = None) -> Message:
    """A body as the sandbox's merchant account of the bound cell signs it."""
    identity = event_id or f"msg_{secrets.token_hex(8)}"
    text = json.dumps(body)
    now = datetime.now(UTC)
    webhook = Webhook(signing or secret(f"{current_cell().name}/psp/sandbox/webhook-secret"))
    return Message(
        {
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign(identity, now, text),
        },
        text.encode(),
    )


def told(
    about: Deposit | Payout, event_type: str, *, token: str | None = None, event_id: str | None = None, **changes: Any
) -> Message:
    """What the PSP says about a deposit or payout; `changes` are to the data that it would rightly send."""
    data: dict[str, Any] = {
        "id": about.psp_reference or f"dep_{about.pk.hex[:12]}",
        "reference": about.reference,
        "amount_minor": about.amount_minor,
        "currency": about.currency,
        "failure_code": None,
    }
    if isinstance(about, Deposit):
        kind = "bank" if about.method == "bank_transfer" else "card"
        name = token or f"{kind}_{about.pk.hex}"
        data["source"] = {"kind": kind, "token": name, "display": f"{kind} ending 4242"}
    if event_type == "chargeback.opened":
        data["chargeback"] = {"id": "cbk_1", "amount_minor": about.amount_minor, "currency": about.currency}
    body = {"type": event_type, "timestamp": datetime.now(UTC).isoformat(), "data": {**data, **changes}}
    return signed(body, event_id=event_id)


def deliver(message: Message, *, cell: str | None = None) -> HttpResponse:
    """Send a message to our door, as the PSP does."""
    host = f"{cell or current_cell().name}.localhost"
    return HttpClient(headers={"host": host}).post(
        "/webhooks/sandbox/", message.body, content_type="application/json", headers=message.headers
    )


def event_of(response: HttpResponse) -> PspEvent:
    """The stored message that an answer names."""
    assert response.status_code == 200, response.content
    return PspEvent.objects.get(pk=json.loads(response.content)["received"])


def work() -> None:
    """Apply what is stored, as the worker does."""
    while found := unapplied_events():
        for psp_event_id in found:
            psp_events.apply(psp_event_id)


def state_of(deposit: Deposit) -> str:
    return str(Deposit.objects.values_list("state", flat=True).get(pk=deposit.pk))


def requested(wallet: Wallet, amount: Money) -> Withdrawal:
    """A withdrawal that its client asked for."""
    with acting_as(Actor.client(wallet.client_id)):
        withdrawal_id = request_withdrawal(key=key(), client_id=wallet.client_id, wallet_id=wallet.pk, amount=amount)
    return Withdrawal.objects.get(pk=withdrawal_id)


def approve(withdrawal: Withdrawal, *, by: UUID | None = None) -> UUID:
    """One approval of the withdrawal's present plan; gives who gave it."""
    digest = Withdrawal.objects.values_list("plan_digest", flat=True).get(pk=withdrawal.pk)
    with staff(by) as user_id:
        approve_withdrawal(key=key(), reason="checked", withdrawal_id=withdrawal.pk, plan_digest=digest)
    return user_id

"""Money between wallets and trading: the giver decides, the receiver never refuses."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.db import transaction

from fintech.cells import Actor, CellContext, acting_as, alias_for, current_cell
from fintech.factlog.models import Parked
from fintech.factlog.reading import read_subject
from fintech.journal import Decision, Refusal
from fintech.journal.decisions import Request, deciding
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.transfer_codes import TransferCode
from payments.models import Wallet, WalletTransfer
from payments.services.transfers import send_to_trading
from payments.tests.scenes import balance, euros, funded, key, verified_client, wallet_of
from tests.relays import StepwiseRelay

RECEIVER = "payments.receive_from_trading"


def send(wallet: Wallet, amount: str, *, to: UUID | None = None) -> WalletTransfer:
    with acting_as(Actor.client(wallet.client_id)):
        transfer_id = send_to_trading(
            key=key(),
            client_id=wallet.client_id,
            wallet_id=wallet.pk,
            trading_account_id=to or uuid4(),
            amount=euros(amount),
        )
    return WalletTransfer.objects.get(pk=transfer_id)


def given_by_trading(
    client_id: UUID | None, minor: int, *, reference: UUID | None, currency: str = "EUR", code: TransferCode
) -> int:
    """A transfer of the trading book into its in-transit account, as trading's verbs post it."""
    request = Request("system:test", "test.give", key(), "system:test", "test", "")
    alias = alias_for("trading")
    with transaction.atomic(using=alias, durable=True), deciding(Decision(alias, request)) as decision:
        decision.begin()
        book = Book("trading")
        transit = book.house(HousePurpose.IN_TRANSIT_OUT, entity=1, currency=currency)
        payer = book.house(HousePurpose.IB_COMMISSION, entity=1, currency=currency)
        if client_id is not None:
            payer = book.open_account(client_id=client_id, kind=AccountKind.TRADING_CASH, currency=currency)
        transfer = book.post(debit=payer, credit=transit, amount=minor, code=code, reference=reference)
        decision.finish("done", None, b"")
    return transfer.id


def in_transit(concern: str, purpose: HousePurpose, currency: str = "EUR") -> int:
    book = Book(concern)
    return book.balance(book.house(purpose, entity=1, currency=currency)).posted


def suspense(client_id: UUID) -> int:
    book = Book("payments")
    accounts = [each for each in book.accounts_of(client_id) if each.kind is AccountKind.SUSPENSE]
    return sum(book.balance(each.number).posted for each in accounts)


def test_money_leaves_the_wallet_for_transit_and_names_its_account(eu: CellContext) -> None:
    wallet, account = funded(euros("100.00")), uuid4()
    before = in_transit("payments", HousePurpose.IN_TRANSIT_OUT)
    sent = send(wallet, "30.00", to=account)
    assert balance(wallet).posted == 7_000
    assert in_transit("payments", HousePurpose.IN_TRANSIT_OUT) == before + 3_000
    (transfer,) = Book("payments").latest(wallet.account_number, limit=1)
    assert (transfer.id, transfer.reference, transfer.code) == (
        sent.transfer_id,
        account,
        TransferCode.TO_TRADING_SENT,
    )


def test_no_more_than_is_available_leaves(eu: CellContext) -> None:
    wallet = funded(euros("10.00"))
    with pytest.raises(Refusal) as refused:
        send(wallet, "10.01")
    assert refused.value.code == "insufficient-funds"
    assert refused.value.params["available"] == {"amount": "10.00", "currency": "EUR"}
    with acting_as(Actor.client(stranger := verified_client())), pytest.raises(Refusal) as foreign:
        send_to_trading(
            key=key(), client_id=stranger, wallet_id=wallet.pk, trading_account_id=uuid4(), amount=euros("1.00")
        )
    assert foreign.value.code == "wallet-unknown"


def test_what_trading_sends_is_received_once_whatever_it_is_meant_for(
    fresh_eu: CellContext, relay_eu: StepwiseRelay
) -> None:
    wallet = wallet_of(verified_client())
    owner, stranger, nowhere, broker = wallet.client_id, verified_client(), uuid4(), uuid4()
    sent, payout = TransferCode.TO_WALLET_SENT, TransferCode.IB_PAYOUT
    given = [
        given_by_trading(owner, 5_000, reference=wallet.pk, code=sent),
        given_by_trading(stranger, 700, reference=wallet.pk, code=sent),
        given_by_trading(owner, 60, reference=nowhere, code=sent),
        given_by_trading(owner, 9, reference=wallet.pk, currency="USD", code=sent),
        given_by_trading(None, 810, reference=broker, code=payout),
        given_by_trading(None, 270, reference=broker, code=payout),
    ]
    relay_eu.run_until_idle()
    assert balance(wallet).posted == 5_000
    assert (suspense(stranger), suspense(owner)) == (700, 69)
    brokers = Wallet.objects.get(client_id=broker)
    assert (balance(brokers).posted, brokers.entity) == (1_080, "eu-main")
    assert list(brokers.transfers.values_list("cause", "source_transfer_id").order_by("transfer_id")) == [
        ("commission", given[4]),
        ("commission", given[5]),
    ]
    why = [fact.data["why"] for fact in read_subject("payments", ("client", str(owner)), after_seq=0, limit=9)]
    assert why == ["unknown-wallet", "other-currency"]
    for currency in ("EUR", "USD"):
        assert in_transit("trading", HousePurpose.IN_TRANSIT_OUT, currency) == -in_transit(
            "payments", HousePurpose.IN_TRANSIT_IN, currency
        )
    relay_eu.run_until_idle()
    assert balance(wallet).posted == 5_000
    assert Book("payments").replay().agrees
    assert current_cell().name == "eu"


def test_money_of_which_trading_says_neither_whose_nor_what_for_stays_in_transit_and_is_shown(
    fresh_eu: CellContext, relay_eu: StepwiseRelay
) -> None:
    before = in_transit("payments", HousePurpose.IN_TRANSIT_IN)
    given_by_trading(None, 500, reference=None, code=TransferCode.IB_PAYOUT)
    relay_eu.run_until_idle()
    parked = Parked.objects.using(alias_for("payments")).get(follower=RECEIVER, resolved_at=None)
    assert "neither whose money it is nor what for" in parked.error
    assert in_transit("payments", HousePurpose.IN_TRANSIT_IN) == before

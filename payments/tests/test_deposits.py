"""Deposits: what may be paid in, through the real local PSP, and back out when the payer takes it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client import REGISTRY

from fintech.cells import Actor, CellContext, acting_as
from fintech.factlog.reading import read_subject
from fintech.journal import Refusal
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.privacy.sealing import unseal
from payments.models import Deposit, PaymentSource, Withdrawal
from payments.selectors.deposits import contract_began_at
from payments.services.deposits import begin_deposit, open_page, refuse_before_verification
from payments.tests.sandbox_process import Receiver, SandboxProcess
from payments.tests.scenes import (
    Message,
    approve,
    balance,
    begun,
    clearing,
    deliver,
    euros,
    event_of,
    funded,
    key,
    registered,
    requested,
    state_of,
    told,
    verified_client,
    verify,
    wallet_of,
    work,
)

pytestmark = pytest.mark.usefixtures("eu")


def test_a_deposit_is_paid_on_the_psps_page_and_settles(psp: SandboxProcess, settings: object) -> None:
    wallet = wallet_of(verified_client())
    with Receiver() as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])
        settings.FINTECH_PSPS = {"sandbox": {"url": psp.url, "webhook_port": port}}  # type: ignore[attr-defined]
        deposit = open_page(begun(wallet, euros("120.50")))
        assert deposit.page_url
        httpx.post(deposit.page_url, data={"method": "card", "card_number": "4242424242424242"}, trust_env=False)
        (received,) = receiver.wait_for("deposit.settled")
    assert deliver(Message(received.headers, received.body)).status_code == 200
    work()
    assert (state_of(deposit), balance(wallet).posted) == ("settled", 12_050)
    source = PaymentSource.objects.get(client_id=wallet.client_id)
    assert unseal("payments", bytes(source.display_sealed)) == "card ending 4242"


def test_the_reference_carries_the_cell(eu: CellContext) -> None:
    deposit = begun(wallet_of(verified_client()), euros("5.00"))
    assert re.fullmatch(r"eu-[0-9a-f-]{36}", deposit.reference)


def test_a_page_that_couldnt_be_opened_is_asked_for_again_and_there_is_one(psp: SandboxProcess) -> None:
    deposit = begun(wallet_of(verified_client()), euros("5.00"))
    psp.stop()
    try:
        assert open_page(deposit).page_url is None
        assert state_of(deposit) == "requested"
    finally:
        psp.start()
    psp.misbehave(lose_answer=True)
    assert open_page(deposit).page_url is None
    psp.misbehave(settle_delay_ms=50)
    page = open_page(deposit).page_url
    assert page
    assert open_page(Deposit.objects.get(pk=deposit.pk)).page_url == page


def test_before_verification_the_rule_decides() -> None:
    client_id = registered()
    wallet = wallet_of(client_id)
    begun(wallet, euros("1500.00"), "bank_transfer")
    with pytest.raises(Refusal) as above:
        begun(wallet, euros("500.01"), "bank_transfer")
    assert above.value.code == "limit-before-verification"
    assert above.value.params["rule"] == "eu/pre_verification_deposits/2025-07-09"
    assert above.value.params["threshold"] == "2000.00 EUR"
    with pytest.raises(Refusal) as card:
        begun(wallet, euros("1.00"), "card")
    assert card.value.code == "only-own-bank-account-before-verification"
    begun(wallet, euros("500.00"), "bank_transfer")
    verify(client_id)
    assert not begun(wallet, euros("5000.00"), "card").bank_only


def test_the_term_before_verification_counts_from_the_contract() -> None:
    """K1: day 1 is the day after it, and from day 16 on nothing more is taken."""
    client_id = registered()
    began = contract_began_at(client_id)
    assert began is not None
    assert abs(datetime.now(UTC) - began) < timedelta(minutes=5)
    wallet = wallet_of(client_id)
    last, over = began + timedelta(days=15), began + timedelta(days=16)
    refuse_before_verification(wallet, euros("10.00"), "bank_transfer", "low", last)
    with pytest.raises(Refusal) as refused:
        refuse_before_verification(wallet, euros("10.00"), "bank_transfer", "low", over)
    assert (refused.value.code, refused.value.params["threshold"]) == ("verification-term-over", "15 days")


def test_a_card_used_after_all_before_verification_waits_for_a_person() -> None:
    deposit = begun(wallet_of(registered()), euros("100.00"), "bank_transfer")
    source = {"kind": "card", "token": "card_" + key(), "display": "card ending 4242"}
    event = event_of(deliver(told(deposit, "deposit.settled", source=source)))
    work()
    event.refresh_from_db()
    assert (event.state, event.why, state_of(deposit)) == ("review", "not-from-a-bank-account", "requested")
    deliver(told(deposit, "deposit.settled"))
    work()
    assert state_of(deposit) == "settled"


def test_the_businesss_numbers_count_a_settlement_once_and_no_other_word_of_the_provider() -> None:
    def counted() -> tuple[float | None, float | None]:
        labels = {"cell": "eu", "currency": "EUR"}
        return (
            REGISTRY.get_sample_value("fintech_deposits_settled_total", labels),
            REGISTRY.get_sample_value("fintech_deposits_settled_minor_total", labels),
        )

    deposit = begun(wallet_of(verified_client()), euros("100.00"), "card")
    deliver(told(deposit, "deposit.pending"))
    work()
    before = [value or 0.0 for value in counted()]
    for _ in range(2):
        deliver(told(deposit, "deposit.settled"))
        work()
    assert counted() == (before[0] + 1, before[1] + 10_000)


def test_another_clients_wallet_and_another_currency_are_refused() -> None:
    wallet, stranger = wallet_of(verified_client()), verified_client()
    with acting_as(Actor.client(stranger)), pytest.raises(Refusal) as foreign:
        begin_deposit(key=key(), client_id=stranger, wallet_id=wallet.pk, amount=euros("1.00"), method="card")
    assert foreign.value.code == "wallet-unknown"
    from fintech.ledger.money import Money

    with pytest.raises(Refusal) as currency:
        begun(wallet, Money.of("1.00", "USD"))
    assert currency.value.code == "currency-differs"


def test_a_failed_and_an_expired_deposit_end_without_money() -> None:
    wallet = wallet_of(verified_client())
    failed, expired = begun(wallet, euros("5.00")), begun(wallet, euros("6.00"))
    deliver(told(failed, "deposit.failed", failure_code="card-declined"))
    deliver(told(expired, "deposit.failed", failure_code="expired"))
    work()
    assert (state_of(failed), state_of(expired)) == ("failed", "expired")
    assert balance(wallet).posted == 0
    last = read_subject("payments", ("deposit", str(failed.pk)), after_seq=1, limit=5)[-1]
    assert last.data["code"] == "card-declined"


def test_a_chargeback_takes_what_is_there_cancels_what_isnt_sent_and_the_rest_is_debt() -> None:
    client_id = verified_client()
    wallet = funded(euros("100.00"), client_id=client_id)
    funded(euros("40.00"), client_id=client_id)
    sent, unsent = requested(wallet, euros("70.00")), requested(wallet, euros("50.00"))
    approve(sent)
    from payments.services.payouts import begin_payout

    begin_payout(key=key(), payout_id=sent.payouts.get().pk)
    before = clearing()
    deposit = wallet.deposits.get(amount_minor=10_000)
    deliver(told(deposit, "chargeback.opened"))
    deliver(told(deposit, "chargeback.opened"))
    work()
    assert state_of(deposit) == "charged_back"
    found = {each.pk: each.state for each in Withdrawal.objects.filter(wallet=wallet)}
    assert found == {sent.pk: "sending", unsent.pk: "cancelled"}
    assert (balance(wallet).posted, balance(wallet).held) == (7_000, 7_000)
    book = Book("payments")
    (debt,) = [account for account in book.accounts_of(client_id) if account.kind is AccountKind.DEBT]
    assert book.balance(debt.number).posted == -3_000
    assert clearing() == before + 10_000


def test_books_agree(eu: CellContext) -> None:
    assert Book("payments").replay().agrees

"""The back office of payments: four eyes on what goes out, and a person for what a PSP says and nobody can apply."""

from __future__ import annotations

import re

import pytest

from crm.tests.portal import BackOffice
from fintech.cells import CellContext
from payments.models import PspEvent, Withdrawal
from payments.tests.scenes import (
    balance,
    begun,
    deliver,
    euros,
    event_of,
    funded,
    requested,
    told,
    verified_client,
    wallet_of,
    work,
)


@pytest.fixture
def office(eu: CellContext) -> BackOffice:
    return BackOffice("payments")


def digest_in(office: BackOffice, path: str) -> str:
    found = re.search(rb'name="plan_digest" value="([0-9a-f]{64})"', office.get(path).content)
    assert found
    return found[1].decode()


def page(withdrawal: Withdrawal, action: str = "") -> str:
    return f"payments/withdrawal/{withdrawal.pk}/" + (f"do/{action}/" if action else "change/")


def approve(office: BackOffice, withdrawal: Withdrawal) -> bytes:
    path = page(withdrawal, "approve")
    response = office.do(path, reason="checked", plan_digest=digest_in(office, path))
    return bytes(response.content) if response.status_code != 302 else b""


def state(withdrawal: Withdrawal) -> str:
    return str(Withdrawal.objects.values_list("state", flat=True).get(pk=withdrawal.pk))


def test_above_the_threshold_the_maker_cant_approve_and_two_others_must(office: BackOffice) -> None:
    wallet = funded(euros("20000.00"))
    response = office.do(f"payments/wallet/{wallet.pk}/do/request-withdrawal/", reason="by phone", amount="12000.00")
    assert response.status_code == 302
    withdrawal = Withdrawal.objects.get(wallet=wallet)
    assert withdrawal.maker_id == office.user_id
    shown = office.get(page(withdrawal)).content.decode()
    assert "12,000.00 EUR</span> to card ending 4242" in shown
    assert "0 of 2" in shown
    assert b"maker-is-never-checker" in approve(office, withdrawal)
    first, second = BackOffice("payments"), BackOffice("payments")
    assert approve(first, withdrawal) == b""
    assert b"already-approved-by-this-person" in approve(first, withdrawal)
    assert state(withdrawal) == "requested"
    assert approve(second, withdrawal) == b""
    assert state(withdrawal) == "approved"


def test_a_rejection_needs_a_reason_and_releases_the_money(office: BackOffice) -> None:
    wallet = funded(euros("50.00"))
    withdrawal = requested(wallet, euros("50.00"))
    assert office.do(page(withdrawal, "reject"), reason="").status_code == 400
    assert office.do(page(withdrawal, "reject"), reason="the name differs").status_code == 302
    assert (state(withdrawal), balance(wallet).available) == ("rejected", 5_000)


def test_support_sees_and_decides_nothing(office: BackOffice) -> None:
    withdrawal = requested(funded(euros("50.00")), euros("50.00"))
    support = BackOffice("support")
    assert b"Approve" not in support.get(page(withdrawal)).content
    assert support.get(page(withdrawal)).status_code == 200
    assert support.get(page(withdrawal, "approve")).status_code == 403


def test_a_message_in_review_is_decided_on_with_a_reason(office: BackOffice) -> None:
    deposit = begun(wallet_of(verified_client()), euros("10.00"))
    event = event_of(deliver(told(deposit, "deposit.settled", amount_minor=900)))
    work()
    path = f"payments/pspevent/{event.pk}/"
    shown = office.get(f"{path}change/").content.decode()
    assert "amount-differs" in shown
    assert "9.00 EUR" in shown
    assert "card ending" not in shown
    assert deposit.reference in shown
    assert office.do(f"{path}do/dismiss/", reason="the PSP was wrong").status_code == 302
    assert PspEvent.objects.get(pk=event.pk).state == "dismissed"
    history = office.get(f"{path}history/").content.decode()
    assert "the PSP was wrong" in history


@pytest.mark.parametrize(
    "listing", ["withdrawal", "payout", "deposit", "wallet", "paymentsource", "pspevent", "wallettransfer"]
)
def test_each_list_shows_and_says_as_of_when(office: BackOffice, listing: str) -> None:
    response = office.get(f"payments/{listing}/")
    assert response.status_code == 200
    assert b"s of" in response.content


def test_the_home_page_says_what_waits(office: BackOffice) -> None:
    requested(funded(euros("50.00")), euros("50.00"))
    home = office.get("").content.decode()
    assert "Withdrawals to approve" in home
    assert "PSP messages to review" in home


def test_balances_in_the_back_office_are_the_ledgers(office: BackOffice) -> None:
    wallet = funded(euros("50.00"))
    requested(wallet, euros("20.00"))
    shown = office.get(f"payments/wallet/{wallet.pk}/change/").content.decode()
    for amount in ("50.00 EUR", "20.00 EUR", "30.00 EUR"):
        assert amount in shown


@pytest.mark.parametrize("asked", ["abc", "0190b5a0-0000-7000-8000-000000000000", "' OR 1=1"])
def test_a_search_for_whatever_is_typed_answers(office: BackOffice, asked: str) -> None:
    for listing in ("withdrawal", "wallet", "deposit", "pspevent"):
        assert office.get(f"payments/{listing}/?q={asked}").status_code == 200

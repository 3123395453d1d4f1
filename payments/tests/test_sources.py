"""Cards and bank accounts: who says that one is the client's own, and of which."""

from __future__ import annotations

from uuid import uuid4

import pytest

from fintech.cells import Actor, acting_as
from fintech.journal import Refusal
from payments.models import PaymentSource
from payments.services.sources import close_source, verify_bank_account
from payments.tests.scenes import begun, deliver, euros, funded, key, staff, told, verified_client, wallet_of, work

pytestmark = pytest.mark.usefixtures("eu")


def test_staff_verify_a_bank_account_that_paid_in() -> None:
    wallet = wallet_of(verified_client())
    deliver(told(begun(wallet, euros("20.00"), "bank_transfer"), "deposit.settled"))
    work()
    account = PaymentSource.objects.get(client_id=wallet.client_id)
    with acting_as(Actor.client(wallet.client_id)), pytest.raises(Refusal) as own:
        verify_bank_account(key=key(), reason="mine", source_id=account.pk)
    assert own.value.code == "only-staff"
    with staff() as somebody:
        verify_bank_account(key=key(), reason="statement seen", source_id=account.pk)
    account.refresh_from_db()
    assert account.verified_by == somebody


def test_a_card_is_no_account_for_what_came_from_elsewhere() -> None:
    card = PaymentSource.objects.get(client_id=funded(euros("20.00")).client_id)
    with staff(), pytest.raises(Refusal) as refused:
        verify_bank_account(key=key(), reason="statement seen", source_id=card.pk)
    assert refused.value.code == "not-a-bank-account"
    card.refresh_from_db()
    assert card.verified_at is None


def test_a_source_that_nobody_paid_from_is_unknown() -> None:
    for decide in (verify_bank_account, close_source):
        with staff(), pytest.raises(Refusal) as refused:
            decide(key=key(), reason="x", source_id=uuid4())
        assert refused.value.code == "source-unknown"

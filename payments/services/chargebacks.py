"""Chargebacks: the payer takes the money back, whatever has become of it here.

What is available goes; withdrawals that no PSP has heard of are cancelled for it; the rest is the client's debt, shown
and never hidden.
"""

from __future__ import annotations

from fintech.factlog import record
from fintech.facts.payments import DepositChargedBack
from fintech.ledger.book import Book
from fintech.ledger.claw_back import claw_back
from fintech.ledger.house_accounts import HousePurpose
from payments.models import Deposit, Withdrawal
from payments.rules.states import UNSENT
from payments.services.deposits import mark_charged_back
from payments.services.wallets import house, locked_wallet
from payments.services.withdrawals import end_unsent


def charge_back(deposit: Deposit) -> None:
    """Take a settled deposit back, whole. Locks the wallet and its withdrawals that aren't sent."""
    wallet = locked_wallet(deposit.wallet_id)
    unsent = list(
        Withdrawal.objects.select_for_update(no_key=True)
        .filter(wallet=wallet, state__in=UNSENT)
        .order_by("-requested_at", "-id")
    )
    done = claw_back(
        Book("payments"),
        account=wallet.account_number,
        amount=deposit.amount_minor,
        credit=house(HousePurpose.PSP_CLEARING, wallet),
        unsent_holds=[withdrawal.hold_id for withdrawal in unsent],
    )
    cancelled = [withdrawal for withdrawal in unsent if withdrawal.hold_id in done.cancelled_holds]
    for withdrawal in cancelled:
        end_unsent(withdrawal, "cancelled", why="chargeback")
    mark_charged_back(deposit)
    record(
        DepositChargedBack(
            deposit_id=deposit.id,
            client_id=deposit.client_id,
            wallet_id=wallet.id,
            taken_minor=done.taken,
            owed_minor=done.owed,
            currency=deposit.currency,
            cancelled_withdrawals=tuple(withdrawal.id for withdrawal in cancelled),
        ),
        subject=("deposit", deposit.id),
    )

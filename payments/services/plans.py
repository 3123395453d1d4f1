"""The plan of a withdrawal: which source gets how much. It's kept as payouts that are planned but not yet sent."""

from __future__ import annotations

from uuid import UUID

from fintech.cells.identifiers import uuid7
from fintech.journal import inside_decision
from fintech.ledger.money import Money
from payments.models import PaymentSource, Payout, Wallet, Withdrawal
from payments.rules.return_to_source import NoDestination, ReturnPlan, plan_return
from payments.selectors.sources import sources_in_currency, verified_bank_account
from payments.services import refusals
from payments.services.references import reference_of


def make_plan(wallet: Wallet, amount: Money, *, withdrawal_id: UUID) -> ReturnPlan:
    """Plan a withdrawal by where the client's money came from. Needs the wallet's lock.

    Refuses where a rest needs a verified bank account and there is none.
    """
    inside_decision("payments")
    try:
        return plan_return(
            amount,
            withdrawal_id=withdrawal_id,
            sources=sources_in_currency(wallet.client_id, wallet.currency, but_not=withdrawal_id),
            bank_account_id=verified_bank_account(wallet.client_id),
        )
    except NoDestination as nowhere:
        raise refusals.no_destination(nowhere.remainder) from None


def keep_plan(withdrawal: Withdrawal, plan: ReturnPlan) -> None:
    """Write the plan's payouts in place of those of the plan before."""
    now = inside_decision("payments").recorded_at
    drop_planned(withdrawal)
    providers = dict(
        PaymentSource.objects.filter(pk__in=[leg.destination_id for leg in plan.legs]).values_list("pk", "psp")
    )
    for number, leg in enumerate(plan.legs, 1):
        payout_id = uuid7()
        Payout.objects.create(
            id=payout_id,
            withdrawal=withdrawal,
            plan_number=withdrawal.plan_number,
            number=number,
            destination_id=leg.destination_id,
            psp=providers[leg.destination_id],
            reference=reference_of(payout_id),
            amount_minor=leg.amount.minor,
            currency=withdrawal.currency,
            state_since=now,
        )


def drop_planned(withdrawal: Withdrawal) -> None:
    """Nothing comes of the payouts that are planned."""
    now = inside_decision("payments").recorded_at
    withdrawal.payouts.filter(state="planned").update(state="dropped", state_since=now)

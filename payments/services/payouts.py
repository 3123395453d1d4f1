"""Payouts: each part of an approved plan is sent through its PSP once, and ends paid or returned by the PSP's word.

`begin_payout`, then the PSP is asked, then one of the `record_…` verbs. When nobody knows whether the PSP has acted,
the state is unknown: from there only the PSP's own word leads on, by an answer or a message, and no time-out releases
money.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from fintech.cells import Actor, acting_as
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.payments import (
    PayoutBegun,
    PayoutNotSent,
    PayoutOutcomeUnknown,
    PayoutPaid,
    PayoutReturned,
    WithdrawalPaid,
    WithdrawalReturned,
    WithdrawalSent,
)
from fintech.journal import Refusal, inside_decision, verb
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.transfer_codes import TransferCode
from payments.models import Payout, Withdrawal
from payments.psps.deployment import provider, webhook_url
from payments.psps.protocol import (
    NothingSent,
    NotKnownToProvider,
    OutcomeUnknown,
    PayoutState,
    PayoutStatus,
    ProviderRefused,
)
from payments.rules.patience import may_ask
from payments.rules.states import withdrawal_state
from payments.services.standing import standing_of
from payments.services.wallets import house
from payments.services.withdrawals import locked_withdrawal, move, require_sendable

logger = logging.getLogger(__name__)

_MEANS = {
    PayoutState.ACCEPTED: "sent",
    PayoutState.SENT: "sent",
    PayoutState.PAID: "paid",
    PayoutState.FAILED: "returned",
}


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What the PSP is to be asked; `destination` is its own name for a card or account."""

    payout_id: UUID
    psp: str
    reference: str
    amount_minor: int
    currency: str
    destination: str
    entity: str
    attempt: int


def send_withdrawal(withdrawal_id: UUID) -> None:
    """Send every payout of an approved withdrawal that is planned. Safe to run twice, and at once."""
    planned = Payout.objects.filter(withdrawal_id=withdrawal_id, state="planned").order_by("number")
    client_id = Withdrawal.objects.values_list("client_id", flat=True).get(pk=withdrawal_id)
    if standing_of(client_id).status != "active":
        # It waits for as long as the client is suspended, and needs no refusal on record every two seconds.
        return
    for payout_id in list(planned.values_list("pk", flat=True)):
        with acting_as(Actor.system("payouts")):
            try:
                # A key of its own for each try: whether it may be sent is decided anew, under the row's lock.
                begun = begin_payout(key=str(uuid7()), payout_id=payout_id)
            except Refusal as refusal:
                logger.info("a payout isn't sent now", extra={"code": refusal.code, "payout": str(payout_id)})
                continue
            _send(begun)


def ask_about_payout(payout_id: UUID) -> None:
    """Ask the PSP about a payout whose outcome is unknown, or of which nothing was heard for long."""
    payout = Payout.objects.get(pk=payout_id)
    with acting_as(Actor.psp(payout.psp)):
        if not begin_question(key=str(uuid7()), payout_id=payout_id):
            return
        try:
            status = provider(payout.psp).ask_payout(reference=payout.reference, destination=payout.destination.token)
        except NotKnownToProvider:
            # It didn't arrive so far. Sent again under the same key it pays once, even if it does arrive.
            record_not_sent(key=f"unheard:{payout_id}:{payout.attempts}", payout_id=payout_id)
        except (NothingSent, OutcomeUnknown, ProviderRefused) as error:
            logger.warning("the PSP doesn't answer", extra={"psp": payout.psp, "error": type(error).__name__})
            record_outcome_unknown(key=f"unknown:{payout_id}:{payout.attempts}", payout_id=payout_id)
        else:
            _record_status(payout_id, status)


@verb("payments")
def begin_payout(*, key: str, payout_id: UUID) -> Begun:
    """Note that the PSP is about to be asked to pay. Refuses what isn't planned, or may not be sent.

    Reads the client's standing from crm's primary. Records PayoutBegun.
    """
    withdrawal, payout = _locked(payout_id)
    if payout.state != "planned":
        raise Refusal("payout-under-way", "This payout has been begun.", rule="sent-once", state=payout.state)
    require_sendable(withdrawal)
    payout.attempts += 1
    move_payout(payout, "sending", "attempts")
    _follow_payouts(withdrawal)
    record(
        PayoutBegun(
            withdrawal_id=withdrawal.id,
            payout_id=payout_id,
            psp=payout.psp,
            reference=payout.reference,
            attempt=payout.attempts,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
        ),
        subject=("withdrawal", withdrawal.id),
    )
    return Begun(
        payout_id=payout_id,
        psp=payout.psp,
        reference=payout.reference,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        destination=payout.destination.token,
        entity=withdrawal.wallet.entity,
        attempt=payout.attempts,
    )


@verb("payments")
def begin_question(*, key: str, payout_id: UUID) -> bool:
    """Note that the PSP is about to be asked about a payout; false when there is nothing to ask, or it just was."""
    _, payout = _locked(payout_id)
    now = inside_decision("payments").recorded_at
    if not may_ask(payout.state, asked_at=payout.asked_at, now=now):
        return False
    payout.asked_at = now
    payout.save(update_fields=["asked_at"])
    return True


@verb("payments")
def record_payout_state(*, key: str, payout_id: UUID, state: str, psp_reference: str, failure_code: str = "") -> UUID:
    """Keep the PSP's word on a payout: `sent`, `paid` or `returned`. What is known already, or later, stands."""
    withdrawal, payout = _locked(payout_id)
    apply_word(withdrawal, payout, state, psp_reference=psp_reference, failure_code=failure_code)
    return payout_id


@verb("payments")
def record_outcome_unknown(*, key: str, payout_id: UUID) -> UUID:
    """Note that nobody knows whether the PSP has acted. The hold stays. Records PayoutOutcomeUnknown."""
    withdrawal, payout = _locked(payout_id)
    if payout.state == "sending":
        move_payout(payout, "unknown")
        _follow_payouts(withdrawal)
        record(
            PayoutOutcomeUnknown(withdrawal_id=withdrawal.id, payout_id=payout_id),
            subject=("withdrawal", withdrawal.id),
        )
    return payout_id


@verb("payments")
def record_not_sent(*, key: str, payout_id: UUID) -> UUID:
    """Note that the PSP certainly hasn't acted: the payout is planned again. Records PayoutNotSent."""
    withdrawal, payout = _locked(payout_id)
    if payout.state in ("sending", "unknown"):
        move_payout(payout, "planned")
        _follow_payouts(withdrawal)
        record(
            PayoutNotSent(withdrawal_id=withdrawal.id, payout_id=payout_id),
            subject=("withdrawal", withdrawal.id),
        )
    return payout_id


def apply_word(
    withdrawal: Withdrawal, payout: Payout, state: str, *, psp_reference: str | None, failure_code: str
) -> None:
    """Move a payout, whose withdrawal is under lock, to where the PSP says it is; never back."""
    order = {"planned": 0, "sending": 0, "unknown": 0, "sent": 1, "paid": 2, "returned": 2, "dropped": 2}
    if order[state] <= order[payout.state]:
        return
    if psp_reference and not payout.psp_reference:
        payout.psp_reference = psp_reference
    if state == "paid":
        _pay(withdrawal, payout)
    elif state == "returned":
        _give_back(withdrawal, payout, failure_code)
    else:
        move_payout(payout, "sent", "psp_reference")
    _follow_payouts(withdrawal)


def move_payout(payout: Payout, state: str, *changed: str) -> None:
    """Write another state, and since when; `changed` are further columns to write."""
    payout.state = state
    payout.state_since = inside_decision("payments").recorded_at
    payout.save(update_fields=["state", "state_since", *changed])


def _send(begun: Begun) -> None:
    outcome_key = f"{begun.payout_id}:{begun.attempt}"
    with acting_as(Actor.psp(begun.psp)):
        try:
            status = provider(begun.psp).send_payout(
                reference=begun.reference,
                amount_minor=begun.amount_minor,
                currency=begun.currency,
                destination=begun.destination,
                webhook_url=webhook_url(begun.psp, entity=begun.entity),
                idempotency_key=str(begun.payout_id),
            )
        except OutcomeUnknown:
            record_outcome_unknown(key=f"unknown:{outcome_key}", payout_id=begun.payout_id)
        except NothingSent:
            record_not_sent(key=f"unsent:{outcome_key}", payout_id=begun.payout_id)
        except ProviderRefused as refused:
            # The PSP's definite no: nothing happened and nothing will.
            record_payout_state(
                key=f"refused:{outcome_key}",
                payout_id=begun.payout_id,
                state="returned",
                psp_reference="",
                failure_code=refused.code[:80],
            )
        else:
            _record_status(begun.payout_id, status)


def _record_status(payout_id: UUID, status: PayoutStatus) -> None:
    payout = Payout.objects.get(pk=payout_id)
    if (status.amount_minor, status.currency) != (payout.amount_minor, payout.currency):
        # It says something of another payment: nothing is concluded from it, and the bell asks again.
        logger.error("a PSP's answer contradicts the payout", extra={"payout": str(payout_id)})
        return
    state = _MEANS[status.state]
    record_payout_state(
        key=f"{state}:{payout_id}",
        payout_id=payout_id,
        state=state,
        psp_reference=status.psp_reference,
        failure_code=(status.failure_code or "")[:80],
    )


def _locked(payout_id: UUID) -> tuple[Withdrawal, Payout]:
    """A payout and its withdrawal, the latter's row under lock: it stands for all of its payouts."""
    withdrawal = locked_withdrawal(Payout.objects.values_list("withdrawal_id", flat=True).get(pk=payout_id))
    return withdrawal, Payout.objects.select_related("destination").get(pk=payout_id)


def _pay(withdrawal: Withdrawal, payout: Payout) -> None:
    transfer = Book("payments").post_hold(
        withdrawal.hold_id,
        credit=house(HousePurpose.PSP_CLEARING, withdrawal.wallet),
        amount=payout.amount_minor,
        code=TransferCode.WITHDRAWAL,
        reference=payout.id,
    )
    payout.transfer_id = transfer.id
    move_payout(payout, "paid", "transfer_id", "psp_reference")
    record(
        PayoutPaid(
            withdrawal_id=withdrawal.id,
            payout_id=payout.id,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            transfer_id=transfer.id,
        ),
        subject=("withdrawal", withdrawal.id),
    )


def _give_back(withdrawal: Withdrawal, payout: Payout, failure_code: str) -> None:
    Book("payments").release_hold(withdrawal.hold_id, amount=payout.amount_minor)
    payout.failure_code = failure_code or "returned"
    move_payout(payout, "returned", "failure_code", "psp_reference")
    record(
        PayoutReturned(
            withdrawal_id=withdrawal.id,
            payout_id=payout.id,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            code=payout.failure_code,
        ),
        subject=("withdrawal", withdrawal.id),
    )


def _follow_payouts(withdrawal: Withdrawal) -> None:
    """Let the withdrawal's state follow from its payouts', and tell what is news."""
    payouts = list(withdrawal.payouts.exclude(state="dropped").values_list("state", "amount_minor"))
    before, now = withdrawal.state, withdrawal_state(state for state, _ in payouts)
    if now == before:
        return
    move(withdrawal, now)
    subject = ("withdrawal", withdrawal.id)
    if now == "sent":
        record(WithdrawalSent(withdrawal_id=withdrawal.id, client_id=withdrawal.client_id), subject=subject)
    elif now == "paid":
        record(
            WithdrawalPaid(
                withdrawal_id=withdrawal.id,
                client_id=withdrawal.client_id,
                amount_minor=withdrawal.amount_minor,
                currency=withdrawal.currency,
            ),
            subject=subject,
        )
    elif now in ("returned", "partly_returned"):
        amounts = {kind: sum(amount for state, amount in payouts if state == kind) for kind in ("returned", "paid")}
        record(
            WithdrawalReturned(
                withdrawal_id=withdrawal.id,
                client_id=withdrawal.client_id,
                returned_minor=amounts["returned"],
                paid_minor=amounts["paid"],
                currency=withdrawal.currency,
            ),
            subject=subject,
        )

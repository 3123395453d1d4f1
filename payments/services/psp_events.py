"""Messages of PSPs that are stored (psp_event_storing): applied, and decided on by a person if need be.

However often a message comes it has one effect.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from fintech.cells import Actor, acting_as, current_cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.factlog import record
from fintech.facts.payments import PspEventInReview, PspEventReviewed
from fintech.journal import Refusal, inside_decision, verb
from fintech.observability.metrics import histogram
from payments.models import Deposit, Payout, PspEvent
from payments.psps.deployment import provider
from payments.psps.protocol import (
    NothingSent,
    NotKnownToProvider,
    OutcomeUnknown,
    ProviderRefused,
)
from payments.psps.registry import UnknownProvider
from payments.rules.psp_events import (
    EventFacts,
    Paid,
    Verdict,
    judge_deposit,
    judge_payout,
    mismatch,
    paid_from,
    subject_of,
)
from payments.selectors.psp_events import deposit_of_message, facts_of_event
from payments.services.chargebacks import charge_back
from payments.services.deposits import fail, locked_deposit, pend, settle
from payments.services.payouts import apply_word
from payments.services.psp_event_storing import body_of
from payments.services.sources import acting_staff
from payments.services.withdrawals import locked_withdrawal

logger = logging.getLogger(__name__)

_seconds = histogram(
    "fintech_webhook_applied_seconds",
    "Time from the receipt of a PSP's message until it was applied, ignored or given to a person.",
    ("cell", "psp", "outcome"),
)

_OPEN = ("stored", "waiting", "review")
_ENDS = {"act": "applied", "ignore": "ignored", "wait": "waiting", "review": "review"}


@dataclass(frozen=True, kw_only=True)
class AppliedEvent:
    """What came of a message: its state and the reason."""

    psp_event_id: UUID
    state: str
    why: str


_event = PreparedLookUp(lambda psp_event_id: PspEvent.objects.filter(pk=psp_event_id))
_event_for_update = PreparedLookUp(
    lambda psp_event_id: PspEvent.objects.select_for_update(no_key=True).filter(pk=psp_event_id)
)


def apply(psp_event_id: UUID, *, again: bool = False) -> AppliedEvent:
    """Apply a stored message as its PSP. One that is decided already stays so; `again` goes through it once more.

    Going through it again changes nothing that has been done: state only moves forward.
    """
    event = _event.get(psp_event_id)
    if event.state != "stored" and not again:
        return AppliedEvent(psp_event_id=event.id, state=event.state, why=event.why)
    with acting_as(Actor.psp(event.psp)):
        try:
            paid = _source_asked_for(event)
        except (NothingSent, OutcomeUnknown) as error:
            # It stays as it is, and the bell has it tried again.
            logger.warning("a PSP doesn't say what was paid with", extra={"psp": event.psp, "error": str(error)})
            return AppliedEvent(psp_event_id=event.id, state=event.state, why=event.why)
        key = f"{event.id}:{uuid7() if again else event.attempts}{f':{paid.token}' if paid else ''}"
        applied = apply_psp_event(key=key, psp_event_id=event.id, paid=paid)
    if event.state == "stored":
        waited = (datetime.now(UTC) - event.received_at).total_seconds()
        _seconds.labels(cell=current_cell().name, psp=event.psp, outcome=applied.state).observe(waited)
    return applied


@verb("payments")
def apply_psp_event(*, key: str, psp_event_id: UUID, paid: Paid | None = None) -> AppliedEvent:
    """Do what a message says, if the payment's state lets it: act, ignore, wait for its payment, or ask a person.

    `paid` is what a deposit was paid with, where the PSP had to be asked because its messages don't say.
    Locks the deposit, or the withdrawal of the payout, and then the message. Records what is done, or PspEventInReview.
    """
    decision = inside_decision("payments")
    unlocked = _event.get(psp_event_id)
    target = _target(unlocked)
    event = _event_for_update.get(psp_event_id)
    if event.type == "deposit.settled" and paid is None:
        paid = paid_from(body_of(event))
    verdict = _judge(event, target, paid)
    if verdict.step == "act":
        verdict = _try_to_act(event, target, verdict, paid)
    if event.state not in _OPEN:
        # Gone through again: what stands about the message stays, whatever is found now.
        return AppliedEvent(psp_event_id=event.id, state=event.state, why=event.why)
    event.state = _ENDS[verdict.step]
    event.why = verdict.why
    event.attempts += 1
    event.state_since = decision.recorded_at
    event.save(update_fields=["state", "why", "attempts", "state_since"])
    if event.state == "review" and unlocked.state != "review":
        record(
            PspEventInReview(psp_event_id=event.id, psp=event.psp, why=event.why),
            subject=("psp_event", event.id),
        )
    return AppliedEvent(psp_event_id=event.id, state=event.state, why=event.why)


@verb("payments")
def review_psp_event(*, key: str, reason: str, psp_event_id: UUID, decision: Literal["apply-again", "dismiss"]) -> UUID:
    """Decide, as a staff member, on a message that couldn't be applied: try it again, or leave it at that.

    A reason is needed either way. Records PspEventReviewed; the message stays in the database.
    """
    acting_staff("decide on messages of PSPs")
    if not reason.strip():
        raise Refusal("reason-required", "A decision needs a reason.", status=422, rule="review-with-reason")
    event = _event_for_update.first(psp_event_id)
    if event is None or event.state != "review":
        raise Refusal("nothing-to-review", "This message doesn't wait for a person.", rule="review-queue")
    why = event.why
    event.state = "stored" if decision == "apply-again" else "dismissed"
    event.state_since = inside_decision("payments").recorded_at
    event.save(update_fields=["state", "state_since"])
    record(
        PspEventReviewed(psp_event_id=event.id, decision=decision, why_in_review=why),
        subject=("psp_event", event.id),
    )
    return psp_event_id


def _source_asked_for(event: PspEvent) -> Paid | None:
    """What a deposit was paid with, from a PSP whose messages don't say it. Outside every transaction."""
    try:
        adapter = provider(event.psp)
    except UnknownProvider:
        return None
    if event.type != "deposit.settled" or adapter.names_sources:
        return None
    expected = Deposit.objects.filter(reference=event.reference, psp=event.psp, state__in=("requested", "pending"))
    if event.psp_reference is None or not expected.exists():
        return None
    try:
        source = adapter.ask_deposit(psp_reference=event.psp_reference).source
    except (ProviderRefused, NotKnownToProvider) as error:
        # The message is proved all the same: the money is there, and where it may go back to is found by people.
        logger.warning("a PSP won't say what was paid with", extra={"psp": event.psp, "error": str(error)})
        return None
    return None if source is None else Paid(kind=source.kind, token=source.token, display=source.display)


def _target(event: PspEvent) -> Deposit | Payout | None:
    """What the message is about, with its lock taken; None when there is nothing of the kind."""
    subject = subject_of(event.type)
    if subject == "deposit":
        # Only a chargeback may be about what its source's token names: there is a source once it is settled.
        payment = event.psp_reference if event.type == "chargeback.opened" else None
        deposit_id = deposit_of_message(event.psp, reference=event.reference, psp_reference=payment)
        return None if deposit_id is None else locked_deposit(deposit_id)
    if event.reference is None or subject is None:
        return None
    found = Payout.objects.filter(reference=event.reference).values_list("pk", "withdrawal_id").first()
    if found is None:
        return None
    withdrawal = locked_withdrawal(found[1])
    payout = Payout.objects.get(pk=found[0])
    payout.withdrawal = withdrawal
    return payout


def _judge(event: PspEvent, target: Deposit | Payout | None, paid: Paid | None) -> Verdict:
    facts = facts_of_event(event)
    contradiction = _contradiction(event, facts, target)
    if contradiction is not None or target is None:
        return Verdict(step="review", why=contradiction or "unknown-reference")
    if isinstance(target, Payout):
        return judge_payout(facts, target.state, attempts=target.attempts)
    return _judge_source(target, judge_deposit(facts, target.state), paid)


def _contradiction(event: PspEvent, facts: EventFacts, target: Deposit | Payout | None) -> str | None:
    """What a message doesn't agree with, as a code; None when it can be judged by its payment's state."""
    if "#" in event.event_id:
        return "id-used-for-another-message"
    if subject_of(facts.type) is None:
        return "unknown-type"
    if target is None:
        return "unknown-reference"
    if target.psp != event.psp:
        return "other-provider"
    if facts.type == "chargeback.opened" and facts.chargeback_minor != target.amount_minor:
        return "chargeback-amount-differs"
    # Found by its source's token, a deposit is known by another id of the PSP's than its own.
    own_id = None if event.reference is None else target.psp_reference
    return mismatch(facts, amount_minor=target.amount_minor, currency=target.currency, psp_reference=own_id)


def _judge_source(deposit: Deposit, verdict: Verdict, paid: Paid | None) -> Verdict:
    """Before identity is proved money comes from a bank account only, whatever the PSP's page offers."""
    if verdict.then == "settled" and deposit.bank_only and (paid is None or paid.kind != "bank"):
        return Verdict(step="review", why="not-from-a-bank-account")
    return verdict


def _try_to_act(event: PspEvent, target: Deposit | Payout | None, verdict: Verdict, paid: Paid | None) -> Verdict:
    """Act; where the ledger refuses (a closed period, say) nothing of it is written, and a person looks."""
    try:
        with transaction.atomic(using=inside_decision("payments").alias):
            _act(event, target, verdict, paid)
    except Refusal as refusal:
        return Verdict(step="review", why=refusal.code[:80])
    return verdict


def _act(event: PspEvent, target: Deposit | Payout | None, verdict: Verdict, paid: Paid | None) -> None:
    if isinstance(target, Payout):
        apply_word(
            target.withdrawal,
            target,
            verdict.then,
            psp_reference=event.psp_reference,
            failure_code=event.failure_code or "",
        )
        return
    assert target is not None
    if target.psp_reference is None and event.psp_reference is not None and event.reference is not None:
        # The message was quicker than the answer to our own request.
        target.psp_reference = event.psp_reference
        target.save(update_fields=["psp_reference"])
    if verdict.then == "pending":
        pend(target)
    elif verdict.then == "settled":
        settle(target, paid)
    elif verdict.then == "charged_back":
        charge_back(target)
    else:
        fail(target, code=event.failure_code or "unknown", expired=verdict.then == "expired")

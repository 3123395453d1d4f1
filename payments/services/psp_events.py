"""Messages of PSPs: stored before they are answered, applied afterwards, and decided on by a person if need be.

A proved message is never dropped, whatever it says, and however often it comes it has one effect.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from fintech.cells import Actor, acting_as, current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.payments import PspEventInReview, PspEventReviewed
from fintech.journal import Refusal, inside_decision, verb
from fintech.observability.metrics import histogram
from fintech.privacy.errors import Erased
from fintech.privacy.sealing import seal, unseal
from payments.models import Deposit, Payout, PspEvent
from payments.psps.protocol import VerifiedEvent
from payments.rules.psp_events import (
    EventFacts,
    Verdict,
    facts_of,
    judge_deposit,
    judge_payout,
    mismatch,
    paid_from,
    subject_of,
)
from payments.selectors.psp_events import facts_of_event, person_of_reference
from payments.services.chargebacks import charge_back
from payments.services.deposits import fail, locked_deposit, pend, settle
from payments.services.payouts import apply_word
from payments.services.sources import acting_staff
from payments.services.withdrawals import locked_withdrawal

logger = logging.getLogger(__name__)

LONGEST_EVENT_ID = 150

_seconds = histogram(
    "fintech_webhook_applied_seconds",
    "Time from the receipt of a PSP's message until it was applied, ignored or given to a person.",
    ("cell", "psp", "outcome"),
)

_OPEN = ("stored", "waiting", "review")
_ENDS = {"act": "applied", "ignore": "ignored", "wait": "waiting", "review": "review"}


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """A message as it stands in the database; `news` is false for a repetition."""

    psp_event_id: UUID
    news: bool


@dataclass(frozen=True, kw_only=True)
class AppliedEvent:
    """What came of a message: its state and the reason."""

    psp_event_id: UUID
    state: str
    why: str


def receive(psp: str, verified: VerifiedEvent, body: bytes) -> StoredEvent:
    """Store a proved message as its PSP; committed when this returns."""
    digest = hashlib.sha256(body).hexdigest()
    with acting_as(Actor.psp(psp)):
        return store_psp_event(
            key=f"{_short(verified.event_id)}:{digest[:16]}:{verified.occurred_at.timestamp()}",
            psp=psp,
            event_id=_short(verified.event_id),
            occurred_at=verified.occurred_at,
            facts=facts_of(verified.type, verified.payload),
            body=body,
        )


@verb("payments")
def store_psp_event(
    *, key: str, psp: str, event_id: str, occurred_at: datetime, facts: EventFacts, body: bytes
) -> StoredEvent:
    """Store a message: ids, amounts and codes in clear, all of it sealed under the key of the person it is about.

    A repetition finds the first. Another body under the same id is stored beside it, for a person to look at.
    """
    decision = inside_decision("payments")
    digest = hashlib.sha256(body).digest()
    same = PspEvent.objects.filter(psp=psp, event_id=event_id).first()
    if same is not None and bytes(same.body_sha256) != digest:
        event_id = f"{event_id}#{digest.hex()[:16]}"
        same = PspEvent.objects.filter(psp=psp, event_id=event_id).first()
    if same is not None:
        return StoredEvent(psp_event_id=same.id, news=False)
    identity = uuid7()
    event = PspEvent(
        id=identity,
        psp=psp,
        event_id=event_id,
        type=facts.type,
        occurred_at=occurred_at,
        received_at=decision.recorded_at,
        body_sealed=_sealed(body, facts.reference, identity),
        body_sha256=digest,
        reference=facts.reference,
        psp_reference=facts.psp_reference,
        amount_minor=facts.amount_minor,
        currency=facts.currency,
        failure_code=facts.failure_code,
        chargeback_minor=facts.chargeback_minor,
        state_since=decision.recorded_at,
    )
    PspEvent.objects.bulk_create([event], ignore_conflicts=True)
    kept = PspEvent.objects.get(psp=psp, event_id=event_id)
    return StoredEvent(psp_event_id=kept.id, news=kept.id == identity)


def apply(psp_event_id: UUID, *, again: bool = False) -> AppliedEvent:
    """Apply a stored message as its PSP. One that is decided already stays so; `again` goes through it once more.

    Going through it again changes nothing that has been done: state only moves forward.
    """
    event = PspEvent.objects.get(pk=psp_event_id)
    if event.state != "stored" and not again:
        return AppliedEvent(psp_event_id=event.id, state=event.state, why=event.why)
    key = f"{event.id}:{uuid7()}" if again else f"{event.id}:{event.attempts}"
    with acting_as(Actor.psp(event.psp)):
        applied = apply_psp_event(key=key, psp_event_id=event.id)
    if event.state == "stored":
        waited = (datetime.now(UTC) - event.received_at).total_seconds()
        _seconds.labels(cell=current_cell().name, psp=event.psp, outcome=applied.state).observe(waited)
    return applied


@verb("payments")
def apply_psp_event(*, key: str, psp_event_id: UUID) -> AppliedEvent:
    """Do what a message says, if the payment's state lets it: act, ignore, wait for its payment, or ask a person.

    Locks the deposit, or the withdrawal of the payout, and then the message. Records what is done, or PspEventInReview.
    """
    decision = inside_decision("payments")
    unlocked = PspEvent.objects.get(pk=psp_event_id)
    target = _target(unlocked)
    event = PspEvent.objects.select_for_update(no_key=True).get(pk=psp_event_id)
    verdict = _judge(event, target)
    if verdict.step == "act":
        verdict = _try_to_act(event, target, verdict)
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
    event = PspEvent.objects.select_for_update(no_key=True).filter(pk=psp_event_id).first()
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


def body_of(event: PspEvent) -> Mapping[str, Any]:
    """The message's body, opened; empty when its person has been forgotten or it can't be read."""
    try:
        body = json.loads(unseal("payments", bytes(event.body_sealed)))
    except (Erased, ValueError, RecursionError):
        return {}
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


def _target(event: PspEvent) -> Deposit | Payout | None:
    """What the message is about, with its lock taken; None when there is nothing of the kind."""
    subject = subject_of(event.type)
    if event.reference is None or subject is None:
        return None
    if subject == "deposit":
        deposit_id = Deposit.objects.filter(reference=event.reference).values_list("pk", flat=True).first()
        return None if deposit_id is None else locked_deposit(deposit_id)
    found = Payout.objects.filter(reference=event.reference).values_list("pk", "withdrawal_id").first()
    if found is None:
        return None
    withdrawal = locked_withdrawal(found[1])
    payout = Payout.objects.get(pk=found[0])
    payout.withdrawal = withdrawal
    return payout


def _judge(event: PspEvent, target: Deposit | Payout | None) -> Verdict:
    facts = facts_of_event(event)
    contradiction = _contradiction(event, facts, target)
    if contradiction is not None or target is None:
        return Verdict(step="review", why=contradiction or "unknown-reference")
    if isinstance(target, Payout):
        return judge_payout(facts, target.state, attempts=target.attempts)
    return _judge_source(event, target, judge_deposit(facts, target.state))


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
    return mismatch(
        facts, amount_minor=target.amount_minor, currency=target.currency, psp_reference=target.psp_reference
    )


def _judge_source(event: PspEvent, deposit: Deposit, verdict: Verdict) -> Verdict:
    """Before identity is proved money comes from a bank account only, whatever the PSP's page offers."""
    if verdict.then == "settled" and deposit.bank_only:
        paid = paid_from(body_of(event))
        if paid is None or paid.kind != "bank":
            return Verdict(step="review", why="not-from-a-bank-account")
    return verdict


def _try_to_act(event: PspEvent, target: Deposit | Payout | None, verdict: Verdict) -> Verdict:
    """Act; where the ledger refuses (a closed period, say) nothing of it is written, and a person looks."""
    try:
        with transaction.atomic(using=inside_decision("payments").alias):
            _act(event, target, verdict)
    except Refusal as refusal:
        return Verdict(step="review", why=refusal.code[:80])
    return verdict


def _act(event: PspEvent, target: Deposit | Payout | None, verdict: Verdict) -> None:
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
    if target.psp_reference is None and event.psp_reference is not None:
        # The message was quicker than the answer to our own request.
        target.psp_reference = event.psp_reference
        target.save(update_fields=["psp_reference"])
    if verdict.then == "pending":
        pend(target)
    elif verdict.then == "settled":
        settle(target, paid_from(body_of(event)))
    elif verdict.then == "charged_back":
        charge_back(target)
    else:
        fail(target, code=event.failure_code or "unknown", expired=verdict.then == "expired")


def _sealed(body: bytes, reference: str | None, identity: UUID) -> bytes:
    """The body under the key of the person it is about; of one about nobody that we know, under a key of its own."""
    text = body.decode("utf-8", "backslashreplace")
    person_id = person_of_reference(reference)
    if person_id is not None:
        try:
            return seal("payments", person_id=person_id, retention="payments", text=text)
        except Erased:
            logger.warning("a message about somebody who was forgotten", extra={"event": str(identity)})
    return seal("payments", person_id=identity, retention="payments", text=text)


def _short(event_id: str) -> str:
    """An id of bearable length, and without the mark that we put on a second message under one id."""
    if len(event_id) <= LONGEST_EVENT_ID and "#" not in event_id:
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode()).hexdigest()}"

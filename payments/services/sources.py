"""Cards and bank accounts: noted when money comes from them, verified and closed by staff."""

from __future__ import annotations

from uuid import UUID

from fintech.cells import current_cell
from fintech.factlog import record
from fintech.facts.payments import BankAccountVerified, SourceClosed
from fintech.journal import Refusal, inside_decision, verb
from fintech.privacy.sealing import seal
from payments.models import PaymentSource
from payments.rules.psp_events import Paid
from payments.services import refusals
from payments.services.standing import standing_of


def note_source(*, client_id: UUID, psp: str, paid: Paid) -> PaymentSource:
    """The source that a deposit came from; a new one is kept, its display sealed."""
    decision = inside_decision("payments")
    known = PaymentSource.objects.filter(client_id=client_id, psp=psp, token=paid.token).first()
    if known is not None:
        return known
    return PaymentSource.objects.create(
        client_id=client_id,
        psp=psp,
        kind=paid.kind,
        token=paid.token,
        display_sealed=seal("payments", person_id=client_id, retention="payments", text=paid.display),
        first_seen_at=decision.recorded_at,
    )


@verb("payments")
def register_bank_account(*, key: str, reason: str, client_id: UUID, psp: str, token: str, display: str) -> UUID:
    """Keep a bank account that staff have found to be the client's own; withdrawals beyond the sources go there.

    `token` is the provider's name for it, `display` what people are shown. The journal keeps neither: what the key was
    used for is told by a keyed hash.
    """
    staff_id = acting_staff("verify bank accounts")
    standing_of(client_id)
    source = note_source(client_id=client_id, psp=psp, paid=Paid(kind="bank", token=token, display=display))
    _verify(source, staff_id)
    return source.id


@verb("payments")
def verify_bank_account(*, key: str, reason: str, source_id: UUID) -> UUID:
    """Note that a bank account that a client paid from is the client's own. Refuses a card."""
    staff_id = acting_staff("verify bank accounts")
    source = _locked(source_id)
    if source.kind != PaymentSource.Kind.BANK:
        raise Refusal("not-a-bank-account", "A card takes back what came from it, and no more.", status=422)
    _verify(source, staff_id)
    return source_id


@verb("payments")
def close_source(*, key: str, reason: str, source_id: UUID) -> UUID:
    """Let no more money go back to a source (a card has expired); plans made from now on pass it over."""
    acting_staff("close sources")
    source = _locked(source_id)
    if source.accepts_returns:
        source.accepts_returns = False
        source.save(update_fields=["accepts_returns"])
        record(
            SourceClosed(source_id=source_id, client_id=source.client_id),
            subject=("payment_source", source_id),
        )
    return source_id


def acting_staff(what: str) -> UUID:
    """The staff member who acts; refuses everybody else."""
    actor = current_cell().actor
    if actor.kind != "staff":
        raise refusals.only_staff(what)
    return UUID(actor.id)


def _locked(source_id: UUID) -> PaymentSource:
    inside_decision("payments")
    source = PaymentSource.objects.select_for_update(no_key=True).filter(pk=source_id).first()
    if source is None:
        raise Refusal("source-unknown", "There is no such card or bank account.", status=404)
    return source


def _verify(source: PaymentSource, staff_id: UUID) -> None:
    if source.verified_at is not None:
        return
    source.verified_at = inside_decision("payments").recorded_at
    source.verified_by = staff_id
    source.save(update_fields=["verified_at", "verified_by"])
    record(
        BankAccountVerified(source_id=source.id, client_id=source.client_id),
        subject=("payment_source", source.id),
    )

"""Withdrawals up to the moment when they may be sent: requested, approved by enough different people, or ended.

The money is held at once. An approval is bound to the plan that the approver saw: a changed plan needs new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.payments import (
    WithdrawalApprovalGiven,
    WithdrawalApproved,
    WithdrawalCancelled,
    WithdrawalRejected,
    WithdrawalReplanned,
    WithdrawalRequested,
)
from fintech.journal import Refusal, inside_decision, verb
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from fintech.ledger.refusals import InsufficientFunds
from fintech.ledger.transfer_codes import TransferCode
from payments.models import Wallet, Withdrawal, WithdrawalApproval
from payments.rules.approvals import Approval, approvals_needed, approvers, is_approved, obstacle
from payments.rules.states import UNSENT
from payments.services import refusals
from payments.services.plans import drop_planned, keep_plan, make_plan
from payments.services.sources import acting_staff
from payments.services.standing import active_standing, standing_to_withdraw
from payments.services.wallets import locked_wallet, require_currency


@dataclass(frozen=True, kw_only=True)
class ApprovalTaken:
    """How many people have approved the plan now, how many it needs, and whether it may be sent."""

    withdrawal_id: UUID
    approvals: int
    needed: int
    approved: bool


@verb("payments")
def request_withdrawal(*, key: str, client_id: UUID, wallet_id: UUID, amount: Money, reason: str = "") -> UUID:
    """Set money aside to be paid out; a staff member who asks on the client's behalf is its maker.

    Locks the wallet. Refuses a client who isn't active or isn't verified, another currency, more than is available
    (naming balance and amount), and a rest that has nowhere to go. Records WithdrawalRequested.
    """
    decision = inside_decision("payments")
    actor = current_cell().actor
    if actor.kind == "client" and actor.id != str(client_id):
        raise refusals.client_unknown()
    standing_to_withdraw(client_id)
    wallet = locked_wallet(wallet_id, client_id=client_id)
    require_currency(wallet, amount)
    withdrawal_id = uuid7()
    hold_id = _hold(wallet, amount)
    plan = make_plan(wallet, amount, withdrawal_id=withdrawal_id)
    needed, rule = _approvals_needed(amount, decision.recorded_at)
    withdrawal = Withdrawal.objects.create(
        id=withdrawal_id,
        wallet=wallet,
        client_id=client_id,
        amount_minor=amount.minor,
        currency=wallet.currency,
        state_since=decision.recorded_at,
        hold_id=hold_id,
        plan_digest=plan.digest,
        approvals_needed=needed,
        approvals_rule=rule,
        requested_by=str(actor),
        maker_id=UUID(actor.id) if actor.kind == "staff" else None,
        requested_at=decision.recorded_at,
    )
    keep_plan(withdrawal, plan)
    record(
        WithdrawalRequested(
            withdrawal_id=withdrawal_id,
            client_id=client_id,
            wallet_id=wallet_id,
            amount_minor=amount.minor,
            currency=wallet.currency,
            plan_digest=plan.digest,
            approvals_needed=needed,
            maker_id=withdrawal.maker_id,
        ),
        subject=("withdrawal", withdrawal_id),
    )
    return withdrawal_id


@verb("payments")
def cancel_withdrawal(*, key: str, client_id: UUID, withdrawal_id: UUID) -> UUID:
    """End a client's own withdrawal before it is approved; the money is available again."""
    withdrawal = locked_withdrawal(withdrawal_id)
    if withdrawal.client_id != client_id:
        raise refusals.withdrawal_unknown()
    if withdrawal.state != "requested":
        raise refusals.withdrawal_state(withdrawal, "cancelled")
    Book("payments").release_hold(withdrawal.hold_id)
    end_unsent(withdrawal, "cancelled", why="client")
    return withdrawal_id


@verb("payments")
def approve_withdrawal(*, key: str, reason: str, withdrawal_id: UUID, plan_digest: str) -> ApprovalTaken:
    """Say yes, as a staff member, to the plan of this digest; with enough people's yes it may be sent.

    Refuses whoever requested or planned it, a second yes of one person, a plan that has changed since it was looked
    at, and a client who isn't active and verified any more. Records WithdrawalApprovalGiven, WithdrawalApproved.
    """
    staff_id = acting_staff("approve withdrawals")
    _require_reason(reason)
    withdrawal = locked_withdrawal(withdrawal_id)
    if withdrawal.state != "requested":
        raise refusals.withdrawal_state(withdrawal, "approved")
    standing_to_withdraw(withdrawal.client_id)
    hindered = obstacle(
        staff_id=staff_id,
        shown_digest=plan_digest,
        plan_digest=withdrawal.plan_digest,
        makers=makers_of(withdrawal),
        approvals=approvals_of(withdrawal),
    )
    if hindered is not None:
        raise refusals.approval_refused(hindered, staff_id=staff_id, needed=withdrawal.approvals_needed)
    return _take_approval(withdrawal, staff_id, reason)


@verb("payments")
def reject_withdrawal(*, key: str, reason: str, withdrawal_id: UUID) -> UUID:
    """Say no, as a staff member, to a withdrawal that isn't sent: the client sees the reason, the hold is released."""
    staff_id = acting_staff("reject withdrawals")
    _require_reason(reason)
    withdrawal = locked_withdrawal(withdrawal_id)
    if withdrawal.state not in UNSENT:
        raise refusals.withdrawal_state(withdrawal, "rejected")
    Book("payments").release_hold(withdrawal.hold_id)
    withdrawal.decision_reason = reason
    _end(withdrawal, "rejected")
    record(
        WithdrawalRejected(withdrawal_id=withdrawal_id, client_id=withdrawal.client_id, staff_id=staff_id),
        subject=("withdrawal", withdrawal_id),
    )
    return withdrawal_id


@verb("payments")
def replan_withdrawal(*, key: str, reason: str, withdrawal_id: UUID) -> str:
    """Plan an unsent withdrawal anew, by the sources as they are now; gives the plan's digest.

    Another plan needs new approvals, and whoever made it gives none. Locks the wallet. Records WithdrawalReplanned.
    """
    staff_id = acting_staff("plan withdrawals")
    wallet_id = Withdrawal.objects.filter(pk=withdrawal_id).values_list("wallet_id", flat=True).first()
    if wallet_id is None:
        raise refusals.withdrawal_unknown()
    wallet = locked_wallet(wallet_id)
    withdrawal = locked_withdrawal(withdrawal_id)
    if withdrawal.state not in UNSENT:
        raise refusals.withdrawal_state(withdrawal, "planned anew")
    amount = Money(withdrawal.amount_minor, currency(withdrawal.currency))
    plan = make_plan(wallet, amount, withdrawal_id=withdrawal_id)
    if plan.digest == withdrawal.plan_digest:
        return plan.digest
    withdrawal.plan_number += 1
    withdrawal.plan_digest = plan.digest
    withdrawal.planner_id = staff_id
    move(withdrawal, "requested", "plan_number", "plan_digest", "planner_id")
    keep_plan(withdrawal, plan)
    record(
        WithdrawalReplanned(
            withdrawal_id=withdrawal_id,
            client_id=withdrawal.client_id,
            plan_digest=plan.digest,
            planner_id=staff_id,
        ),
        subject=("withdrawal", withdrawal_id),
    )
    return plan.digest


def locked_withdrawal(withdrawal_id: UUID) -> Withdrawal:
    """The withdrawal's row under lock for the rest of the decision. Refuses an unknown one."""
    inside_decision("payments")
    rows = Withdrawal.objects.select_for_update(no_key=True, of=("self",)).select_related("wallet")
    withdrawal = rows.filter(pk=withdrawal_id).first()
    if withdrawal is None:
        raise refusals.withdrawal_unknown()
    return withdrawal


def require_sendable(withdrawal: Withdrawal) -> None:
    """Refuse to send what isn't approved, by enough people and for its present plan, for an active client."""
    if withdrawal.state not in ("approved", "sending", "unknown"):
        raise refusals.withdrawal_state(withdrawal, "sent")
    active_standing(withdrawal.client_id)
    if not is_approved(
        approvals_of(withdrawal),
        plan_digest=withdrawal.plan_digest,
        makers=makers_of(withdrawal),
        needed=withdrawal.approvals_needed,
    ):
        raise refusals.withdrawal_state(withdrawal, "sent without its approvals")


def makers_of(withdrawal: Withdrawal) -> list[UUID]:
    """The staff members who requested or planned it."""
    return [staff_id for staff_id in (withdrawal.maker_id, withdrawal.planner_id) if staff_id is not None]


def approvals_of(withdrawal: Withdrawal) -> list[Approval]:
    """Every approval that was given to it, of whichever plan."""
    rows = withdrawal.approvals.values_list("staff_id", "plan_digest")
    return [Approval(staff_id=staff_id, plan_digest=digest) for staff_id, digest in rows]


def move(withdrawal: Withdrawal, state: str, *changed: str) -> None:
    """Write another state, and since when; `changed` are further columns to write."""
    if withdrawal.state != state:
        withdrawal.state = state
        withdrawal.state_since = inside_decision("payments").recorded_at
    withdrawal.save(update_fields=["state", "state_since", *changed])


def end_unsent(withdrawal: Withdrawal, state: Literal["cancelled"], *, why: Literal["client", "chargeback"]) -> None:
    """End a withdrawal of which nothing was sent and nothing is held any more. Records WithdrawalCancelled."""
    _end(withdrawal, state)
    record(
        WithdrawalCancelled(withdrawal_id=withdrawal.id, client_id=withdrawal.client_id, why=why),
        subject=("withdrawal", withdrawal.id),
    )


def _end(withdrawal: Withdrawal, state: str) -> None:
    drop_planned(withdrawal)
    move(withdrawal, state, "decision_reason")


def _hold(wallet: Wallet, amount: Money) -> int:
    book = Book("payments")
    try:
        return book.hold(account=wallet.account_number, amount=amount.minor, code=TransferCode.WITHDRAWAL)
    except InsufficientFunds:
        raise refusals.insufficient_funds(amount, book.balance(wallet.account_number)) from None


def _approvals_needed(amount: Money, now: datetime) -> tuple[int, str]:
    """How many approvals an amount needs, and the version of the rule that says so."""
    jurisdiction = current_cell().jurisdiction
    needed = approvals_needed(amount, two_from=jurisdiction.rules_at(now).two_approvals_from)
    return needed, jurisdiction.rule_version_at("two_approvals_from", now).label


def _take_approval(withdrawal: Withdrawal, staff_id: UUID, reason: str) -> ApprovalTaken:
    WithdrawalApproval.objects.create(
        withdrawal=withdrawal,
        staff_id=staff_id,
        plan_digest=withdrawal.plan_digest,
        reason=reason,
        approved_at=inside_decision("payments").recorded_at,
    )
    people = approvers(approvals_of(withdrawal), plan_digest=withdrawal.plan_digest, makers=makers_of(withdrawal))
    needed = withdrawal.approvals_needed
    record(
        WithdrawalApprovalGiven(
            withdrawal_id=withdrawal.id,
            client_id=withdrawal.client_id,
            staff_id=staff_id,
            plan_digest=withdrawal.plan_digest,
            approvals=len(people),
            approvals_needed=needed,
        ),
        subject=("withdrawal", withdrawal.id),
    )
    if len(people) >= needed:
        move(withdrawal, "approved")
        record(
            WithdrawalApproved(
                withdrawal_id=withdrawal.id,
                client_id=withdrawal.client_id,
                plan_digest=withdrawal.plan_digest,
            ),
            subject=("withdrawal", withdrawal.id),
        )
    return ApprovalTaken(
        withdrawal_id=withdrawal.id, approvals=len(people), needed=needed, approved=len(people) >= needed
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason-required", "A decision needs a reason.", status=422, rule="four-eyes")

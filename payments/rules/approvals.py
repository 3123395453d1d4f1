"""Approvals of a withdrawal: how many it needs, who may give one, and when it has them.

The maker is never a checker, two approvals are two people's, and an approval counts only for the plan that it
was given to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from fintech.ledger.money import Money


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One staff member's yes to one plan."""

    staff_id: UUID
    plan_digest: str


class ApprovalObstacle(StrEnum):
    """Why a staff member's approval isn't taken."""

    MAKER = "maker-is-never-checker"
    TWICE = "already-approved-by-this-person"
    OTHER_PLAN = "plan-has-changed"


def approvals_needed(amount: Money, *, two_from: Money, reference_rate: Decimal | None = None) -> int:
    """1, or 2 from `two_from` (the jurisdiction's `two_approvals_from`) or the equivalent of it on.

    `reference_rate` is what one unit of the amount's currency is worth in that of `two_from` today; the
    product is compared unrounded. With another currency and no rate, two are needed.
    """
    if amount.currency == two_from.currency:
        return 2 if amount >= two_from else 1
    if reference_rate is None:
        return 2
    worth = Fraction(amount.minor, 10**amount.currency.exponent) * Fraction(reference_rate)
    return 2 if worth * 10**two_from.currency.exponent >= two_from.minor else 1


def obstacle(
    *,
    staff_id: UUID,
    shown_digest: str,
    plan_digest: str,
    makers: Iterable[UUID],
    approvals: Iterable[Approval],
) -> ApprovalObstacle | None:
    """What keeps `staff_id` from approving, or None.

    `shown_digest` is that of the plan they looked at, `plan_digest` that of the plan as it stands; `makers`
    are those who asked for the withdrawal on the client's behalf or made its plan.
    """
    if staff_id in set(makers):
        return ApprovalObstacle.MAKER
    if shown_digest != plan_digest:
        return ApprovalObstacle.OTHER_PLAN
    if staff_id in approvers(approvals, plan_digest=plan_digest, makers=()):
        return ApprovalObstacle.TWICE
    return None


def approvers(approvals: Iterable[Approval], *, plan_digest: str, makers: Iterable[UUID]) -> frozenset[UUID]:
    """The different people whose approval counts for the plan as it stands."""
    valid = {approval.staff_id for approval in approvals if approval.plan_digest == plan_digest}
    return frozenset(valid - set(makers))


def is_approved(approvals: Iterable[Approval], *, plan_digest: str, makers: Iterable[UUID], needed: int) -> bool:
    """Whether enough different people have approved the plan as it stands."""
    return len(approvers(approvals, plan_digest=plan_digest, makers=makers)) >= needed

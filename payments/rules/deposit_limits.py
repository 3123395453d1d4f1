"""What may be deposited before identity is verified, and when that state ends.

Source: the jurisdiction's `pre_verification_deposits` (in the EU CySEC Circular C721; elsewhere policy).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from fintech.jurisdictions.rules import PreVerificationDeposits
from fintech.ledger.money import Money

RULE = "pre_verification_deposits"


class DepositObstacle(StrEnum):
    """Why a deposit isn't taken before identity is verified."""

    NOT_BEFORE_VERIFICATION = "no-deposit-before-verification"
    RISK = "only-low-risk-before-verification"
    NOT_OWN_BANK_ACCOUNT = "only-own-bank-account-before-verification"
    TERM_OVER = "verification-term-over"
    LIMIT = "limit-before-verification"
    NO_RATE = "no-reference-rate"


@dataclass(frozen=True, kw_only=True)
class DepositRefused:
    """A deposit that the rule refuses, with the rule's name and the threshold that it missed."""

    obstacle: DepositObstacle
    threshold: str
    rule: str = RULE


@dataclass(frozen=True, kw_only=True)
class Depositor:
    """What the rule asks about a client: `term_began_on` is the earlier of contract and first deposit (None
    before both), `deposited` all deposits so far in the limit's currency."""

    verified: bool
    risk: Literal["unrated", "low", "medium", "high"]
    term_began_on: date | None
    deposited: Money | None


def refusal_of_deposit(
    amount: Money,
    *,
    depositor: Depositor,
    from_own_bank_account: bool,
    today: date,
    rule: PreVerificationDeposits,
    reference_rate: Decimal | None = None,
) -> DepositRefused | None:
    """Why this deposit isn't taken, or None; a verified client is none of this rule's business.

    `today` is the day in the jurisdiction's zone; `reference_rate` is what one unit of the amount's currency
    is worth in the limit's (needed where they differ).
    """
    if depositor.verified:
        return None
    if not rule.allowed or rule.limit is None or rule.days is None:
        return DepositRefused(obstacle=DepositObstacle.NOT_BEFORE_VERIFICATION, threshold="verified")
    if rule.only_low_risk and depositor.risk != "low":
        return DepositRefused(obstacle=DepositObstacle.RISK, threshold="low")
    if rule.own_bank_account_only and not from_own_bank_account:
        return DepositRefused(obstacle=DepositObstacle.NOT_OWN_BANK_ACCOUNT, threshold="own bank account")
    if depositor.term_began_on and today >= ends_on(depositor.term_began_on, days=rule.days):
        return DepositRefused(obstacle=DepositObstacle.TERM_OVER, threshold=f"{rule.days} days")
    return _limit_refusal(amount, depositor.deposited, rule.limit, reference_rate)


def ends_on(term_began_on: date, *, days: int) -> date:
    """The day on which an unverified relationship ends: the one after the last of `days`, of which day 1 is
    the day after `term_began_on`. Positions are closed and what is there goes back to the source."""
    return term_began_on + timedelta(days=days + 1)


def _limit_refusal(
    amount: Money, deposited: Money | None, limit: Money, reference_rate: Decimal | None
) -> DepositRefused | None:
    worth = Fraction(amount.minor, 10**amount.currency.exponent)
    if amount.currency != limit.currency:
        if reference_rate is None:
            return DepositRefused(obstacle=DepositObstacle.NO_RATE, threshold=str(limit))
        worth *= Fraction(reference_rate)
    room = limit - deposited if deposited is not None else limit
    if worth * 10**limit.currency.exponent > room.minor:
        return DepositRefused(obstacle=DepositObstacle.LIMIT, threshold=str(limit))
    return None

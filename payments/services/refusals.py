"""Payments' refusals: each names its rule, what the rule was fed with, and the threshold that wasn't met."""

from __future__ import annotations

from fintech.cells import current_cell
from fintech.journal import Refusal
from fintech.jurisdictions import RuleVersion
from fintech.ledger.balances import Balance
from fintech.ledger.money import Money
from payments.models import Withdrawal
from payments.rules.approvals import ApprovalObstacle
from payments.rules.deposit_limits import DepositObstacle, DepositRefused

_DEPOSIT_TEXTS = {
    DepositObstacle.NOT_BEFORE_VERIFICATION: "Here nothing can be paid in before your identity is verified.",
    DepositObstacle.RISK: "Before your identity is verified, only clients rated low risk can pay in.",
    DepositObstacle.NOT_OWN_BANK_ACCOUNT: "Before your identity is verified, pay from a bank account in your own name.",
    DepositObstacle.TERM_OVER: "The time in which an unverified client may pay in is over.",
    DepositObstacle.LIMIT: "Together with your earlier deposits this is more than may be paid in before verification.",
    DepositObstacle.NO_RATE: "Before your identity is verified, pay in the limit's own currency.",
}

_APPROVAL_TEXTS = {
    ApprovalObstacle.MAKER: "Whoever requested or planned a withdrawal never approves it.",
    ApprovalObstacle.TWICE: "You have approved this plan already: the second approval is another person's.",
    ApprovalObstacle.OTHER_PLAN: "The plan has changed since you looked at it: look at it again.",
}


def client_unknown() -> Refusal:
    """There is no such client in this cell."""
    return Refusal("client-unknown", "There is no such client.", status=404)


def client_not_active(status: str) -> Refusal:
    """A suspended or closed relationship moves no money."""
    return Refusal(
        "client-not-active",
        f"The client is {status}: no money moves by request.",
        rule="client-active",
        status_now=status,
        threshold="active",
    )


def not_verified() -> Refusal:
    """Money is paid out only to people whose identity is proved."""
    return Refusal(
        "identity-not-verified",
        "Your identity isn't verified yet: hand in your documents first.",
        rule="withdrawal/verified-identity",
        threshold="verified",
    )


def wallet_unknown() -> Refusal:
    """There is no such wallet of this client."""
    return Refusal("wallet-unknown", "There is no such wallet.", status=404)


def currency_not_offered(code: str) -> Refusal:
    """Wallets are kept in the jurisdiction's base currencies only."""
    offered = [currency.code for currency in current_cell().jurisdiction.base_currencies]
    return Refusal(
        "currency-not-offered",
        f"Wallets are kept in {', '.join(offered)}.",
        status=422,
        rule="base-currencies",
        asked=code,
        threshold=offered,
    )


def currency_differs(asked: Money, currency_code: str) -> Refusal:
    """A wallet moves money of its own currency only."""
    return Refusal(
        "currency-differs",
        f"This wallet is kept in {currency_code}.",
        status=422,
        rule="one-currency",
        asked=asked.currency.code,
        threshold=currency_code,
    )


def insufficient_funds(asked: Money, balance: Balance) -> Refusal:
    """The wallet doesn't hold what was asked for."""
    available = Money(balance.available, asked.currency)
    return Refusal(
        "insufficient-funds",
        f"{available} is available in this wallet, and {asked} was asked for.",
        rule="available-covers-amount",
        asked=asked.wire,
        balance=Money(balance.posted, asked.currency).wire,
        held=Money(balance.held, asked.currency).wire,
        available=available.wire,
        threshold=available.wire,
    )


def deposit_refused(refused: DepositRefused, amount: Money, version: RuleVersion) -> Refusal:
    """The rule on deposits before verification says no."""
    return Refusal(
        str(refused.obstacle),
        _DEPOSIT_TEXTS[refused.obstacle],
        rule=version.label,
        source=version.source,
        asked=amount.wire,
        threshold=refused.threshold,
    )


def no_destination(remainder: Money) -> Refusal:
    """More is withdrawn than came from anywhere, and no verified bank account is there for the rest."""
    return Refusal(
        "no-destination",
        f"{remainder} came from no card or account of yours: it needs a bank account that we have verified.",
        rule="return-to-source",
        remainder=remainder.wire,
    )


def withdrawal_unknown() -> Refusal:
    """There is no such withdrawal (of this client)."""
    return Refusal("withdrawal-unknown", "There is no such withdrawal.", status=404)


def withdrawal_state(withdrawal: Withdrawal, asked: str) -> Refusal:
    """What is asked isn't possible (any more) in this state."""
    return Refusal(
        "withdrawal-state",
        f"The withdrawal is {withdrawal.get_state_display()}: it can't be {asked}.",
        rule="withdrawal-states",
        state=withdrawal.state,
        asked=asked,
    )


def approval_refused(obstacle: ApprovalObstacle, *, staff_id: object, needed: int) -> Refusal:
    """This person's approval isn't taken."""
    return Refusal(
        str(obstacle),
        _APPROVAL_TEXTS[obstacle],
        status=403 if obstacle is ApprovalObstacle.MAKER else 409,
        rule="maker-checker",
        staff_id=str(staff_id),
        approvals_needed=needed,
    )


def only_staff(what: str) -> Refusal:
    """Only a member of staff decides this."""
    return Refusal("only-staff", f"Only staff {what}.", status=403, rule="four-eyes")

"""What happens in payments: wallets, money in, money out, and transfers to and from trading.

Amounts are whole minor units of the currency beside them. `deposit`, `withdrawal` and `wallet` are the subjects.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from fintech.facts.language import fact


@fact("payments.wallet.opened", version=1)
class WalletOpened:
    """A wallet was opened; `account_number` is its account in the ledger. An introducing broker is its own client."""

    wallet_id: UUID
    client_id: UUID
    entity: str
    currency: str
    account_number: int


@fact("payments.bank_account.verified", version=1)
class BankAccountVerified:
    """Staff found that a bank account is the client's own: withdrawals may go there."""

    source_id: UUID
    client_id: UUID


@fact("payments.source.closed", version=1)
class SourceClosed:
    """A card or bank account takes no money back any more (a card has expired)."""

    source_id: UUID
    client_id: UUID


@fact("payments.deposit.requested", version=1)
class DepositRequested:
    """A client wants to pay in. `bank_only` says that identity isn't proved yet, so only a bank account will do."""

    deposit_id: UUID
    client_id: UUID
    wallet_id: UUID
    psp: str
    method: str
    reference: str
    amount_minor: int
    currency: str
    bank_only: bool


@fact("payments.deposit.pending", version=1)
class DepositPending:
    """The client has paid; the money isn't there yet."""

    deposit_id: UUID
    client_id: UUID


@fact("payments.deposit.settled", version=1)
class DepositSettled:
    """The money is there and in the wallet, once; `transfer_id` is the ledger's."""

    deposit_id: UUID
    client_id: UUID
    wallet_id: UUID
    amount_minor: int
    currency: str
    transfer_id: int


@fact("payments.deposit.failed", version=1)
class DepositFailed:
    """Nothing will come of the deposit; `code` is the PSP's own word. `expired`: nobody paid in time."""

    deposit_id: UUID
    client_id: UUID
    code: str
    expired: bool


@fact("payments.deposit.charged_back", version=1)
class DepositChargedBack:
    """The money was taken back by its payer: `taken_minor` from the wallet, `owed_minor` is the client's debt now."""

    deposit_id: UUID
    client_id: UUID
    wallet_id: UUID
    taken_minor: int
    owed_minor: int
    currency: str
    cancelled_withdrawals: tuple[UUID, ...]


@fact("payments.withdrawal.requested", version=1)
class WithdrawalRequested:
    """Money was set aside to be paid out by this plan. `maker_id` is the staff member who asked for the client."""

    withdrawal_id: UUID
    client_id: UUID
    wallet_id: UUID
    amount_minor: int
    currency: str
    plan_digest: str
    approvals_needed: int
    maker_id: UUID | None


@fact("payments.withdrawal.replanned", version=1)
class WithdrawalReplanned:
    """The plan is another one: approvals of the one before count no more."""

    withdrawal_id: UUID
    client_id: UUID
    plan_digest: str
    planner_id: UUID


@fact("payments.withdrawal.approval_given", version=1)
class WithdrawalApprovalGiven:
    """One staff member's yes to one plan, and how many that plan has now."""

    withdrawal_id: UUID
    client_id: UUID
    staff_id: UUID
    plan_digest: str
    approvals: int
    approvals_needed: int


@fact("payments.withdrawal.approved", version=1)
class WithdrawalApproved:
    """Enough different people have approved the plan: it may be sent."""

    withdrawal_id: UUID
    client_id: UUID
    plan_digest: str


@fact("payments.withdrawal.rejected", version=1)
class WithdrawalRejected:
    """Staff said no; the money is available again."""

    withdrawal_id: UUID
    client_id: UUID
    staff_id: UUID


@fact("payments.withdrawal.cancelled", version=1)
class WithdrawalCancelled:
    """It ended before anything was sent: `why` is client or chargeback. The money isn't held any more."""

    withdrawal_id: UUID
    client_id: UUID
    why: str


@fact("payments.payout.begun", version=1)
class PayoutBegun:
    """The PSP is about to be asked to pay one part of a plan."""

    withdrawal_id: UUID
    payout_id: UUID
    psp: str
    reference: str
    attempt: int
    amount_minor: int
    currency: str


@fact("payments.payout.outcome_unknown", version=1)
class PayoutOutcomeUnknown:
    """Nobody knows whether the PSP has acted; only its own word leads on."""

    withdrawal_id: UUID
    payout_id: UUID


@fact("payments.payout.not_sent", version=1)
class PayoutNotSent:
    """The PSP certainly hasn't acted: the same payout is sent again."""

    withdrawal_id: UUID
    payout_id: UUID


@fact("payments.payout.paid", version=1)
class PayoutPaid:
    """One part has arrived; `transfer_id` is the ledger's."""

    withdrawal_id: UUID
    payout_id: UUID
    amount_minor: int
    currency: str
    transfer_id: int


@fact("payments.payout.returned", version=1)
class PayoutReturned:
    """One part didn't arrive: it's available in the wallet again. `code` is the PSP's own word."""

    withdrawal_id: UUID
    payout_id: UUID
    amount_minor: int
    currency: str
    code: str


@fact("payments.withdrawal.sent", version=1)
class WithdrawalSent:
    """The PSP has taken every part of it."""

    withdrawal_id: UUID
    client_id: UUID


@fact("payments.withdrawal.paid", version=1)
class WithdrawalPaid:
    """All of it has arrived."""

    withdrawal_id: UUID
    client_id: UUID
    amount_minor: int
    currency: str


@fact("payments.withdrawal.returned", version=1)
class WithdrawalReturned:
    """Some of it, or all, didn't arrive and is in the wallet again."""

    withdrawal_id: UUID
    client_id: UUID
    returned_minor: int
    paid_minor: int
    currency: str


@fact("payments.psp_event.reviewed", version=1)
class PspEventReviewed:
    """A person has looked at a message that couldn't be applied, and decided: apply-again or dismiss."""

    psp_event_id: UUID
    decision: str
    why_in_review: str


@fact("payments.psp_event.in_review", version=1)
class PspEventInReview:
    """A proved message of a PSP can't be applied by itself; `why` is a code."""

    psp_event_id: UUID
    psp: str
    why: str


@fact("payments.transfer.sent_to_trading", version=1)
class TransferToTradingSent:
    """Money left a wallet for a trading account; trading follows the ledger's transfer of this id."""

    wallet_transfer_id: UUID
    wallet_id: UUID
    client_id: UUID
    trading_account_id: UUID
    transfer_id: int
    amount_minor: int
    currency: str


@fact("payments.transfer.received_from_trading", version=1)
class TransferFromTradingReceived:
    """Money of a trading account, or a broker's commission, is in the wallet. `source_transfer_id` is trading's."""

    wallet_transfer_id: UUID
    wallet_id: UUID
    client_id: UUID
    source_transfer_id: int
    transfer_id: int
    amount_minor: int
    currency: str
    cause: str


@fact("payments.transfer.suspended", version=1)
class TransferFromTradingSuspended:
    """Money from trading could not go to the wallet it was meant for, and waits in the client's suspense account.

    `why` is a code: unknown-wallet, other-client, other-currency.
    """

    client_id: UUID
    meant_for: UUID | None
    account_number: int
    source_transfer_id: int
    amount_minor: int
    currency: str
    why: str


@fact("payments.period.closed", version=1)
class PeriodClosed:
    """The book takes no more transfers with a value date up to this day; what was wrong is corrected later."""

    closed_through: date


@fact("payments.hold.expired", version=1)
class HoldExpired:
    """A hold's time was over: what was left of it is available again. Withdrawals' holds never end by time."""

    hold_id: int
    client_id: UUID
    amount_minor: int
    currency: str

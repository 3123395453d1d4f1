"""What happens in trading. Everything about an account has the subject ("trading_account", its id), without
gaps.

Volumes (lots) and prices are decimal texts, amounts whole minor units of the currency beside them.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from fintech.facts.language import fact


@fact("trading.account.opened", version=1)
class TradingAccountOpened:
    """A client opened a trading account; `account_number` is that of its cash in the ledger."""

    trading_account_id: UUID
    client_id: UUID
    entity: str
    account_number: int
    currency: str
    kind: str
    leverage: int


@fact("trading.account.closed", version=1)
class TradingAccountClosed:
    """A trading account without money or positions was closed for good."""

    trading_account_id: UUID
    client_id: UUID


@fact("trading.order.filled", version=1)
class OrderFilled:
    """An order was filled, at the quote that it keeps.

    `purpose` says why it was dealt ("client", "close-out"). `realised_minor` and `commission_minor` are what
    the fill booked, `margin_minor` what its position holds after it, `required_minor` the account's total.
    """

    order_id: UUID
    fill_id: UUID
    client_id: UUID
    entity: str
    trading_account_id: UUID
    position_id: UUID
    instrument: str
    side: str
    purpose: str
    outcome: str
    volume: str
    price: str
    quote_bid: str
    quote_ask: str
    quote_at: datetime
    quote_source: str
    currency: str
    realised_minor: int
    commission_minor: int
    margin_minor: int
    required_minor: int
    filled_at: datetime


@fact("trading.position.changed", version=1)
class PositionChanged:
    """A position was opened, added to, reduced or closed by a fill; volume and margin are those after it."""

    trading_account_id: UUID
    client_id: UUID
    position_id: UUID
    fill_id: UUID
    change: str
    instrument: str
    side: str
    volume: str
    open_price: str
    margin_minor: int
    realised_minor: int
    currency: str


@fact("trading.cash.changed", version=1)
class CashChanged:
    """An account's cash changed by `amount_minor` (negative: less) to `cash_minor`, by a transfer of its
    book.

    `cause` is the transfer's code as a word. `reference` is what it has to do with: a fill, a wallet.
    """

    trading_account_id: UUID
    client_id: UUID
    transfer_id: int
    cause: str
    amount_minor: int
    cash_minor: int
    currency: str
    reference: UUID | None = None


@fact("trading.account.margin_called", version=1)
class MarginCalled:
    """Equity fell below the margin call level of the required margin; `rule` names the version that said
    so.
    """

    trading_account_id: UUID
    client_id: UUID
    equity_minor: int
    required_minor: int
    currency: str
    level: str
    rule: str


@fact("trading.account.margin_call_ended", version=1)
class MarginCallEnded:
    """Equity is at the margin call level again, or nothing is open any more."""

    trading_account_id: UUID
    client_id: UUID
    equity_minor: int
    required_minor: int
    currency: str


@fact("trading.position.closed_out", version=1)
class PositionClosedOut:
    """One closing of a margin close-out: equity and required margin around it, and the rule that asked for
    it.

    The fill (see OrderFilled) keeps the quote. Equity is the same before and after: what floated is realised.
    """

    trading_account_id: UUID
    client_id: UUID
    position_id: UUID
    fill_id: UUID
    equity_minor: int
    required_before_minor: int
    required_after_minor: int
    currency: str
    level: str
    rule: str


@fact("trading.transfer.sent_to_wallet", version=1)
class TransferToWalletSent:
    """Money left a trading account for a wallet; payments follows the ledger's transfer of this id."""

    trading_account_id: UUID
    client_id: UUID
    wallet_id: UUID
    transfer_id: int
    amount_minor: int
    currency: str


@fact("trading.transfer.suspended", version=1)
class TransferSuspended:
    """Money from a wallet could not go to the account it was meant for, and waits in the client's suspense
    account.

    `why` is a code: unknown-account, closed-account, other-client, other-currency.
    """

    client_id: UUID
    meant_for: UUID | None
    account_number: int
    source_transfer_id: int
    amount_minor: int
    currency: str
    why: str


@fact("trading.commission.accrued", version=1)
class CommissionAccrued:
    """An introducing broker earned commission on a fill, on their level of the hierarchy of its moment."""

    accrual_id: UUID
    ib_id: UUID
    level: int
    fill_id: UUID
    client_id: UUID
    trading_account_id: UUID
    scheme_id: UUID
    amount_minor: int
    currency: str


@fact("trading.commission.paid", version=1)
class CommissionPaid:
    """An introducing broker's accruals were paid out; payments follows the ledger's transfer of this id."""

    payout_id: UUID
    ib_id: UUID
    accruals: int
    transfer_id: int
    amount_minor: int
    currency: str


@fact("trading.period.closed", version=1)
class PeriodClosed:
    """The book takes no more transfers with a value date up to this day; what was wrong is corrected later."""

    closed_through: date

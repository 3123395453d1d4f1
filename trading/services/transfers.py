"""Money between the books: sent to a wallet, received from one.

The giver decides everything under its own lock, the receiver never refuses: payments follows the transfers
that are sent here, and what payments sent is taken in by `receive_from_wallet`. The other half is
`payments/services/transfers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fintech.factlog import record
from fintech.facts.trading import TransferSuspended, TransferToWalletSent
from fintech.journal import Refusal, inside_decision, verb
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose, house_account
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from payments.selectors.wallets import wallet_of_client
from trading.models import TradingAccount
from trading.selectors.margins import withdrawable
from trading.selectors.market import Market
from trading.services import refusals
from trading.services.cash import SUBJECT, move_cash, tell_cash
from trading.services.desk import Desk, account_for_update, open_desk


@dataclass(frozen=True, kw_only=True)
class TransferSent:
    """Money that is on its way to a wallet; `transfer_id` is the ledger's."""

    transfer_id: int
    amount: Money
    cash: Money


@dataclass(frozen=True, kw_only=True)
class SentFromWallet:
    """A transfer of the payments book that is meant for a trading account; `in_transit` is the credited
    account.
    """

    transfer_id: int
    client_id: UUID
    in_transit: int
    amount_minor: int
    meant_for: UUID | None


@verb("trading")
def send_to_wallet(
    *, key: str, trading_account_id: UUID, wallet_id: UUID, amount: Money, market: Market
) -> TransferSent:
    """Send cash of a trading account to a wallet of the same client in the same currency.

    Locks the account. Refuses a wallet that isn't the client's, another currency, and more than the lesser of
    cash and equity less initial margin, at fresh quotes of everything open. Records TransferToWalletSent and
    CashChanged; payments follows the transfer.
    """
    desk = open_desk(trading_account_id, market=market)
    _refuse_wallet(desk, wallet_id, amount)
    state = desk.state()
    for position in state.positions:
        if not position.fresh:
            raise refusals.equity_unknown(position.symbol)
    limit = withdrawable(state)
    if amount.minor <= 0 or amount > limit:
        raise refusals.above_withdrawable(amount, limit, cash=state.cash, equity=state.equity, required=state.required)
    transfer = move_cash(
        desk.account,
        amount=-amount,
        against=HousePurpose.IN_TRANSIT_OUT,
        code=TransferCode.TO_WALLET_SENT,
        reference=wallet_id,
    )
    assert transfer is not None
    record(
        TransferToWalletSent(
            trading_account_id=desk.account.id,
            client_id=desk.account.client_id,
            wallet_id=wallet_id,
            transfer_id=transfer.id,
            amount_minor=amount.minor,
            currency=desk.account.currency,
        ),
        subject=(SUBJECT, desk.account.id),
    )
    return TransferSent(transfer_id=transfer.id, amount=amount, cash=desk.cash - amount)


def _refuse_wallet(desk: Desk, wallet_id: UUID, amount: Money) -> None:
    """What leaves must be able to arrive: the wallet is the client's, and one currency goes all the way."""
    wallet = wallet_of_client(desk.account.client_id, wallet_id)
    if wallet is None:
        raise Refusal("wallet-unknown", "There is no wallet of yours by this id.", status=404)
    if not amount.currency.code == desk.currency.code == wallet.currency:
        raise Refusal(
            "currency-differs",
            f"This account is kept in {desk.currency}, the wallet in {wallet.currency}.",
            status=422,
            rule="one-currency",
            asked=amount.currency.code,
            wallet=wallet.currency,
            threshold=desk.currency.code,
        )


def receive_from_wallet(sent: SentFromWallet) -> None:
    """Take in what a wallet sent: to the account that it's meant for, or to the client's suspense account.

    Never refuses. A blocked client's account still takes credits; one that is unknown, closed, another
    client's or in another currency can't, and a fact says so.
    """
    inside_decision("trading")
    giver = house_account(sent.in_transit)
    account = _locked(sent.meant_for)
    why = _why_not(account, sent, giver.currency.code)
    if account is None or why:
        _suspend(sent, giver.entity, giver.currency.code, why or "unknown-account")
        return
    book = Book("trading")
    transfer = book.post(
        debit=book.house(HousePurpose.IN_TRANSIT_IN, entity=giver.entity, currency=giver.currency.code),
        credit=account.account_number,
        amount=sent.amount_minor,
        code=TransferCode.TO_TRADING_RECEIVED,
        client_id=account.client_id,
        reference=account.id,
    )
    tell_cash(
        account,
        amount=Money(sent.amount_minor, giver.currency),
        transfer_id=transfer.id,
        code=TransferCode.TO_TRADING_RECEIVED,
        reference=account.id,
    )


def _locked(trading_account_id: UUID | None) -> TradingAccount | None:
    if trading_account_id is None:
        return None
    return account_for_update.first(trading_account_id)


def _why_not(account: TradingAccount | None, sent: SentFromWallet, currency: str) -> str:
    """Why the money can't go where it's meant to, as a code; empty when it can."""
    if account is None:
        return "unknown-account"
    if account.client_id != sent.client_id:
        return "other-client"
    if account.status == TradingAccount.Status.CLOSED:
        return "closed-account"
    return "" if account.currency == currency else "other-currency"


def _suspend(sent: SentFromWallet, entity: int, currency: str, why: str) -> None:
    book = Book("trading")
    suspense = book.open_account(client_id=sent.client_id, kind=AccountKind.SUSPENSE, currency=currency)
    book.post(
        debit=book.house(HousePurpose.IN_TRANSIT_IN, entity=entity, currency=currency),
        credit=suspense,
        amount=sent.amount_minor,
        code=TransferCode.TO_SUSPENSE,
        client_id=sent.client_id,
        reference=sent.meant_for,
    )
    record(
        TransferSuspended(
            client_id=sent.client_id,
            meant_for=sent.meant_for,
            account_number=suspense,
            source_transfer_id=sent.transfer_id,
            amount_minor=sent.amount_minor,
            currency=currency,
            why=why,
        ),
        subject=("client", sent.client_id),
    )

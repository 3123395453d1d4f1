"""Money between the books: sent to a trading account, received from one.

The giver decides everything under its own lock, the receiver never refuses: trading follows the transfers that are sent
here, and what trading sent is taken in by `receive_from_trading`. The other half is `trading/services/transfers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog import record
from fintech.facts.payments import (
    TransferFromTradingReceived,
    TransferFromTradingSuspended,
    TransferToTradingSent,
)
from fintech.journal import inside_decision, verb
from fintech.ledger.accounts import HOUSE_CLIENT_ID, AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HouseAccount, HousePurpose, house_account
from fintech.ledger.money import Money
from fintech.ledger.refusals import InsufficientFunds
from fintech.ledger.transfer_codes import TransferCode
from payments.models import Wallet, WalletTransfer
from payments.services import refusals
from payments.services.standing import active_standing
from payments.services.wallets import find_or_open, house, locked_wallet, require_currency

TO_TRADING = "transfer"


@dataclass(frozen=True, kw_only=True)
class SentByTrading:
    """A transfer of the trading book into its in-transit account: money that has left there and belongs here now.

    `in_transit` is the credited account, `reference` the wallet that it's meant for, or a broker for a commission.
    `client_id` is the nil id where both sides were the house's.
    """

    transfer_id: int
    client_id: UUID
    in_transit: int
    amount_minor: int
    code: TransferCode
    reference: UUID | None


@verb("payments")
def send_to_trading(*, key: str, client_id: UUID, wallet_id: UUID, trading_account_id: UUID, amount: Money) -> UUID:
    """Send money of a wallet to a trading account of the same client; gives the transfer's id.

    Locks the wallet. Refuses a client who isn't active, another currency and more than is available. Whether there is
    such an account trading finds out: what can't be credited there waits in the client's suspense account. Records
    TransferToTradingSent.
    """
    decision = inside_decision("payments")
    active_standing(client_id)
    wallet = locked_wallet(wallet_id, client_id=client_id)
    require_currency(wallet, amount)
    book = Book("payments")
    try:
        transfer = book.post(
            debit=wallet.account_number,
            credit=house(HousePurpose.IN_TRANSIT_OUT, wallet),
            amount=amount.minor,
            code=TransferCode.TO_TRADING_SENT,
            client_id=client_id,
            reference=trading_account_id,
        )
    except InsufficientFunds:
        raise refusals.insufficient_funds(amount, book.balance(wallet.account_number)) from None
    sent = WalletTransfer.objects.create(
        wallet=wallet,
        client_id=client_id,
        direction=WalletTransfer.Direction.TO_TRADING,
        cause=TO_TRADING,
        trading_account_id=trading_account_id,
        amount_minor=amount.minor,
        currency=wallet.currency,
        transfer_id=transfer.id,
        recorded_at=decision.recorded_at,
    )
    record(
        TransferToTradingSent(
            wallet_transfer_id=sent.id,
            wallet_id=wallet.id,
            client_id=client_id,
            trading_account_id=trading_account_id,
            transfer_id=transfer.id,
            amount_minor=amount.minor,
            currency=wallet.currency,
        ),
        subject=("wallet", wallet.id),
    )
    return sent.id


def receive_from_trading(sent: SentByTrading) -> None:
    """Take in what trading sent: into the wallet that it's meant for, or into the client's suspense account.

    Never refuses. A broker's commission opens the broker's wallet if need be; money meant for a wallet that is unknown,
    another client's or in another currency waits in suspense, and a fact says so.
    """
    inside_decision("payments")
    giver = house_account(sent.in_transit)
    if sent.code is TransferCode.IB_PAYOUT and sent.reference is not None:
        wallet = find_or_open(client_id=sent.reference, currency=giver.currency.code, entity=_entity_code(giver.entity))
        _credit(wallet, sent, giver)
        return
    meant_for = Wallet.objects.filter(pk=sent.reference).first() if sent.reference else None
    why = _why_not(meant_for, sent, giver)
    if meant_for is None or why:
        _suspend(sent, giver, why or "unknown-wallet")
    else:
        _credit(meant_for, sent, giver)


def _credit(wallet: Wallet, sent: SentByTrading, giver: HouseAccount) -> None:
    book = Book("payments")
    transfer = book.post(
        debit=book.house(HousePurpose.IN_TRANSIT_IN, entity=giver.entity, currency=wallet.currency),
        credit=wallet.account_number,
        amount=sent.amount_minor,
        code=TransferCode.TO_WALLET_RECEIVED,
        client_id=wallet.client_id,
        reference=wallet.id,
    )
    received = WalletTransfer.objects.create(
        id=uuid7(),
        wallet=wallet,
        client_id=wallet.client_id,
        direction=WalletTransfer.Direction.TO_WALLET,
        cause="commission" if sent.code is TransferCode.IB_PAYOUT else "transfer",
        source_transfer_id=sent.transfer_id,
        amount_minor=sent.amount_minor,
        currency=wallet.currency,
        transfer_id=transfer.id,
        recorded_at=transfer.recorded_at,
    )
    record(
        TransferFromTradingReceived(
            wallet_transfer_id=received.id,
            wallet_id=wallet.id,
            client_id=wallet.client_id,
            source_transfer_id=sent.transfer_id,
            transfer_id=transfer.id,
            amount_minor=sent.amount_minor,
            currency=wallet.currency,
            cause=received.cause,
        ),
        subject=("wallet", wallet.id),
    )


def _why_not(wallet: Wallet | None, sent: SentByTrading, giver: HouseAccount) -> str:
    """Why the money can't go where it's meant to, as a code; empty when it can."""
    if wallet is None:
        return "unknown-wallet"
    if wallet.client_id != sent.client_id:
        return "other-client"
    return "" if wallet.currency == giver.currency.code else "other-currency"


def _suspend(sent: SentByTrading, giver: HouseAccount, why: str) -> None:
    # Money that no client stands beside is kept under what it's meant for, until somebody has found out.
    owner = sent.client_id if sent.client_id != HOUSE_CLIENT_ID else sent.reference
    if owner is None:
        raise LookupError(f"transfer {sent.transfer_id} of trading says neither whose money it is nor what for")
    book = Book("payments")
    suspense = book.open_account(client_id=owner, kind=AccountKind.SUSPENSE, currency=giver.currency.code)
    book.post(
        debit=book.house(HousePurpose.IN_TRANSIT_IN, entity=giver.entity, currency=giver.currency.code),
        credit=suspense,
        amount=sent.amount_minor,
        code=TransferCode.TO_SUSPENSE,
        client_id=owner,
        reference=sent.reference,
    )
    record(
        TransferFromTradingSuspended(
            client_id=owner,
            meant_for=sent.reference,
            account_number=suspense,
            source_transfer_id=sent.transfer_id,
            amount_minor=sent.amount_minor,
            currency=giver.currency.code,
            why=why,
        ),
        subject=("client", owner),
    )


def _entity_code(ledger_number: int) -> str:
    """The regulatory entity of this number in house accounts; its first one for a number that is nobody's."""
    entities = current_cell().jurisdiction.entities
    return next((entity.code for entity in entities if entity.ledger_number == ledger_number), entities[0].code)

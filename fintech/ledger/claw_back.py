"""Taking money back from a client: what is there, and the rest as a debt."""

from __future__ import annotations

from collections.abc import Sequence

from fintech.ledger.accounts import AccountKind, account_currency
from fintech.ledger.balances import ClawBack
from fintech.ledger.book import Book
from fintech.ledger.transfer_codes import TransferCode
from fintech.ledger.transfers import Leg


def claw_back(
    book: Book,
    *,
    account: int,
    amount: int,
    credit: int,
    code: TransferCode = TransferCode.CHARGEBACK,
    debt_code: TransferCode = TransferCode.DEBT_INCURRED,
    unsent_holds: Sequence[int] = (),
) -> ClawBack:
    """Take `amount` back from a client's account to a house account; what isn't there becomes a debt.

    Holds among `unsent_holds` (those of withdrawals not yet sent to a PSP) are cancelled whole, in their
    order, as long as what is available doesn't cover the amount; the caller tells their withdrawals. Never
    refuses for lack of money. Takes its own locks, so it comes before all else that its decision posts.
    """
    client_id = book.account(account).client_id
    debt_account = book.open_account(
        client_id=client_id, kind=AccountKind.DEBT, currency=account_currency(account).code
    )
    book.lock(account, debt_account)
    available = book.balance(account).available
    cancelled: list[int] = []
    for hold in unsent_holds:
        if available >= amount:
            break
        available += book.release_hold(hold)
        cancelled.append(hold)
    taken = min(max(available, 0), amount)
    owed = amount - taken
    legs = [
        Leg(debit=debit, credit=credit, amount=part, code=why, client_id=client_id)
        for debit, part, why in ((account, taken, code), (debt_account, owed, debt_code))
        if part
    ]
    book.post_linked(legs)
    return ClawBack(cancelled_holds=tuple(cancelled), taken=taken, owed=owed, debt_account=debt_account)

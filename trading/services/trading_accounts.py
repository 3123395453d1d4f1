"""Opening and closing trading accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fintech.cells import current_cell
from fintech.factlog import record
from fintech.facts.trading import TradingAccountClosed, TradingAccountOpened
from fintech.journal import Refusal, verb
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from trading.models import TradingAccount
from trading.selectors.positions import open_positions
from trading.services.cash import SUBJECT, cash_of
from trading.services.desk import database_time, lock_account, may_act_for
from trading.services.standing import require_standing

MAXIMUM_LEVERAGE: Final = 500
"""What a client may ask for; what they get is the lower of it and the jurisdiction's cap."""


@dataclass(frozen=True, kw_only=True)
class AccountOpened:
    """The new account, and the number of its cash account in the ledger."""

    trading_account_id: UUID
    account_number: int


@verb("trading")
def open_trading_account(
    *,
    key: str,
    client_id: UUID,
    currency: str,
    leverage: int,
    kind: TradingAccount.Kind = TradingAccount.Kind.NETTING,
) -> AccountOpened:
    """Open a trading account for a client.

    Refuses another client's, a client who may not trade (or whose standing isn't known up to the last 5 s), a
    currency that the jurisdiction doesn't offer, a leverage out of bounds, and hedging accounts, which aren't
    offered yet. Writes the account and its cash account; records TradingAccountOpened.
    """
    if not may_act_for(client_id):
        raise Refusal("client-unknown", "There is no such client.", status=404)
    now = database_time()
    standing = require_standing(client_id, now=now)
    _refuse_terms(currency, leverage, kind)
    number = Book("trading").open_account(client_id=client_id, kind=AccountKind.TRADING_CASH, currency=currency)
    account = TradingAccount.objects.create(
        client_id=client_id,
        entity=standing.entity,
        account_number=number,
        currency=currency,
        kind=kind,
        leverage=leverage,
        opened_at=now,
    )
    record(
        TradingAccountOpened(
            trading_account_id=account.id,
            client_id=client_id,
            entity=standing.entity,
            account_number=number,
            currency=currency,
            kind=str(kind),
            leverage=leverage,
        ),
        subject=(SUBJECT, account.id),
    )
    return AccountOpened(trading_account_id=account.id, account_number=number)


@verb("trading")
def close_trading_account(*, key: str, trading_account_id: UUID) -> None:
    """Close an account for good. Refuses one with open positions or with cash; records TradingAccountClosed.

    Money that is still on its way to it from a wallet goes to the client's suspense account when it comes.
    """
    account = lock_account(trading_account_id)
    cash = cash_of(account)
    if cash or open_positions(account.id).exists():
        raise Refusal(
            "trading-account-in-use",
            "An account is closed once it holds neither positions nor cash.",
            rule="closed-when-empty",
            cash=cash.wire,
            open_positions=open_positions(account.id).count(),
        )
    account.status, account.closed_at = TradingAccount.Status.CLOSED, database_time()
    account.save(update_fields=["status", "closed_at"])
    record(
        TradingAccountClosed(trading_account_id=account.id, client_id=account.client_id),
        subject=(SUBJECT, account.id),
    )


def _refuse_terms(currency: str, leverage: int, kind: TradingAccount.Kind) -> None:
    offered = [unit.code for unit in current_cell().jurisdiction.base_currencies]
    if currency not in offered:
        raise Refusal(
            "currency-not-offered",
            f"Accounts are offered in {', '.join(offered)}.",
            status=422,
            rule="base-currencies",
            currency=currency,
            threshold=offered,
        )
    if not 1 <= leverage <= MAXIMUM_LEVERAGE:
        raise Refusal(
            "leverage-not-offered",
            f"An account's own leverage is from 1 to {MAXIMUM_LEVERAGE}.",
            status=422,
            rule="account-leverage",
            leverage=leverage,
            threshold=MAXIMUM_LEVERAGE,
        )
    if kind is not TradingAccount.Kind.NETTING:
        raise Refusal(
            "hedging-not-offered",
            "Hedging accounts aren't offered yet: open a netting account, which holds one position per instrument.",
            status=422,
            rule="account-kinds",
            kind=str(kind),
            threshold=[TradingAccount.Kind.NETTING.value],
        )

"""Reading wallets, their balances from the ledger, and transfers to and from trading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from fintech.ledger.balances import Balance
from fintech.ledger.book import Book
from fintech.ledger.currencies import currency
from fintech.ledger.money import Money
from payments.models import Wallet, WalletTransfer


@dataclass(frozen=True, kw_only=True)
class WalletBalance:
    """A wallet with what the ledger says of it."""

    wallet: Wallet
    balance: Money
    held: Money
    available: Money


def wallets_of_client(client_id: UUID) -> QuerySet[Wallet]:
    """A client's wallets."""
    return Wallet.objects.filter(client_id=client_id)


def wallet_of_client(client_id: UUID, wallet_id: UUID) -> Wallet | None:
    """One wallet, if it is this client's. Other concerns ask here before they send money to it."""
    return wallets_of_client(client_id).filter(pk=wallet_id).first()


def balance_of(wallet: Wallet) -> WalletBalance:
    """A wallet's balance at this moment."""
    (found,) = balances_of([wallet])
    return found


def balances_of(wallets: Iterable[Wallet]) -> list[WalletBalance]:
    """The balances of several wallets, in one look at the ledger."""
    listed = list(wallets)
    found = Book("payments").balances([wallet.account_number for wallet in listed])
    return [_told(wallet, found[wallet.account_number]) for wallet in listed]


def _told(wallet: Wallet, found: Balance) -> WalletBalance:
    unit = currency(wallet.currency)
    return WalletBalance(
        wallet=wallet,
        balance=Money(found.posted, unit),
        held=Money(found.held, unit),
        available=Money(found.available, unit),
    )


def transfers_of_client(client_id: UUID) -> QuerySet[WalletTransfer]:
    """A client's transfers to and from trading."""
    return WalletTransfer.objects.filter(client_id=client_id)

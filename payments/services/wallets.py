"""Opening wallets."""

from __future__ import annotations

from uuid import UUID

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.cells.prepared_look_ups import PreparedLookUp
from fintech.factlog import record
from fintech.facts.payments import WalletOpened
from fintech.journal import inside_decision, verb
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from payments.models import Wallet
from payments.services import refusals
from payments.services.standing import active_standing


@verb("payments")
def open_wallet(*, key: str, client_id: UUID, currency: str) -> UUID:
    """Open a client's wallet in a base currency of the jurisdiction; the one that is there already is found.

    Refuses other currencies, and clients who are suspended or gone.
    """
    standing = active_standing(client_id)
    if currency not in {offered.code for offered in current_cell().jurisdiction.base_currencies}:
        raise refusals.currency_not_offered(currency)
    return find_or_open(client_id=client_id, currency=currency, entity=standing.entity).id


def find_or_open(*, client_id: UUID, currency: str, entity: str) -> Wallet:
    """The client's wallet in this currency, opened if there is none."""
    decision = inside_decision("payments")
    wallet = Wallet.objects.filter(client_id=client_id, currency=currency).first()
    if wallet is not None:
        return wallet
    number = Book("payments").open_account(client_id=client_id, kind=AccountKind.WALLET, currency=currency)
    wallet = Wallet(
        id=uuid7(),
        client_id=client_id,
        entity=entity,
        currency=currency,
        account_number=number,
        opened_at=decision.recorded_at,
    )
    # Two decisions that open the same wallet at one moment end with one wallet, and one fact.
    Wallet.objects.bulk_create([wallet], ignore_conflicts=True)
    opened = Wallet.objects.get(client_id=client_id, currency=currency)
    if opened.id == wallet.id:
        record(
            WalletOpened(
                wallet_id=wallet.id,
                client_id=client_id,
                entity=entity,
                currency=currency,
                account_number=number,
            ),
            subject=("wallet", wallet.id),
        )
    return opened


def locked_wallet(wallet_id: UUID, *, client_id: UUID | None = None) -> Wallet:
    """The wallet's row under lock for the rest of the decision. Refuses an unknown one, and another client's."""
    inside_decision("payments")
    wallet = _wallet_for_update.first(wallet_id)
    if wallet is None or client_id not in (None, wallet.client_id):
        raise refusals.wallet_unknown()
    return wallet


# A key lock would be enough for references to the row; this one lets those through and nobody else.
_wallet_for_update = PreparedLookUp(
    lambda wallet_id: Wallet.objects.select_for_update(no_key=True).filter(pk=wallet_id)
)


def require_currency(wallet: Wallet, amount: Money) -> None:
    """Refuse an amount of another currency than the wallet's."""
    if amount.currency.code != wallet.currency:
        raise refusals.currency_differs(amount, wallet.currency)


def house(purpose: HousePurpose, wallet: Wallet) -> int:
    """The house account that a wallet's money moves against: of its entity, in its currency."""
    entity = current_cell().jurisdiction.entity(wallet.entity).ledger_number
    return Book("payments").house(purpose, entity=entity, currency=wallet.currency)

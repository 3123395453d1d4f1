"""A client's money goes from the wallet into trading, earns something, and comes back."""

from __future__ import annotations

from uuid import UUID, uuid4

from crm.tests.portal import App, answers
from fintech.journal import verb
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from payments.models import Wallet
from trading.tests.dealing_room import DealingRoom


@verb("payments")
def pay_in(*, key: str, wallet_id: UUID, amount: Money) -> None:
    """An opening balance, such as a migration from elsewhere books."""
    wallet = Wallet.objects.get(id=wallet_id)
    book = Book("payments")
    book.post(
        debit=book.house(HousePurpose.OPENING, entity=1, currency=wallet.currency),
        credit=wallet.account_number,
        amount=amount.minor,
        code=TransferCode.OPENING_BALANCE,
        client_id=wallet.client_id,
    )


def in_transit() -> dict[str, int]:
    """What each direction's giver has sent less what its receiver has taken in."""
    books = {concern: Book(concern) for concern in ("payments", "trading")}

    def posted(concern: str, purpose: HousePurpose) -> int:
        book = books[concern]
        return book.balance(book.house(purpose, entity=1, currency="USD")).posted

    return {
        "to trading": posted("payments", HousePurpose.IN_TRANSIT_OUT) + posted("trading", HousePurpose.IN_TRANSIT_IN),
        "to wallets": posted("trading", HousePurpose.IN_TRANSIT_OUT) + posted("payments", HousePurpose.IN_TRANSIT_IN),
    }


def test_from_the_wallet_into_trading_and_back_with_the_profit(fresh_room: DealingRoom) -> None:
    app = App().registered()
    app.post("appropriateness-tests", answers(app))
    app.post("risk-warning-acceptances", {"version": app.get("risk-warning")["version"]})
    fresh_room.settle()
    wallet = app.post("wallets", {"currency": "USD"}).json()
    pay_in(key=str(uuid4()), wallet_id=wallet["id"], amount=Money.of("1000.00", "USD"))
    account = app.post("trading-accounts", {"currency": "USD", "leverage": 30}).json()

    sent = app.post(
        "transfers",
        {
            "direction": "to_trading",
            "wallet_id": wallet["id"],
            "trading_account_id": account["id"],
            "amount": {"amount": "600.00", "currency": "USD"},
        },
    )
    assert sent.status_code == 201, sent.content
    assert in_transit() == {"to trading": 60_000, "to wallets": 0}
    fresh_room.settle()
    assert app.get(f"trading-accounts/{account['id']}")["cash"]["amount"] == "600.00"

    fresh_room.quote("EURUSD", "1.10000", "1.10000")
    order = {"trading_account_id": account["id"], "instrument": "EURUSD", "volume": "0.10"}
    assert app.post("orders", {**order, "side": "buy"}).status_code == 201
    fresh_room.quote("EURUSD", "1.10250", "1.10260")
    assert app.post("orders", {**order, "side": "sell"}).json()["realised"]["amount"] == "25.00"

    back = app.post(
        f"trading-accounts/{account['id']}/transfers",
        {"wallet_id": wallet["id"], "amount": {"amount": "625.00", "currency": "USD"}},
    )
    assert back.status_code == 201, back.content
    assert in_transit() == {"to trading": 0, "to wallets": 62_500}
    fresh_room.settle()

    (seen,) = app.get("wallets")["items"]
    assert seen["available"]["amount"] == "1025.00"
    assert app.get(f"trading-accounts/{account['id']}")["cash"]["amount"] == "0.00"
    assert in_transit() == {"to trading": 0, "to wallets": 0}
    assert Book("trading").replay().agrees
    assert Book("payments").replay().agrees

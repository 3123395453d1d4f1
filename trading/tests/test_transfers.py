"""Money between trading accounts and wallets: the giver decides, the receiver never refuses."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from fintech.cells import current_cell
from fintech.cells.identifiers import uuid7
from fintech.factlog.reading import read_subject
from fintech.journal import verb
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from fintech.ledger.house_accounts import HousePurpose
from fintech.ledger.money import Money
from fintech.ledger.transfer_codes import TransferCode
from payments.services.wallets import find_or_open
from trading.selectors.market import read_market
from trading.services.trading_accounts import close_trading_account
from trading.services.transfers import TransferSent, send_to_wallet
from trading.tests.dealing_room import DealingRoom, Trader, refusal_of


@verb("payments")
def leave_wallet(*, key: str, client_id: UUID, meant_for: UUID, amount: Money) -> None:
    """What payments books when a wallet sends money to a trading account."""
    book = Book("payments")
    wallet = book.open_account(client_id=client_id, kind=AccountKind.WALLET, currency=amount.currency.code)
    for debit, credit, code, reference in (
        (book.house(HousePurpose.OPENING, entity=1, currency=amount.currency.code), wallet, "OPENING_BALANCE", None),
        (
            wallet,
            book.house(HousePurpose.IN_TRANSIT_OUT, entity=1, currency=amount.currency.code),
            "TO_TRADING_SENT",
            meant_for,
        ),
    ):
        book.post(
            debit=debit,
            credit=credit,
            amount=amount.minor,
            code=TransferCode[code],
            client_id=client_id,
            reference=reference,
        )


def in_transit_in(currency: str) -> int:
    book = Book("trading")
    return book.balance(book.house(HousePurpose.IN_TRANSIT_IN, entity=1, currency=currency)).posted


def sent(room: DealingRoom, client_id: UUID, meant_for: UUID, amount: str, currency: str = "USD") -> None:
    leave_wallet(key=str(uuid7()), client_id=client_id, meant_for=meant_for, amount=Money.of(amount, currency))
    room.settle()


def suspended(client_id: UUID) -> list[dict[str, object]]:
    found = read_subject("trading", ("client", str(client_id)), after_seq=0, limit=10)
    return [dict(fact.data) for fact in found if fact.kind == "trading.transfer.suspended"]


@verb("payments")
def have_wallet(*, key: str, client_id: UUID, currency: str) -> UUID:
    """A client's wallet."""
    entity = current_cell().jurisdiction.entities[0].code
    return find_or_open(client_id=client_id, currency=currency, entity=entity).id


def wallet_of(trader: Trader, currency: str = "USD") -> UUID:
    return have_wallet(key=str(uuid7()), client_id=trader.client_id, currency=currency)


def back(trader: Trader, amount: str, currency: str = "USD", *, to: UUID | None = None) -> TransferSent:
    return send_to_wallet(
        key=str(uuid7()),
        trading_account_id=trader.account.id,
        wallet_id=to or wallet_of(trader),
        amount=Money.of(amount, currency),
        market=read_market(),
    )


def test_what_a_wallet_sends_arrives_once_in_the_account_it_is_meant_for(room: DealingRoom) -> None:
    trader = room.trader("0.00")
    before = in_transit_in("USD")

    sent(room, trader.client_id, trader.account.id, "250.00")
    room.settle()

    assert trader.cash == 25_000
    assert in_transit_in("USD") == before - 25_000
    facts = read_subject("trading", ("trading_account", str(trader.account.id)), after_seq=0, limit=10)
    assert (facts[-1].kind, facts[-1].data["cause"]) == ("trading.cash.changed", "to-trading-received")


def test_a_suspended_clients_account_still_takes_what_is_on_its_way(room: DealingRoom) -> None:
    trader = room.trader("0.00")
    room.change_standing(trader.client_id, status="suspended")

    sent(room, trader.client_id, trader.account.id, "250.00")

    assert trader.cash == 25_000


def test_money_that_cannot_go_where_it_was_meant_to_waits_in_suspense_and_a_fact_says_why(room: DealingRoom) -> None:
    trader, other = room.trader("0.00"), room.trader("0.00")
    closed = room.trader("0.00")
    close_trading_account(key=str(uuid7()), trading_account_id=closed.account.id)

    for client_id, meant_for, currency, why in (
        (trader.client_id, uuid7(), "USD", "unknown-account"),
        (trader.client_id, other.account.id, "USD", "other-client"),
        (trader.client_id, trader.account.id, "EUR", "other-currency"),
        (closed.client_id, closed.account.id, "USD", "closed-account"),
    ):
        sent(room, client_id, meant_for, "10.00", currency)
        assert suspended(client_id)[-1]["why"] == why
    balances = {
        account.currency.code: Book("trading").balance(account.number).posted
        for account in Book("trading").accounts_of(trader.client_id)
        if account.kind is AccountKind.SUSPENSE
    }
    assert balances == {"USD": 2_000, "EUR": 1_000}
    assert (trader.cash, other.cash) == (0, 0)


def test_all_cash_may_leave_an_account_with_nothing_open_and_not_a_cent_more(room: DealingRoom) -> None:
    trader = room.trader("100.00")

    refusal = refusal_of(back, trader, "100.01")

    assert (refusal.code, refusal.params["threshold"]) == (
        "above-withdrawable",
        {"amount": "100.00", "currency": "USD"},
    )
    assert back(trader, "100.00").cash.minor == 0
    assert trader.cash == 0


def test_with_something_open_the_margin_stays(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("1.00")
    room.quote("EURUSD", "1.10100", "1.10110")

    # Equity 5,100.00 less margin 3,666.67.
    assert refusal_of(back, trader, "1433.34").params["threshold"] == {"amount": "1433.33", "currency": "USD"}
    assert back(trader, "1433.33").amount.minor == 143_333


def test_floating_profit_is_not_cash(room: DealingRoom) -> None:
    trader = room.trader("400.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.10")
    room.quote("EURUSD", "1.20000", "1.20010")

    assert refusal_of(back, trader, "400.01").params["threshold"] == {"amount": "400.00", "currency": "USD"}


def test_nothing_leaves_while_something_open_has_no_fresh_quote(room: DealingRoom) -> None:
    trader = room.trader("5000.00")
    room.quote("EURUSD", "1.10000", "1.10000")
    trader.buy("0.10")
    room.quote("EURUSD", "1.10000", "1.10000", age=timedelta(seconds=6))

    assert refusal_of(back, trader, "1.00").code == "stale-quote"


def test_money_moves_between_accounts_of_one_currency(room: DealingRoom) -> None:
    trader = room.trader("100.00")

    assert refusal_of(back, trader, "1.00", "EUR").code == "currency-differs"
    assert refusal_of(back, trader, "1.00", to=wallet_of(trader, "EUR")).code == "currency-differs"


def test_money_goes_to_no_wallet_but_the_clients_own(room: DealingRoom) -> None:
    trader, other = room.trader("100.00"), room.trader("100.00")

    assert refusal_of(back, trader, "1.00", to=wallet_of(other)).code == "wallet-unknown"


def test_what_is_sent_stands_in_the_book_with_the_wallet_it_goes_to(room: DealingRoom) -> None:
    trader = room.trader("100.00")
    wallet_id = wallet_of(trader)

    answer = back(trader, "40.00", to=wallet_id)

    (transfer,) = [
        item for item in Book("trading").latest(trader.account.account_number) if item.id == answer.transfer_id
    ]
    assert (transfer.code, transfer.reference, transfer.client_id) == (
        TransferCode.TO_WALLET_SENT,
        wallet_id,
        trader.client_id,
    )

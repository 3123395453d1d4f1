"""Opening and closing trading accounts."""

from __future__ import annotations

from uuid import UUID

import pytest

from fintech.cells import Actor, acting_as
from fintech.cells.identifiers import uuid7
from fintech.factlog.reading import read_subject
from fintech.ledger.accounts import AccountKind
from fintech.ledger.book import Book
from trading.models import TradingAccount
from trading.services.trading_accounts import AccountOpened, close_trading_account, open_trading_account
from trading.tests.dealing_room import DealingRoom, refusal_of


def opened(client_id: UUID, **terms: object) -> AccountOpened:
    asked: dict[str, object] = {"currency": "USD", "leverage": 30, **terms}
    return open_trading_account(key=str(uuid7()), client_id=client_id, **asked)  # type: ignore[arg-type]


def test_a_client_who_may_trade_opens_an_account_with_cash_in_the_ledger(room: DealingRoom) -> None:
    client_id = room.client()

    with acting_as(Actor.client(client_id)):
        answer = opened(client_id, currency="EUR")

    account = TradingAccount.objects.get(id=answer.trading_account_id)
    cash = Book("trading").account(answer.account_number)
    assert (account.account_number, account.entity, account.kind) == (cash.number, "eu-main", "netting")
    assert (cash.kind, cash.client_id, cash.currency.code) == (AccountKind.TRADING_CASH, client_id, "EUR")
    (fact,) = read_subject("trading", ("trading_account", str(account.id)), after_seq=0, limit=10)
    assert (fact.kind, fact.data["account_number"]) == ("trading.account.opened", cash.number)


@pytest.mark.parametrize(
    ("standing", "rule"),
    [
        ({"may_trade": False}, "appropriateness-and-risk-warning"),
        ({"status": "suspended"}, "status-active"),
        ({"verified": False, "risk": "medium"}, "identity-verified"),
    ],
)
def test_a_client_who_may_not_trade_opens_none(room: DealingRoom, standing: dict[str, object], rule: str) -> None:
    refusal = refusal_of(opened, room.client(**standing))

    assert (refusal.code, refusal.params["rule"]) == ("may-not-trade", rule)


def test_before_identity_is_proved_a_low_risk_client_may_deal_where_they_may_deposit(room: DealingRoom) -> None:
    assert opened(room.client(verified=False, risk="low")).account_number > 0


def test_a_client_whom_trading_has_not_heard_of_opens_none(room: DealingRoom) -> None:
    room.settle()

    assert refusal_of(opened, uuid7()).code == "standing-unknown"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"kind": TradingAccount.Kind.HEDGING}, "hedging-not-offered"),
        ({"currency": "JPY"}, "currency-not-offered"),
        ({"leverage": 501}, "leverage-not-offered"),
    ],
)
def test_terms_that_are_not_offered_are_refused(room: DealingRoom, terms: dict[str, object], code: str) -> None:
    assert refusal_of(opened, room.client(), **terms).code == code


def test_nobody_opens_an_account_for_somebody_else(room: DealingRoom) -> None:
    client_id = room.client()

    with acting_as(Actor.client(room.client())):
        assert refusal_of(opened, client_id).code == "client-unknown"


def test_an_account_with_money_or_positions_is_not_closed(room: DealingRoom) -> None:
    trader = room.trader("100.00")

    refusal = refusal_of(close_trading_account, key=str(uuid7()), trading_account_id=trader.account.id)

    assert (refusal.code, refusal.params["cash"]) == (
        "trading-account-in-use",
        {"amount": "100.00", "currency": "USD"},
    )


def test_a_closed_account_takes_no_orders(room: DealingRoom) -> None:
    trader = room.trader("0.00")
    close_trading_account(key=str(uuid7()), trading_account_id=trader.account.id)
    room.quote("EURUSD", "1.09990", "1.10000")

    assert refusal_of(trader.buy, "0.01").code == "trading-account-closed"

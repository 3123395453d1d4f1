"""What the hottest requests of trading cost in statements. More than that is to be decided on, not to slip in.

Savepoints count, transactions' own BEGIN and COMMIT don't. Two of each are the signed-in client's: session and user.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.tests.portal import App, answers
from fintech.ledger.money import Money
from tests.query_counts import statements
from trading.tests.dealing_room import DealingRoom, bring_in


@pytest.fixture
def app(room: DealingRoom) -> App:
    """A client with everything that comes before trading."""
    app = App().registered()
    app.post("appropriateness-tests", answers(app))
    app.post("risk-warning-acceptances", {"version": app.get("risk-warning")["version"]})
    room.settle()
    return app


@pytest.fixture
def account(room: DealingRoom, app: App) -> dict[str, Any]:
    account: dict[str, Any] = app.post("trading-accounts", {"currency": "USD", "leverage": 500}).json()
    bring_in(key=str(uuid4()), trading_account_id=account["id"], amount=Money.of("50000.00", "USD"))
    return account


def cost(room: DealingRoom, app: App, path: str, body: dict[str, Any] | None = None) -> int:
    room.settle()
    room.quote("EURUSD", "1.09990", "1.10000")
    headers = {"Idempotency_Key": str(uuid4())} if body is not None else {}
    with statements() as sent:
        response = app.call("GET" if body is None else "POST", f"/api/v1/{path}", body, **headers)
    assert response.status_code in (200, 201), response.content
    print(sent)  # shown when the number isn't as it should be
    return len(sent)


def test_an_order_costs_the_same_whatever_was_dealt_before(
    room: DealingRoom, app: App, account: dict[str, Any]
) -> None:
    order = {"trading_account_id": account["id"], "instrument": "EURUSD", "side": "buy", "volume": "0.10"}
    first = cost(room, app, "orders", order)
    for _ in range(3):
        cost(room, app, "orders", order)
    assert cost(room, app, "orders", order) <= first + 1
    assert first <= 21


def test_what_is_shown_while_dealing(room: DealingRoom, app: App, account: dict[str, Any]) -> None:
    order = {"trading_account_id": account["id"], "instrument": "EURUSD", "side": "buy", "volume": "0.10"}
    for _ in range(3):
        cost(room, app, "orders", order)
    paths = {
        "positions": 6,
        f"orders?trading_account_id={account['id']}": 4,
        "trading-accounts": 8,
        f"statements?trading_account_id={account['id']}": 5,
        "quotes": 4,
    }
    found = {path: cost(room, app, path) for path in paths}
    assert {path: number for path, number in found.items() if number > paths[path]} == {}


def test_a_feed_ticket(room: DealingRoom, app: App, account: dict[str, Any]) -> None:
    assert cost(room, app, "feed-tickets", {}) <= 2

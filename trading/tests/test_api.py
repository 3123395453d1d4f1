"""Trading through its door: what a client's app sends and gets."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse

from crm.tests.portal import App, answers
from fintech.ledger.money import Money
from trading.services.feed_tickets import redeem_ticket
from trading.tests.dealing_room import DealingRoom, bring_in


@pytest.fixture
def app(room: DealingRoom) -> App:
    """A client who did what comes before trading, in the portal."""
    app = App().registered()
    app.post("appropriateness-tests", answers(app))
    app.post("risk-warning-acceptances", {"version": app.get("risk-warning")["version"]})
    room.settle()
    return app


def account_with(room: DealingRoom, app: App, cash: str) -> dict[str, Any]:
    room.settle()  # what trading knows of the client must be younger than five seconds
    opened = app.post("trading-accounts", {"currency": "USD", "leverage": 500})
    assert opened.status_code == 201, opened.content
    account: dict[str, Any] = opened.json()
    bring_in(key=str(uuid4()), trading_account_id=account["id"], amount=Money.of(cash, "USD"))
    return account


def ordered(room: DealingRoom, app: App, account: dict[str, Any], volume: str, side: str = "buy") -> HttpResponse:
    order = {"trading_account_id": account["id"], "instrument": "EURUSD", "side": side, "volume": volume}
    room.settle()
    room.quote("EURUSD", "1.09990", "1.10000")
    return app.post("orders", order)


def test_a_client_opens_an_account_deals_and_sees_it_all(room: DealingRoom, app: App) -> None:
    account = account_with(room, app, "5000.00")
    assert account["account_number"].isdecimal()
    assert account["cash"] == {"amount": "0.00", "currency": "USD"}

    placed = ordered(room, app, account, "1.00")

    assert placed.status_code == 201, placed.content
    deal = placed.json()
    assert (deal["outcome"], deal["price"], deal["initial_margin"]["amount"]) == ("opened", "1.1", "3666.67")
    (position,) = app.get("positions")["items"]
    assert (position["volume"], position["margin"]["amount"], position["floating"]["amount"]) == (
        "1",
        "3666.67",
        "-10.00",
    )
    (order,) = app.get(f"orders?trading_account_id={account['id']}")["items"]
    assert order["fill"]["quote_bid"] == "1.0999"
    (seen,) = app.get("trading-accounts")["items"]
    assert (seen["equity"]["amount"], seen["margin_level"], seen["fresh"]) == ("4990.00", "136.09", True)

    closed = app.post(f"positions/{position['id']}/close", {})

    assert (closed.status_code, closed.json()["realised"]["amount"]) == (201, "-10.00")
    assert app.get("positions")["items"] == []
    assert [item["id"] for item in app.get("positions?status=closed")["items"]] == [position["id"]]
    lines = app.get(f"statements?trading_account_id={account['id']}")["items"]
    assert [(line["cause"], line["amount"]["amount"], line["balance"]["amount"]) for line in lines] == [
        ("trading-result", "-10.00", "4990.00"),
        ("opening-balance", "5000.00", "5000.00"),
    ]


def test_an_order_above_margin_is_a_problem_that_names_rule_and_threshold(room: DealingRoom, app: App) -> None:
    account = account_with(room, app, "100.00")

    refused = ordered(room, app, account, "1.00")

    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (409, "/problems/margin-insufficient")
    assert problem["params"]["threshold"] == {"amount": "3666.67", "currency": "USD"}
    assert problem["params"]["rule"].startswith("eu/leverage_caps/")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"volume": 1}, "/volume"),
        ({"volume": "1e2"}, "/volume"),
        ({"volume": "-1"}, "/volume"),
        ({"side": "hold"}, "/side"),
        ({"stop_loss": "1.0"}, "/stop_loss"),
    ],
)
def test_a_malformed_order_is_refused_before_anything_is_judged(
    room: DealingRoom, app: App, change: dict[str, Any], pointer: str
) -> None:
    order = {"trading_account_id": str(uuid4()), "instrument": "EURUSD", "side": "buy", "volume": "1.00", **change}

    refused = app.post("orders", order)

    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_an_order_needs_an_idempotency_key(room: DealingRoom, app: App) -> None:
    assert app.call("POST", "/api/v1/orders", {}).json()["type"] == "/problems/idempotency-key-required"


def test_another_clients_account_is_not_there(room: DealingRoom, app: App) -> None:
    account = account_with(room, app, "100.00")
    other = App().registered()

    assert other.call("GET", f"/api/v1/trading-accounts/{account['id']}").status_code == 404
    assert other.call("GET", f"/api/v1/statements?trading_account_id={account['id']}").status_code == 404
    assert ordered(room, other, account, "0.01").json()["type"] == "/problems/trading-account-unknown"
    assert other.get("trading-accounts")["items"] == []


def test_a_visitor_gets_nothing(room: DealingRoom) -> None:
    for path in ("instruments", "quotes", "trading-accounts", "orders", "positions", "statements"):
        assert App().call("GET", f"/api/v1/{path}").status_code == 401


def test_instruments_and_quotes_are_listed(room: DealingRoom, app: App) -> None:
    room.quote("EURUSD", "1.09990", "1.10000")

    first = app.get("instruments?limit=5")
    euro = next(item for item in app.get("instruments")["items"] if item["symbol"] == "EURUSD")
    quote = next(item for item in app.get("quotes")["items"] if item["instrument"] == "EURUSD")

    assert [item["symbol"] for item in first["items"]] == sorted(item["symbol"] for item in first["items"])
    assert first["next"] is not None
    assert (euro["contract_size"], euro["digits"]) == ("100000", 5)
    assert (quote["bid"], quote["ask"], quote["fresh"]) == ("1.09990", "1.10000", True)


def test_a_feed_ticket_is_the_clients_own(room: DealingRoom, app: App) -> None:
    issued = app.call("POST", "/api/v1/feed-tickets", {})

    assert (issued.status_code, issued["Cache-Control"]) == (201, "no-store")
    assert issued.json()["expires_in_seconds"] == 30
    assert redeem_ticket(issued.json()["ticket"]) == app.client_id

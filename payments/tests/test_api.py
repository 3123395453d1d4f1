"""The client's door: wallets, paying in, paying out, and money for trading, with the next step always said."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from crm.tests.portal import App
from fintech.cells import Actor, cell
from payments.models import Deposit
from payments.psps.registry import registry
from payments.tests import scenes
from payments.tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.usefixtures("both_cells", "psp")

EUR = "EUR"


def money(text: str, currency: str = EUR) -> dict[str, str]:
    return {"amount": text, "currency": currency}


@pytest.fixture
def app() -> App:
    app = App().registered()
    with cell("eu", actor=Actor.system("test")):
        scenes.verify(app.client_id)
    return app


def opened(app: App, currency: str = EUR) -> dict[str, Any]:
    response = app.post("wallets", {"currency": currency})
    assert response.status_code == 201, response.content
    wallet: dict[str, Any] = response.json()
    return wallet


def pay_in(app: App, wallet: dict[str, Any], amount: str) -> dict[str, Any]:
    body = {"wallet_id": wallet["id"], "amount": money(amount), "method": "card"}
    deposit: dict[str, Any] = app.post("deposits", body).json()
    with cell("eu", actor=Actor.system("test")):
        scenes.deliver(scenes.told(Deposit.objects.get(pk=deposit["id"]), "deposit.settled"))
        scenes.work()
    return deposit


def test_a_wallet_is_opened_and_shown_with_its_balance(app: App) -> None:
    wallet = opened(app)
    assert wallet["balance"] == wallet["held"] == wallet["available"] == money("0.00")
    assert isinstance(wallet["account_number"], str)
    assert opened(app)["id"] == wallet["id"]
    assert [each["id"] for each in app.get("wallets")["items"]] == [wallet["id"]]
    refused = app.post("wallets", {"currency": "JPY"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/currency-not-offered")


def test_a_deposit_says_where_to_pay_and_what_comes_next(app: App) -> None:
    wallet = opened(app)
    body = {"wallet_id": wallet["id"], "amount": money("150.00"), "method": "card"}
    again = str(uuid4())
    first, second = (app.post("deposits", body, key=again).json() for _ in range(2))
    assert first == second
    assert httpx.get(first["page_url"], trust_env=False).status_code == 200
    assert (first["state"], first["next_step"]["step"], first["next_step"]["held_by"]) == (
        "requested",
        "pay",
        "client",
    )
    assert first["next_step"]["since"] == first["state_since"]
    reused = app.post("deposits", {**body, "amount": money("151.00")}, key=again)
    assert (reused.status_code, reused.json()["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_deposit_is_begun_although_the_psp_is_away_and_its_page_follows(app: App, psp: SandboxProcess) -> None:
    wallet = opened(app)
    psp.stop()
    try:
        body = {"wallet_id": wallet["id"], "amount": money("150.00"), "method": "card"}
        response = app.post("deposits", body)
        assert response.status_code == 201
        deposit = response.json()
        assert (deposit["page_url"], deposit["next_step"]["step"]) == (None, "open-page")
    finally:
        psp.start()
    registry.forget_adapters()
    assert app.get(f"deposits/{deposit['id']}")["page_url"]


def test_a_withdrawal_shows_its_plan_its_approvals_and_whose_turn_it_is(app: App) -> None:
    wallet = opened(app)
    pay_in(app, wallet, "150.00")
    above = app.post("withdrawals", {"wallet_id": wallet["id"], "amount": money("150.01")})
    assert (above.status_code, above.json()["type"]) == (409, "/problems/insufficient-funds")
    assert above.json()["params"]["balance"] == money("150.00")
    response = app.post("withdrawals", {"wallet_id": wallet["id"], "amount": money("60.00")})
    assert response.status_code == 201, response.content
    withdrawal = response.json()
    (leg,) = withdrawal["plan"]
    assert (leg["to"], leg["amount"], leg["state"]) == ("card ending 4242", money("60.00"), "planned")
    assert (withdrawal["approvals_given"], withdrawal["approvals_needed"]) == (0, 1)
    assert (withdrawal["next_step"]["step"], withdrawal["next_step"]["held_by"]) == ("approve", "staff")
    assert app.get("wallets")["items"][0]["available"] == money("90.00")
    cancelled = app.post(f"withdrawals/{withdrawal['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"], cancelled.json()["next_step"]) == (
        200,
        "cancelled",
        None,
    )
    assert app.get("wallets")["items"][0]["available"] == money("150.00")
    twice = app.post(f"withdrawals/{withdrawal['id']}/cancel")
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/withdrawal-state")
    assert [each["id"] for each in app.get("withdrawals")["items"]] == [withdrawal["id"]]


def test_money_is_sent_to_a_trading_account(app: App) -> None:
    wallet = opened(app)
    pay_in(app, wallet, "150.00")
    body = {
        "direction": "to_trading",
        "wallet_id": wallet["id"],
        "trading_account_id": str(uuid4()),
        "amount": money("50.00"),
    }
    response = app.post("transfers", body)
    assert response.status_code == 201, response.content
    assert response.json()["amount"] == money("50.00")
    assert app.get("wallets")["items"][0]["balance"] == money("100.00")
    assert [each["id"] for each in app.get("transfers")["items"]] == [response.json()["id"]]
    assert app.post("transfers", {**body, "direction": "to_wallet"}).status_code == 400


def test_another_client_sees_and_does_nothing_here(app: App) -> None:
    wallet = opened(app)
    deposit = pay_in(app, wallet, "10.00")
    stranger = App().registered()
    with cell("eu", actor=Actor.system("test")):
        scenes.verify(stranger.client_id)
    for listing in ("wallets", "deposits", "withdrawals", "transfers"):
        assert stranger.get(listing)["items"] == []
    assert stranger.call("GET", f"/api/v1/deposits/{deposit['id']}").status_code == 404
    for path, more in (("deposits", {"method": "card"}), ("withdrawals", {})):
        body = {"wallet_id": wallet["id"], "amount": money("1.00"), **more}
        assert stranger.post(path, body).json()["type"] == "/problems/wallet-unknown"
    assert App().call("GET", "/api/v1/wallets").status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount": {"amount": "1.005", "currency": "EUR"}}, "/amount/amount"),
        ({"amount": {"amount": "-1.00", "currency": "EUR"}}, "/amount/amount"),
        ({"amount": 5}, "/amount"),
        ({"method": "cash"}, "/method"),
        ({"wallet_id": "no"}, "/wallet_id"),
        ({"ammount": "1"}, "/ammount"),
    ],
)
def test_what_isnt_acceptable_is_named_and_nothing_is_done(body: dict[str, Any], pointer: str) -> None:
    app = App().registered()
    right: dict[str, Any] = {"wallet_id": str(uuid4()), "amount": money("1.00"), "method": "card"}
    response = app.post("deposits", {**right, **body})
    assert response.status_code == 400
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert app.call("POST", "/api/v1/deposits", right).json()["type"] == "/problems/idempotency-key-required"


def test_in_australia_nothing_is_paid_in_before_verification() -> None:
    app = App(cell_name="au").registered()
    wallet = opened(app, "AUD")
    body = {"wallet_id": wallet["id"], "amount": money("10.00", "AUD"), "method": "bank_transfer"}
    refused = app.post("deposits", body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-deposit-before-verification")
    assert refused.json()["params"]["rule"] == "au/pre_verification_deposits/initial"

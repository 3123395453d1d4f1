"""What the hottest requests of payments cost in statements. More than that is to be decided on, not to slip in.

Savepoints count, transactions' own BEGIN and COMMIT don't. Two of each are the signed-in client's: session and user.
Waking the relay may be one more: it's left out while the relay is awake.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.tests.portal import App
from fintech.cells import Actor, cell
from payments.models import Deposit
from payments.tests import scenes
from tests.query_counts import statements

pytestmark = pytest.mark.usefixtures("both_cells", "psp")


@pytest.fixture
def app() -> App:
    app = App().registered()
    with cell("eu", actor=Actor.system("test")):
        scenes.verify(app.client_id)
    return app


@pytest.fixture
def wallet(app: App) -> dict[str, Any]:
    wallet: dict[str, Any] = app.post("wallets", {"currency": "EUR"}).json()
    for _ in range(3):
        body = {"wallet_id": wallet["id"], "amount": {"amount": "500.00", "currency": "EUR"}, "method": "card"}
        deposit = app.post("deposits", body).json()
        with cell("eu", actor=Actor.system("test")):
            scenes.deliver(scenes.told(Deposit.objects.get(pk=deposit["id"]), "deposit.settled"))
            scenes.work()
    return wallet


def cost(app: App, method: str, path: str, body: dict[str, Any] | None = None, *, status: int) -> int:
    with statements() as sent:
        response = app.call(method, f"/api/v1/{path}", body, **({"Idempotency_Key": str(uuid4())} if body else {}))
    assert response.status_code == status, response.content
    print(sent)  # shown when the number isn't as it should be
    return len(sent)


def test_lists_cost_the_same_however_long_they_are(app: App, wallet: dict[str, Any]) -> None:
    app.post("wallets", {"currency": "USD"})
    assert cost(app, "GET", "wallets", status=200) <= 5
    assert cost(app, "GET", "deposits", status=200) <= 5
    assert cost(app, "GET", "withdrawals", status=200) <= 5


def test_a_deposit_is_begun(app: App, wallet: dict[str, Any]) -> None:
    body = {"wallet_id": wallet["id"], "amount": {"amount": "10.00", "currency": "EUR"}, "method": "card"}
    assert cost(app, "POST", "deposits", body, status=201) <= 16


def test_a_withdrawal_is_asked_for(app: App, wallet: dict[str, Any]) -> None:
    body = {"wallet_id": wallet["id"], "amount": {"amount": "10.00", "currency": "EUR"}}
    assert cost(app, "POST", "withdrawals", body, status=201) <= 22


def test_a_webhook_is_stored_and_applied(app: App, wallet: dict[str, Any]) -> None:
    body = {"wallet_id": wallet["id"], "amount": {"amount": "10.00", "currency": "EUR"}, "method": "card"}
    deposit = app.post("deposits", body).json()
    with cell("eu", actor=Actor.system("test")):
        message = scenes.told(Deposit.objects.get(pk=deposit["id"]), "deposit.settled")
        with statements() as stored:
            scenes.deliver(message)
        with statements() as applied:
            scenes.work()
    print(stored, applied, sep="\n--\n")
    assert len(stored) <= 9
    assert len(applied) <= 21

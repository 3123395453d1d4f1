"""The same Idempotency-Key again, through the real server: one decision for each principal, address and body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.bad_input.cast import Cast
from tests.bad_input.right_requests import RIGHT, Ask, own
from tests.bad_input.rows import RowWatch
from tests.bad_input.servers import Server
from tests.bad_input.test_bodies_of_every_endpoint import WITH_KEY, problem, sent

pytestmark = pytest.mark.exhaustive

# What each writes is told in its own tests; here, that it is written once.
MOVING = {
    "POST /api/v1/deposits": "payments.public.payments_deposit",
    "POST /api/v1/withdrawals": "payments.public.payments_withdrawal",
    "POST /api/v1/transfers": "payments.public.payments_wallet_transfer",
    "POST /api/v1/orders": "trading.public.trading_order",
    "POST /api/v1/trading-accounts": "trading.public.trading_account",
}


@pytest.mark.parametrize("operation", MOVING)
def test_fifty_at_once_are_one_decision_and_fifty_equal_answers(
    operation: str, cast: Cast, watch: RowWatch, api_server: Server
) -> None:
    ask = Ask.rightly(operation, cast)
    cast.settle()
    before = watch.look()
    with api_server.client(cast.cell_name) as http:

        def send(_: int) -> tuple[int, dict[str, Any]]:
            headers = {**own(cast.client), "Idempotency-Key": str(ask.key)}
            response = http.post(ask.path, json=ask.body, headers=headers)
            return response.status_code, response.json()

        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(send, range(50)))
    after = watch.look()
    assert {status for status, _ in answers} == {201}
    # An account is shown as it is worth at the moment of each answer.
    shown = {json.dumps({**body, "as_of": ""}, sort_keys=True) for _, body in answers}
    assert len(shown) == 1
    concern, table = MOVING[operation].split(".", 1)
    assert after[f"{concern}.{table}"][0] - before[f"{concern}.{table}"][0] == 1
    journal = f"{concern}.public.journal_entry"
    assert after[journal][0] - before[journal][0] == 1


@pytest.mark.parametrize("operation", sorted(set(WITH_KEY) - {"POST /api/v1/identity-cases/{case_id}/documents"}))
def test_the_same_key_with_another_body_is_refused(operation: str, cast: Cast, watch: RowWatch) -> None:
    ask = Ask.rightly(operation, cast)
    assert sent(cast, operation, ask).status_code == RIGHT[operation].status
    other = OTHER_BODY.get(operation)
    if other is None:
        # It takes no body, so there is no other one.
        assert ask.body == {}
        return
    ask.body = {**(ask.body or {}), **other(cast)}
    with watch.nothing_written():
        problem(sent(cast, operation, ask), 422, "idempotency-key-reused")


OTHER_BODY: Mapping[str, Any] = {
    "POST /api/v1/appropriateness-tests": lambda cast: {"questionnaire": "another"},
    "POST /api/v1/risk-warning-acceptances": lambda cast: {"version": "another"},
    "POST /api/v1/wallets": lambda cast: {"currency": "USD"},
    "POST /api/v1/deposits": lambda cast: {"amount": cast.money("2.00")},
    "POST /api/v1/withdrawals": lambda cast: {"amount": cast.money("2.00")},
    "POST /api/v1/transfers": lambda cast: {"amount": cast.money("2.00")},
    "POST /api/v1/trading-accounts": lambda cast: {"leverage": 20},
    "POST /api/v1/trading-accounts/{trading_account_id}/transfers": lambda cast: {"amount": cast.money("2.00")},
    "POST /api/v1/orders": lambda cast: {"side": "sell"},
    "POST /api/v1/positions/{position_id}/close": lambda cast: {"volume": "0.02"},
}


def test_with_another_address_or_another_client_it_is_another_key(cast: Cast) -> None:
    key = str(uuid4())
    body = {"wallet_id": cast.has.wallet_id, "amount": cast.money()}
    for path, more in (("deposits", {"method": "card"}), ("withdrawals", {})):
        assert cast.client.post(path, {**body, **more}, key=key).status_code == 201
    wallet = {"currency": cast.currency}
    mine, theirs = (app.post("wallets", wallet, key=key).json()["id"] for app in (cast.client, cast.neighbour))
    assert mine == cast.has.wallet_id != theirs


def test_the_same_key_in_the_other_cell_is_another_key(casts: Mapping[str, Cast]) -> None:
    key = str(uuid4())
    opened = {name: cast.client.post("wallets", {"currency": "USD"}, key=key) for name, cast in casts.items()}
    assert [response.status_code for response in opened.values()] == [201, 201]
    assert len({response.json()["id"] for response in opened.values()}) == 2

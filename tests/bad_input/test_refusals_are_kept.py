"""Well-formed requests that a rule refuses: the journal keeps the refusal, the fact log tells it, and that is all.

Currencies, instruments, quotes, volumes and money that isn't there. What a concern refuses is written in its own
database, and in no other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.bad_input.cast import Cast
from tests.bad_input.right_requests import Ask, own
from tests.bad_input.rows import RowWatch
from tests.bad_input.test_bodies_of_every_endpoint import problem

pytestmark = pytest.mark.exhaustive


@dataclass(frozen=True)
class Refused:
    """An operation with members changed, and what it is told."""

    operation: str
    change: dict[str, Any]
    status: int
    code: str
    concern: str = "trading"
    quote_age_seconds: float = 0


ORDERS, CLOSE = "POST /api/v1/orders", "POST /api/v1/positions/{position_id}/close"
BACK = "POST /api/v1/trading-accounts/{trading_account_id}/transfers"
JPY = {"amount": "10", "currency": "JPY"}
NOBODYS = str(uuid4())
MUCH = "999999999.00"

CASES = {
    "an instrument that nobody lists": Refused(ORDERS, {"instrument": "NOSUCH"}, 404, "instrument-unknown"),
    "an instrument in small letters": Refused(ORDERS, {"instrument": "eurusd"}, 404, "instrument-unknown"),
    "a stale quote": Refused(ORDERS, {}, 409, "stale-quote", quote_age_seconds=6),
    "closing at a stale quote": Refused(CLOSE, {}, 409, "stale-quote", quote_age_seconds=6),
    "less than the least volume": Refused(ORDERS, {"volume": "0.001"}, 422, "volume-not-allowed"),
    "no whole number of steps": Refused(ORDERS, {"volume": "0.015"}, 422, "volume-not-allowed"),
    "more than the largest volume": Refused(ORDERS, {"volume": "9999999"}, 422, "volume-not-allowed"),
    "more than equity covers": Refused(ORDERS, {"volume": "50"}, 409, "margin-insufficient"),
    "more than is open": Refused(CLOSE, {"volume": "49"}, 422, "volume-not-allowed"),
    "nobody's trading account": Refused(ORDERS, {"trading_account_id": NOBODYS}, 404, "trading-account-unknown"),
    "yen from an account that has none": Refused(BACK, {"amount": JPY}, 422, "currency-differs"),
    "more than may leave the account": Refused(BACK, {"amount": {"amount": MUCH}}, 409, "above-withdrawable"),
    "a trading account in yen": Refused(
        "POST /api/v1/trading-accounts", {"currency": "JPY"}, 422, "currency-not-offered"
    ),
    "a trading account in no currency": Refused(
        "POST /api/v1/trading-accounts", {"currency": "XXQ"}, 422, "currency-not-offered"
    ),
    "too high a leverage": Refused("POST /api/v1/trading-accounts", {"leverage": 10_000}, 422, "leverage-not-offered"),
    "a wallet in yen": Refused("POST /api/v1/wallets", {"currency": "JPY"}, 422, "currency-not-offered", "payments"),
    "a wallet in no currency": Refused(
        "POST /api/v1/wallets", {"currency": "XXQ"}, 422, "currency-not-offered", "payments"
    ),
    "yen into another wallet": Refused("POST /api/v1/deposits", {"amount": JPY}, 422, "currency-differs", "payments"),
    "yen out of another wallet": Refused(
        "POST /api/v1/withdrawals", {"amount": JPY}, 422, "currency-differs", "payments"
    ),
    "yen to trading": Refused("POST /api/v1/transfers", {"amount": JPY}, 422, "currency-differs", "payments"),
    "nobody's wallet": Refused("POST /api/v1/deposits", {"wallet_id": NOBODYS}, 404, "wallet-unknown", "payments"),
    "more than the wallet holds": Refused(
        "POST /api/v1/withdrawals", {"amount": {"amount": MUCH}}, 409, "insufficient-funds", "payments"
    ),
    "more to trading than it holds": Refused(
        "POST /api/v1/transfers", {"amount": {"amount": MUCH}}, 409, "insufficient-funds", "payments"
    ),
    "another questionnaire": Refused(
        "POST /api/v1/appropriateness-tests", {"questionnaire": "old"}, 409, "questionnaire-not-in-force", "crm"
    ),
    "answers to other questions": Refused(
        "POST /api/v1/appropriateness-tests", {"answers": {"x": "y"}}, 422, "answers-not-usable", "crm"
    ),
    "another risk warning": Refused(
        "POST /api/v1/risk-warning-acceptances", {"version": "old"}, 409, "risk-warning-not-in-force", "crm"
    ),
    "a date of birth to come": Refused(
        "PATCH /api/v1/profile", {"date_of_birth": "2999-01-01"}, 409, "identity-verified-already", "crm"
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_a_refusal_is_kept_and_nothing_else(what: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    case = CASES[what]
    ask = Ask.rightly(case.operation, cast)
    for name, value in case.change.items():
        given = (ask.body or {}).get(name)
        changed = (
            {**given, **value} if isinstance(given, dict) and isinstance(value, dict) and name == "amount" else value
        )
        ask.body = {**(ask.body or {}), name: changed}
    if case.concern == "trading":
        cast.settle()
        cast.quote(age_seconds=case.quote_age_seconds)
    tried["refusals"] += 1
    once = {f"{case.concern}.public.{table}": 1 for table in ("journal_entry", "factlog_fact")}
    with watch.only_written(once, growing=f"{case.concern}.public.factlog_subject"):
        first = ask.send(host=f"{cast.cell_name}.localhost", headers=own(cast.client))
    told = problem(first, case.status, case.code)
    assert case.code.endswith("-unknown") or told["params"]
    with watch.nothing_written():
        again = ask.send(host=f"{cast.cell_name}.localhost", headers=own(cast.client))
    # In the same words, under the id of the request that asked again.
    assert {**again.json(), "request_id": ""} == {**told, "request_id": ""}

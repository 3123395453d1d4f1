"""What the feed reads: good messages become requests, everything else is answered with what is wrong."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from trading.feed.messages import (
    BadMessage,
    Ping,
    ResumePoint,
    SubscribeAccount,
    SubscribePrices,
    UnsubscribePrices,
    encoded,
    read_request,
)

ACCOUNT = UUID("01a21066-f61a-764d-b132-b78f915aba31")


def said(**message: object) -> str:
    return json.dumps(message)


def test_good_messages_become_requests() -> None:
    assert read_request(said(type="ping")) == Ping()
    assert read_request(said(type="subscribe_prices", instruments=["EURUSD"])) == SubscribePrices(("EURUSD",))
    assert read_request(said(type="unsubscribe_prices", instruments=[])) == UnsubscribePrices(())
    fresh = said(type="subscribe_account", trading_account_id=str(ACCOUNT))
    assert read_request(fresh) == SubscribeAccount(ACCOUNT, None)
    again = said(type="subscribe_account", trading_account_id=str(ACCOUNT), resume={"history": "h:1", "sequence": 7})
    assert read_request(again) == SubscribeAccount(ACCOUNT, ResumePoint("h:1", 7))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "malformed-json"),
        ("[" * 5000, "malformed-json"),
        ("[]", "malformed-message"),
        ('"ping"', "malformed-message"),
        ("{}", "unknown-message-type"),
        (said(type="shout"), "unknown-message-type"),
        (said(type=["ping"]), "unknown-message-type"),
        (said(type="ping", loud=True), "unknown-field"),
        (said(type="subscribe_prices"), "malformed-field"),
        (said(type="subscribe_prices", instruments="EURUSD"), "malformed-field"),
        (said(type="subscribe_prices", instruments=[1]), "malformed-field"),
        (said(type="subscribe_prices", instruments=[""]), "malformed-field"),
        (said(type="subscribe_prices", instruments=["A"] * 201), "too-many-instruments"),
        (said(type="subscribe_account", trading_account_id="17"), "malformed-field"),
        (said(type="subscribe_account", trading_account_id=17), "malformed-field"),
        (said(type="subscribe_account", trading_account_id=str(ACCOUNT), resume=7), "malformed-field"),
        (said(type="subscribe_account", trading_account_id=str(ACCOUNT), resume={"history": "h"}), "malformed-field"),
        (
            said(type="subscribe_account", trading_account_id=str(ACCOUNT), resume={"history": "h", "sequence": -1}),
            "malformed-field",
        ),
        (
            said(type="subscribe_account", trading_account_id=str(ACCOUNT), resume={"history": "h", "sequence": True}),
            "malformed-field",
        ),
        ("x" * 20_000, "message-too-long"),
    ],
)
def test_anything_else_is_answered_with_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(BadMessage) as caught:
        read_request(text)
    assert caught.value.code == code


def test_what_is_said_is_one_flat_object() -> None:
    assert json.loads(encoded("price", instrument="EURUSD", bid="1.1")) == {
        "type": "price",
        "instrument": "EURUSD",
        "bid": "1.1",
    }

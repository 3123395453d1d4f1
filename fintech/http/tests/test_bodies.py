"""Bodies are understood in one way or refused with a problem that says where and why."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from fintech.http.fields import TextField
from fintech.http.parsers import MAX_BYTES, MAX_DEPTH, StrictJSONParser, parse_strictly
from fintech.http.problems import PayloadTooLarge
from fintech.http.tests.conftest import Api


def echo(api: Api, **members: Any) -> dict[str, Any]:
    response = api.post("/api/v1/echo", json.dumps(members))
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def errors(api: Api, members: dict[str, Any]) -> list[tuple[str, str]]:
    response = api.post("/api/v1/echo", json.dumps(members))
    assert response.status_code == 400, response.content
    assert response.json()["type"] == "/problems/validation-failed"
    return [(error["pointer"], error["rule"]) for error in response.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b'{"text": "a"} {}',
        b'{"text": "a", "text": "b"}',
        b'{"count": NaN}',
        b'{"count": Infinity}',
        b'{"count": -Infinity}',
        b'{"count": 1e999}',
        b'{"count": ' + b"9" * 5000 + b"}",
        b'{"text": "\\ud800"}',
        b'{"text": "\\udc00\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"text": "\xff"}',
        b'\xef\xbb\xbf{"text": "a"}',
        '{"text": "a"}'.encode("utf-16"),
        b"{'text': 'a'}",
        b'{"text": "a",}',
        b'{"text": "line\nfeed"}',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=range(20),
)
def test_what_is_not_strict_json_is_malformed(api: Api, body: bytes) -> None:
    response = api.post("/api/v1/echo", body)
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/malformed-request"


def test_32_levels_are_taken_and_characters_beyond_the_basic_plane() -> None:
    assert parse_strictly(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert parse_strictly(b'"\\ud83d\\ude00"') == "😀"


def test_a_body_above_a_megabyte_is_too_large_whether_or_not_it_says_so(api: Api) -> None:
    body = json.dumps({"text": "a" * MAX_BYTES})
    assert api.post("/api/v1/echo", body).json()["type"] == "/problems/payload-too-large"
    # A body sent in chunks announces no length.
    with pytest.raises(PayloadTooLarge):
        StrictJSONParser().parse(BytesIO(body.encode()))


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("application/x-www-form-urlencoded", {}),
        ("text/plain", {}),
        ("application/json; charset=latin-1", {}),
        ("application/json", {"Content-Encoding": "gzip"}),
    ],
)
def test_other_media_types_and_encodings_are_refused(api: Api, content_type: str, headers: dict[str, str]) -> None:
    response = api.post("/api/v1/echo", "{}", content_type=content_type, **headers)
    assert response.json()["type"] == "/problems/unsupported-media-type"
    assert response.status_code == 415


def test_json_in_utf_8_may_say_so(api: Api) -> None:
    assert api.post("/api/v1/echo", "{}", content_type='application/json; charset="UTF-8"').status_code == 200


def test_what_is_exact_comes_back_as_it_was_meant(api: Api) -> None:
    assert echo(
        api,
        text=" Łódź ",
        count=2**63 - 1,
        flag=False,
        amount={"amount": "12.3", "currency": "EUR"},
        balance={"amount": "-5", "currency": "JPY"},
        lots="0.10",
        client_id="01890A5D-AC96-774B-BCCE-B302099A8057",
        account="-1000978",
        at="2026-03-31T12:15:00+02:00",
    ) == {
        "text": "Łódź",
        "count": 2**63 - 1,
        "flag": False,
        "amount": {"amount": "12.30", "currency": "EUR"},
        "balance": {"amount": "-5", "currency": "JPY"},
        "lots": "0.10",
        "client_id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "account": "-1000978",
        "at": "2026-03-31T10:15:00.000000Z",
    }


def test_unknown_members_are_named_at_every_level(api: Api) -> None:
    found = errors(api, {"txt": "a", "address": {"city": "Wien", "zip": "1010"}, "made_by_us": "x"})
    assert sorted(found) == [
        ("/address/zip", "unknown-field"),
        ("/made_by_us", "unknown-field"),
        ("/txt", "unknown-field"),
    ]


def test_items_of_a_list_are_named_by_their_number(api: Api) -> None:
    assert errors(api, {"addresses": [{"city": "Wien"}, {}, {"city": "Graz", "x": 1}]}) == [
        ("/addresses/1/city", "required"),
        ("/addresses/2/x", "unknown-field"),
    ]


@pytest.mark.parametrize("body", ["[]", '"a"', "1", "null", "true"])
def test_a_body_that_is_no_object_is_refused(api: Api, body: str) -> None:
    assert api.post("/api/v1/echo", body).status_code == 400


@pytest.mark.parametrize(
    ("value", "pointer", "rule"),
    [
        ({"amount": "10.5", "currency": "JPY"}, "/amount/amount", "too-many-decimals"),
        ({"amount": "0.001", "currency": "EUR"}, "/amount/amount", "too-many-decimals"),
        ({"amount": "0", "currency": "EUR"}, "/amount/amount", "not-positive"),
        ({"amount": "-1", "currency": "EUR"}, "/amount/amount", "not-positive"),
        ({"amount": "NaN", "currency": "EUR"}, "/amount/amount", "not-a-decimal"),
        ({"amount": "1e3", "currency": "EUR"}, "/amount/amount", "not-a-decimal"),
        ({"amount": "١٢", "currency": "EUR"}, "/amount/amount", "not-a-decimal"),
        ({"amount": 12.34, "currency": "EUR"}, "/amount/amount", "not-a-decimal"),
        ({"amount": "9" * 30, "currency": "EUR"}, "/amount/amount", "too-many-digits"),
        ({"amount": "1", "currency": "XXQ"}, "/amount/currency", "unknown-currency"),
        ({"amount": "1", "currency": "eur"}, "/amount/currency", "unknown-currency"),
        ({"amount": "1"}, "/amount", "not-money"),
        ({"amount": "1", "currency": "EUR", "tip": "1"}, "/amount", "not-money"),
        ({"amount": "1", "currency": ["EUR"]}, "/amount", "not-money"),
        ("1 EUR", "/amount", "not-money"),
        (None, "/amount", "null"),
    ],
)
def test_money_that_is_not_exact_names_the_rule_it_breaks(api: Api, value: Any, pointer: str, rule: str) -> None:
    assert errors(api, {"amount": value}) == [(pointer, rule)]


@pytest.mark.parametrize(
    ("member", "value", "rule"),
    [
        ("text", 5, "not-text"),
        ("text", True, "not-text"),
        ("text", "", "blank"),
        ("text", "a\x00b", "control-characters"),
        ("text", "a\u2028b", "control-characters"),
        ("text", "\x1b[2J", "control-characters"),
        ("text", "a" * 101, "max-length"),
        ("count", "12", "not-whole"),
        ("count", 12.0, "not-whole"),
        ("count", True, "not-whole"),
        ("count", 2**63, "max-value"),
        ("flag", "yes", "invalid"),
        ("flag", 1, "invalid"),
        ("lots", 0.1, "not-a-decimal"),
        ("lots", "0.123", "too-many-decimals"),
        ("lots", "0.00", "not-positive"),
        ("lots", "+1", "not-a-decimal"),
        ("lots", "1_0", "not-a-decimal"),
        ("lots", "9" * 19, "too-many-digits"),
        ("client_id", 5, "invalid"),
        ("client_id", "01890a5dac96774bbcceb302099a8057", "invalid"),
        ("client_id", "{01890a5d-ac96-774b-bcce-b302099a80}", "invalid"),
        ("account", 1000978, "not-an-id"),
        ("account", "9223372036854775808", "not-an-id"),
        ("account", "1" * 5000, "not-an-id"),
        ("account", "007", "not-an-id"),
        ("at", "2026-03-31T10:15:00", "not-an-instant"),
        ("at", "2026-02-30T10:15:00Z", "not-an-instant"),
        ("at", "2026-03-31", "not-an-instant"),
        ("at", "0001-01-01T00:00:00+14:00", "not-an-instant"),
        ("at", 1774952100, "not-an-instant"),
    ],
)
def test_lookalikes_are_refused_by_rule(api: Api, member: str, value: Any, rule: str) -> None:
    assert errors(api, {member: value}) == [(f"/{member}", rule)]


def test_half_of_a_surrogate_pair_is_refused_where_no_parser_has_looked() -> None:
    with pytest.raises(ValidationError) as refused:
        TextField().run_validation("a\ud800")
    assert refused.value.get_codes() == ["surrogates"]


@pytest.mark.parametrize(
    ("query", "parameter", "rule"),
    [
        ("state=ajar", "state", "invalid-choice"),
        ("stat=open", "stat", "unknown-field"),
        ("state=open&state=closed", "state", "repeated"),
    ],
)
def test_parameters_that_are_not_acceptable_are_named(api: Api, query: str, parameter: str, rule: str) -> None:
    response = api.get(f"/api/v1/filtered?{query}")
    (error,) = response.json()["errors"]  # type: ignore[attr-defined]
    assert (error["parameter"], error["rule"]) == (parameter, rule)
    assert "pointer" not in error


def test_parameters_are_understood(api: Api) -> None:
    answer = api.get("/api/v1/filtered?state=open&large=true&limit=5")
    assert answer.json() == {"state": "open", "large": True}  # type: ignore[attr-defined]

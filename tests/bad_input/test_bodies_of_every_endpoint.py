"""Every operation of the API with everything that can be wrong about its body, its query, its address and its key.

Each no is a problem with its type, naming the place and the rule; and nothing at all is written, in any database.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.http import HttpResponse

from fintech.http.parsers import MAX_BYTES
from tests.bad_input.cast import Cast
from tests.bad_input.endpoints import schema
from tests.bad_input.right_requests import RIGHT, Ask, own
from tests.bad_input.rows import RowWatch
from tests.bad_input.spoiling import spoiled_bodies

pytestmark = pytest.mark.exhaustive

WITH_BODY = sorted(name for name, right in RIGHT.items() if right.body is not None and not right.form)
WITH_KEY = sorted(
    f"{method.upper()} {path}"
    for path, operations in schema()["paths"].items()
    for method, operation in operations.items()
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
)
LISTS = sorted(
    f"GET {path}"
    for path, operations in schema()["paths"].items()
    if "get" in operations
    and any(parameter["name"] == "cursor" for parameter in operations["get"].get("parameters", ()))
)

MALFORMED = {
    "nothing but blanks": b"  ",
    "cut off": b'{"a": 1',
    "text after the end": b"{} {}",
    "a name twice": b'{"a": 1, "a": 2}',
    "NaN": b'{"amount": NaN}',
    "infinite": b'{"amount": -Infinity}',
    "a number beyond all floats": b'{"amount": 1e999}',
    "a number of 5,000 digits": b'{"amount": ' + b"9" * 5000 + b"}",
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a lone surrogate as a name": b'{"\\udfff": 1}',
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "nested too deep": b'{"a":' * 40 + b"1" + b"}" * 40,
    "nested without end": b"[" * 200_000,
    "a raw NUL": b'{"a": "\0"}',
}


def problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json", response.content
    body: dict[str, Any] = response.json()  # type: ignore[attr-defined]
    assert (response.status_code, body["status"], body["type"]) == (status, status, f"/problems/{code}"), body
    assert body["detail"]
    assert body["request_id"] == response["X-Request-Id"]
    return body


def sent(cast: Cast, operation: str, ask: Ask, **more: Any) -> HttpResponse:
    headers = {**own(getattr(cast, RIGHT[operation].by)), **more.pop("headers", {})}
    return ask.send(host=f"{cast.cell_name}.localhost", headers=headers, **more)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_bodies_that_are_no_strict_json(operation: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    ask = Ask.rightly(operation, cast)
    with watch.nothing_written():
        for what, raw in MALFORMED.items():
            tried["bad bodies"] += 1
            told = problem(sent(cast, operation, ask, raw=raw), 400, "malformed-request")
            assert told["detail"] != "", what
        for what, raw in {"a list": b"[]", "a text": b'"x"', "a number": b"1", "null": b"null"}.items():
            tried["bad bodies"] += 1
            told = problem(sent(cast, operation, ask, raw=raw), 400, "validation-failed")
            assert told["errors"][0]["pointer"] == "", what
        large = json.dumps({"a": "x" * MAX_BYTES}).encode()
        problem(sent(cast, operation, ask, raw=large), 413, "payload-too-large")
        for content_type in ("text/plain", "application/xml", "application/json; charset=latin-1"):
            problem(sent(cast, operation, ask, raw=b"{}", content_type=content_type), 415, "unsupported-media-type")
        problem(
            sent(cast, operation, ask, raw=b"{}", headers={"Content-Encoding": "gzip"}), 415, "unsupported-media-type"
        )
        chunked = sent(cast, operation, ask, raw=b"", headers={"Transfer-Encoding": "chunked"})
        problem(chunked, 411, "length-required")


@pytest.mark.parametrize("operation", WITH_BODY)
def test_bodies_with_one_thing_wrong(operation: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    ask = Ask.rightly(operation, cast)
    with watch.nothing_written():
        for spoiled in spoiled_bodies(operation, dict(ask.body or {})):
            tried["bad values"] += 1
            ask.body = spoiled.body
            told = problem(sent(cast, operation, ask), 400, "validation-failed")
            named = {error["pointer"]: error["rule"] for error in told["errors"]}
            assert spoiled.pointer in named, f"{spoiled.what}: {named}"
            assert spoiled.rule in (None, named[spoiled.pointer]), f"{spoiled.what}: {named}"
            assert all(error["detail"] for error in told["errors"])


@pytest.mark.parametrize("operation", WITH_KEY)
def test_keys_that_are_missing_or_malformed(operation: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    ask = Ask.rightly(operation, cast)
    with watch.nothing_written():
        ask.key = None
        problem(sent(cast, operation, ask), 400, "idempotency-key-required")
        for key in (
            "short",
            "k" * 129,
            "with a blank",
            "with,a,comma",
            "kl\u00fcssel-kl\u00fcssel",
            "nul-nul-\0",
            '"""""""""',
        ):
            tried["bad keys"] += 1
            problem(sent(cast, operation, ask, headers={"Idempotency-Key": key}), 400, "idempotency-key-invalid")


@pytest.mark.parametrize("operation", sorted(name for name in RIGHT if "{" in name))
def test_addresses_of_nothing(operation: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    ask = Ask.rightly(operation, cast)
    before, _, after = operation.partition(" ")[2].partition("{")
    rest = after.partition("}")[2]
    with watch.nothing_written():
        for part in (
            "17",
            "x" * 36,
            "0" * 32,
            "%00",
            "a%00b",
            "%ed%a0%80",
            "..%2f..",
            "-1",
            "9" * 40,
            str(uuid4()).replace("-", "_"),
        ):
            tried["bad addresses"] += 1
            ask.path = f"{before}{part}{rest}"
            problem(sent(cast, operation, ask), 404, "not-found")


@pytest.mark.parametrize("operation", LISTS)
def test_queries_that_arent_acceptable(operation: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    ask = Ask.rightly(operation, cast)
    foreign = "eyJhIjoxfQ:1234567890"
    wrong = [("limit", value) for value in ("0", "-1", "201", "1e2", "9" * 40, "NaN", "", "%00", "\u0661")]
    wrong += [("cursor", value) for value in ("", "x", foreign, "%00", "%ed%a0%80", "x" * 5000)]
    own_parameters = [
        parameter["name"]
        for parameter in schema()["paths"][ask.path]["get"]["parameters"]
        if parameter["name"] not in ("limit", "cursor")
    ]
    wrong += [(name, value) for name in own_parameters for value in ("", "17", "%00", "x" * 5000)]
    if own_parameters:
        wrong.append(("no_such_parameter", "1"))
    with watch.nothing_written():
        for name, value in wrong:
            tried["bad queries"] += 1
            ask.query = {**RIGHT[operation].query(cast), name: value if value.startswith("%") else quote(value)}
            told = problem(sent(cast, operation, ask), 400, "validation-failed")
            assert [error["parameter"] for error in told["errors"]] == [name], (name, value)


@pytest.mark.parametrize("operation", sorted(RIGHT))
def test_methods_that_arent_taken(operation: str, cast: Cast, watch: RowWatch, tried: Counter[str]) -> None:
    ask = Ask.rightly(operation, cast)
    path = operation.partition(" ")[2]
    with watch.nothing_written():
        for method in ("PUT", "DELETE", "PATCH", "POST", "TRACE", "BREW"):
            if method.lower() in schema()["paths"][path]:
                continue
            tried["bad methods"] += 1
            ask.method = method
            response = sent(cast, operation, ask, raw=b"")
            problem(response, 405, "method-not-allowed")
            assert ask.method not in response["Allow"].split(", ")

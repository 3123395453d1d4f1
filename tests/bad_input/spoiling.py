"""Ways to spoil a right body: by what its schema says, one value at a time, each with the place that must be named."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.bad_input.endpoints import schema

HUGE = "9" * 40
ABOVE_64_BITS = str(2**63)


@dataclass(frozen=True)
class Spoiled:
    """A body with one thing wrong, where, and what the rule is called (None where any rule will do)."""

    what: str
    body: dict[str, Any]
    pointer: str
    rule: str | None = None


def spoiled_bodies(operation: str, right: dict[str, Any]) -> Iterator[Spoiled]:
    """Every way that fits the operation's body; all of them are refused before anything is judged."""
    properties = _body_schema(operation).get("properties", {})
    yield Spoiled("an unknown member", {**right, "no_such_member": 1}, "/no_such_member", "unknown-field")
    yield Spoiled("an unknown member with a NUL", {**right, "a\0b": 1}, "/a\0b", "unknown-field")
    for name in _body_schema(operation).get("required", ()):
        yield Spoiled(f"{name} left out", {key: right[key] for key in right if key != name}, f"/{name}", "required")
    for name in properties:
        yield Spoiled(f"{name} null", {**right, name: None}, f"/{name}", "null")
        for what, value, place, rule in _wrong_values(_resolved(properties[name]), right.get(name)):
            body = copy.deepcopy(right)
            body[name] = value
            yield Spoiled(f"{name}: {what}", body, f"/{name}{place}", rule)


def _wrong_values(described: dict[str, Any], right: Any) -> Iterator[tuple[str, Any, str, str | None]]:
    if set(described.get("properties", ())) == {"amount", "currency"}:
        yield from _wrong_money(right or {"amount": "1.00", "currency": "EUR"})
    elif described.get("type") == "integer":
        yield from (
            ("a text", "30", "", "not-whole"),
            ("a fraction", 30.5, "", "not-whole"),
            ("a flag", True, "", "not-whole"),
            ("above 64 bits", 2**64, "", None),
            ("below 64 bits", -(2**64), "", None),
            ("zero", 0, "", "min-value"),
            ("negative", -1, "", "min-value"),
        )
    elif described.get("type") == "object":
        yield from (("a text", "x", "", None), ("empty", {}, "", None), ("a list", [], "", None))
        yield "a NUL inside", {"leverage": "a\0b"}, "/leverage", "control-characters"
        yield "a number inside", {"leverage": 5}, "/leverage", "not-text"
    elif described.get("format") == "uuid":
        for what, value in (
            ("no UUID", "17"),
            ("bare hex", "0" * 32),
            ("in braces", "{" + "0" * 34 + "}"),
            ("a number", 17),
            ("a NUL", "\0" * 36),
        ):
            yield what, value, "", "invalid"
    elif "enum" in described:
        yield from (("not offered", "no-such-choice", "", "invalid-choice"), ("a list", ["card"], "", None))
        yield "a NUL", "a\0b", "", None
    elif described.get("pattern", "").startswith("^-?(0|"):
        yield from (
            ("a number", 1.5, "", "not-a-decimal"),
            ("NaN", "NaN", "", "not-a-decimal"),
            ("infinite", "Infinity", "", "not-a-decimal"),
            ("an exponent", "1e5", "", "not-a-decimal"),
            ("negative", "-1", "", "not-positive"),
            ("zero", "0", "", "not-positive"),
            ("huge", HUGE, "", "too-many-digits"),
            ("too fine", "0." + "0" * 8 + "1", "", "too-many-decimals"),
            ("digits of another script", "\u0661", "", "not-a-decimal"),
            ("a NUL", "1\0", "", "not-a-decimal"),
        )
    elif described.get("format") == "date":
        yield from (
            ("no date", "2026-02-30", "", None),
            ("a moment", "2026-01-01T00:00:00Z", "", None),
            ("a NUL", "\0", "", None),
        )
    elif described.get("type") == "string":
        yield from (
            ("a number", 5, "", "not-text"),
            ("a flag", True, "", "not-text"),
            ("a list", ["x"], "", "not-text"),
            ("a NUL", "a\0b", "", "control-characters"),
            ("a line separator", "a\u2028b", "", "control-characters"),
            ("blank", " ", "", None),
            ("too long", "x" * 100_000, "", None),
        )


def _wrong_money(right: dict[str, str]) -> Iterator[tuple[str, Any, str, str | None]]:
    for what, amount, rule in (
        ("too many decimals", "1.001", "too-many-decimals"),
        ("zero", "0.00", "not-positive"),
        ("minus zero", "-0.00", "not-positive"),
        ("negative", "-1.00", "not-positive"),
        ("huge", HUGE, "too-many-digits"),
        ("above 64 bits", ABOVE_64_BITS, "too-many-digits"),
        ("NaN", "NaN", "not-a-decimal"),
        ("infinite", "Infinity", "not-a-decimal"),
        ("an exponent", "1e3", "not-a-decimal"),
        ("a number", 1, "not-a-decimal"),
        ("a NUL", "1\0", "not-a-decimal"),
        ("a comma", "1,00", "not-a-decimal"),
        ("digits of another script", "\u0661", "not-a-decimal"),
        ("null", None, "not-a-decimal"),
    ):
        yield what, {**right, "amount": amount}, "/amount", rule
    yield "half a yen", {"amount": "10.5", "currency": "JPY"}, "/amount", "too-many-decimals"
    for what, currency in (
        ("unknown currency", "XXQ"),
        ("small letters", "eur"),
        ("a NUL in the currency", "E\0R"),
        ("long", "E" * 5000),
    ):
        yield what, {**right, "currency": currency}, "/currency", "unknown-currency"
    for what, value in (
        ("a text", "1.00 EUR"),
        ("a number", 1),
        ("a list", []),
        ("no currency", {"amount": "1.00"}),
        ("a member more", {**right, "tip": "1"}),
        ("a currency that is a list", {**right, "currency": ["EUR"]}),
    ):
        yield what, value, "", "not-money"


def _body_schema(operation: str) -> dict[str, Any]:
    method, _, path = operation.partition(" ")
    content = schema()["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    for described in content.values():
        return _resolved(described["schema"])
    return {}


def _resolved(described: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference; with what stands beside it."""
    if "allOf" in described:
        (only,) = described["allOf"]
        described = {**only, **{name: value for name, value in described.items() if name != "allOf"}}
    if "$ref" in described:
        target = schema()["components"]["schemas"][described["$ref"].rpartition("/")[2]]
        return {**target, **{name: value for name, value in described.items() if name != "$ref"}}
    return described

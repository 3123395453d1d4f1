"""What is said over the feed: JSON texts, small and flat. `docs/feed.md` describes each of them.

Requests are read strictly: an unknown type or field, or a value of the wrong form, is answered with an error that
names it, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ParseError

from fintech.http.parsers import parse_strictly

MOST_INSTRUMENTS = 200
LONGEST_MESSAGE = 16 * 1024


class BadMessage(ValueError):
    """A message that can't be read; `code` is a stable word, the text says what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class SubscribePrices:
    """Send the latest prices of these instruments from now on."""

    instruments: tuple[str, ...]


@dataclass(frozen=True)
class UnsubscribePrices:
    """Send the prices of these instruments no longer."""

    instruments: tuple[str, ...]


@dataclass(frozen=True)
class ResumePoint:
    """Up to where a client has seen an account's events: the history's token, and the last sequence number."""

    history: str
    sequence: int


@dataclass(frozen=True)
class SubscribeAccount:
    """Send everything about one of the client's accounts: a snapshot first, or what came after `resume`."""

    trading_account_id: UUID
    resume: ResumePoint | None


@dataclass(frozen=True)
class Ping:
    """Answer with a heartbeat at once."""


Request = SubscribePrices | UnsubscribePrices | SubscribeAccount | Ping


def read_request(text: str) -> Request:
    """A client's message. Raises BadMessage."""
    if len(text) > LONGEST_MESSAGE:
        raise BadMessage("message-too-long", f"A message has at most {LONGEST_MESSAGE} characters.")
    try:
        message = parse_strictly(text.encode("utf-8", "surrogatepass"))
    except ParseError as error:
        raise BadMessage("malformed-json", str(error.detail).replace("body", "message", 1)) from None
    if not isinstance(message, dict):
        raise BadMessage("malformed-message", "A message is a JSON object with a `type`.")
    kind = message.pop("type", None)
    if kind in ("subscribe_prices", "unsubscribe_prices"):
        instruments = _instruments(message)
        return SubscribePrices(instruments) if kind == "subscribe_prices" else UnsubscribePrices(instruments)
    if kind == "subscribe_account":
        return _account(message)
    if kind == "ping":
        _refuse_unknown(message, ())
        return Ping()
    raise BadMessage(
        "unknown-message-type",
        "`type` is one of subscribe_prices, unsubscribe_prices, subscribe_account, ping.",
    )


def _instruments(message: Mapping[str, Any]) -> tuple[str, ...]:
    _refuse_unknown(message, ("instruments",))
    given = message.get("instruments")
    if not isinstance(given, list) or not all(isinstance(item, str) and 0 < len(item) <= 20 for item in given):
        raise BadMessage("malformed-field", "`instruments` is a list of symbols.")
    if len(given) > MOST_INSTRUMENTS:
        raise BadMessage("too-many-instruments", f"At most {MOST_INSTRUMENTS} instruments in a message.")
    return tuple(given)


def _account(message: Mapping[str, Any]) -> SubscribeAccount:
    _refuse_unknown(message, ("trading_account_id", "resume"))
    given = message.get("trading_account_id")
    try:
        # As everywhere: in its usual form only, not as bare hex or a URN.
        account_id = UUID(given) if isinstance(given, str) and len(given) == 36 else None
    except ValueError:
        account_id = None
    if account_id is None:
        raise BadMessage("malformed-field", "`trading_account_id` is a UUID.")
    return SubscribeAccount(account_id, _resume(message.get("resume")))


def _resume(given: object) -> ResumePoint | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadMessage("malformed-field", "`resume` is an object with `history` and `sequence`.")
    _refuse_unknown(given, ("history", "sequence"))
    history, sequence = given.get("history"), given.get("sequence")
    if not isinstance(history, str) or type(sequence) is not int or not 0 <= sequence < 2**63:
        raise BadMessage("malformed-field", "`resume` has a `history` (text) and a `sequence` (whole number).")
    return ResumePoint(history, sequence)


def _refuse_unknown(message: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = sorted(set(message) - set(known))
    if unknown:
        raise BadMessage("unknown-field", f"Unknown: {', '.join(unknown)[:100]}.")


def encoded(kind: str, **fields: object) -> str:
    """A message to the client."""
    return json.dumps({"type": kind, **fields}, separators=(",", ":"))


def now() -> str:
    """This moment (UTC, RFC 3339)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

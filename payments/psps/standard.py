"""Webhooks signed by Standard Webhooks (standardwebhooks.com), symmetric ``v1`` signatures.

The signature is computed by the specification's own library. Its ``verify`` isn't used: it takes the time
from the system clock, parses the body in the same step, and lets malformed headers escape as ``ValueError``,
``UnicodeDecodeError`` or ``binascii.Error``. Here everything that isn't proved is one thing: forged.
"""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from payments.psps.protocol import UNREADABLE, ForgedWebhook, VerifiedEvent

#: Secrets that are valid now, newest first; read at each message, so that a rotation needs no restart.
ActiveSecrets = Callable[[], Sequence[str]]

#: How far a message's time may be from ours, both ways (the specification's own figure).
TOLERANCE = timedelta(minutes=5)

_WHOLE_SECONDS = re.compile(r"[0-9]{1,11}")
_DEEPEST_NESTING = 64


class StandardWebhooks:
    """Verifies messages against any of the active secrets.

    During a rotation both the old and the new secret are active. Without any active secret nothing can be
    judged: that raises ``LookupError`` (a fault of ours, so that the provider retries) instead of calling
    honest messages forged.
    """

    def __init__(self, secrets: ActiveSecrets, *, tolerance: timedelta = TOLERANCE) -> None:
        self._secrets = secrets
        self._tolerance = tolerance

    def verify(self, headers: Mapping[str, str], raw_body: bytes, now: datetime) -> VerifiedEvent:
        """Return the event, or raise :class:`ForgedWebhook`; the body is parsed only once it is proved."""
        lowered = {name.lower(): value for name, value in headers.items()}
        event_id = _required(lowered, "webhook-id")
        signed_at = self._signed_at(_required(lowered, "webhook-timestamp"), now)
        signatures = _required(lowered, "webhook-signature").split()
        self._require_signature(event_id, signed_at, raw_body, signatures)
        return _read(event_id, signed_at, raw_body)

    def _signed_at(self, header: str, now: datetime) -> datetime:
        if not _WHOLE_SECONDS.fullmatch(header):
            raise ForgedWebhook("webhook-timestamp isn't a whole number of seconds")
        signed_at = datetime.fromtimestamp(int(header), tz=UTC)
        if abs(now - signed_at) > self._tolerance:
            raise ForgedWebhook(f"webhook-timestamp is more than {self._tolerance} away from now")
        return signed_at

    def _require_signature(
        self, event_id: str, signed_at: datetime, raw_body: bytes, signatures: Sequence[str]
    ) -> None:
        secrets = self._secrets()
        if not secrets:
            raise LookupError("No webhook secret is active: messages can't be judged.")
        try:
            body = raw_body.decode("utf-8")
        except UnicodeDecodeError:
            raise ForgedWebhook("the body isn't UTF-8, which no signature covers") from None
        for secret in secrets:
            expected = Webhook(secret).sign(event_id, signed_at, body).encode()
            for signature in signatures:
                if hmac.compare_digest(expected, signature.encode("utf-8", "replace")):
                    return
        raise ForgedWebhook("no signature matches an active secret")


def payload_of(raw_body: bytes) -> Mapping[str, object]:
    """What a stored message says, as `verify` gave it; empty where it can't be read."""
    body = _body(raw_body)
    return {} if body is None else _data(body)


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise ForgedWebhook(f"{name} is missing")
    return value


def _read(event_id: str, signed_at: datetime, raw_body: bytes) -> VerifiedEvent:
    """The event in a proved body; ``{"type", "timestamp", "data"}`` by the specification."""
    body = _body(raw_body)
    if body is None:
        return VerifiedEvent(event_id=event_id, type=UNREADABLE, occurred_at=signed_at, payload={})
    return VerifiedEvent(
        event_id=event_id,
        type=body["type"],
        occurred_at=_occurred_at(body.get("timestamp"), signed_at),
        payload=_data(body),
    )


def _body(raw_body: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(raw_body.decode("utf-8"))
        storable = _fits_jsonb(body, _DEEPEST_NESTING)
    except (ValueError, RecursionError):
        return None
    return body if storable and isinstance(body, dict) and isinstance(body.get("type"), str) else None


def _data(body: Mapping[str, Any]) -> Mapping[str, object]:
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _occurred_at(timestamp: object, signed_at: datetime) -> datetime:
    """The body's own time, or the signature's where it has none that names its zone."""
    if isinstance(timestamp, str):
        try:
            occurred_at = datetime.fromisoformat(timestamp)
            if occurred_at.tzinfo is not None:
                return occurred_at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return signed_at


def _fits_jsonb(value: object, depth: int) -> bool:
    """Whether ``jsonb`` can hold it: no NUL, no lone surrogate, no infinity, no bottomless nesting."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return depth > 0 and all(
            _fits_jsonb(name, depth) and _fits_jsonb(item, depth - 1) for name, item in value.items()
        )
    if isinstance(value, list):
        return depth > 0 and all(_fits_jsonb(item, depth - 1) for item in value)
    return True

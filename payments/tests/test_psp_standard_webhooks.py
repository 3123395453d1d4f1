"""A message is the provider's only if its signature says so; whatever is signed is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from payments.psps.protocol import UNREADABLE, ForgedWebhook
from payments.psps.standard import StandardWebhooks

OLD = "whsec_b2xkLXNlY3JldC1mb3ItdGVzdHMtb25seSEhISE="
NEW = "whsec_bmV3LXNlY3JldC1mb3ItdGVzdHMtb25seSEhISE="
NOW = datetime(2026, 3, 31, 10, 15, tzinfo=UTC)
BODY = json.dumps(
    {
        "type": "deposit.settled",
        "timestamp": "2026-03-31T12:14:59.250+02:00",
        "data": {"reference": "eu-1", "amount_minor": 12_500, "currency": "EUR"},
    }
).encode()


def signed(body: bytes = BODY, *, secret: str = NEW, at: datetime = NOW, event_id: str = "evt_1") -> dict[str, str]:
    """Headers as the specification's own library makes them."""
    return {
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(event_id, at, body.decode()),
    }


def webhooks(*secrets: str) -> StandardWebhooks:
    return StandardWebhooks(lambda: secrets or (NEW,))


def test_what_the_official_library_signs_is_an_event_with_its_own_time() -> None:
    event = webhooks().verify(signed(), BODY, NOW)
    assert (event.event_id, event.type) == ("evt_1", "deposit.settled")
    assert event.occurred_at == datetime(2026, 3, 31, 10, 14, 59, 250_000, tzinfo=UTC)
    assert event.payload == {"reference": "eu-1", "amount_minor": 12_500, "currency": "EUR"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Webhook-Id": "evt_2"}, "another id"),
        ({"Webhook-Timestamp": str(int(NOW.timestamp()) + 1)}, "another time"),
        ({"Webhook-Timestamp": f"{int(NOW.timestamp())}.5"}, "a time the signature doesn't cover"),
        ({"Webhook-Timestamp": "yesterday"}, "no time"),
        ({"Webhook-Timestamp": "9" * 400}, "a time beyond the calendar"),
        ({"Webhook-Timestamp": "nan"}, "not a number"),
        ({"Webhook-Signature": "v1,AAAA"}, "a made-up signature"),
        ({"Webhook-Signature": "v1"}, "no signature after the version"),
        ({"Webhook-Signature": "v1,é"}, "a signature that isn't ASCII"),
        ({"Webhook-Signature": "v1,=,="}, "a signature that isn't base64"),
        ({"Webhook-Signature": ""}, "an empty signature"),
        ({"Webhook-Id": ""}, "an empty id"),
    ],
)
def test_a_message_with_a_header_changed_is_forged(change: dict[str, str], why: str) -> None:
    forged = signed() | change
    assert forged != signed(), why
    with pytest.raises(ForgedWebhook):
        webhooks().verify(forged, BODY, NOW)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_message_without_one_of_its_headers_is_forged(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(ForgedWebhook, match=f"{name.lower()} is missing"):
        webhooks().verify(headers, BODY, NOW)


@pytest.mark.parametrize("body", [BODY.replace(b"12500", b"92500"), BODY + b" ", b"", b"\xff" + BODY])
def test_a_message_with_its_body_changed_is_forged(body: bytes) -> None:
    with pytest.raises(ForgedWebhook):
        webhooks().verify(signed(), body, NOW)


def test_a_message_is_taken_up_to_five_minutes_early_or_late_and_no_longer() -> None:
    limit = timedelta(minutes=5)
    for at in (NOW - limit, NOW + limit):
        assert webhooks().verify(signed(at=at), BODY, NOW).event_id == "evt_1"
    for at in (NOW - limit - timedelta(seconds=1), NOW + limit + timedelta(seconds=1)):
        with pytest.raises(ForgedWebhook):
            webhooks().verify(signed(at=at), BODY, NOW)


def test_during_a_rotation_both_secrets_hold_and_afterwards_only_the_new_one() -> None:
    active = [OLD]
    rotating = StandardWebhooks(lambda: active)
    rotating.verify(signed(secret=OLD), BODY, NOW)
    active[:] = [NEW, OLD]
    rotating.verify(signed(secret=OLD), BODY, NOW)
    rotating.verify(signed(secret=NEW), BODY, NOW)
    active[:] = [NEW]
    with pytest.raises(ForgedWebhook):
        rotating.verify(signed(secret=OLD), BODY, NOW)


def test_one_valid_signature_among_several_is_enough() -> None:
    headers = signed()
    several = f"v1a,AAAA v1,AAAA {headers['Webhook-Signature']}"
    assert webhooks().verify(headers | {"Webhook-Signature": several}, BODY, NOW).event_id == "evt_1"


def test_a_signature_of_another_scheme_with_the_right_digest_is_forged() -> None:
    headers = signed()
    other = headers["Webhook-Signature"].replace("v1,", "v2,")
    with pytest.raises(ForgedWebhook):
        webhooks().verify(headers | {"Webhook-Signature": other}, BODY, NOW)


def test_without_a_secret_nothing_is_called_forged() -> None:
    with pytest.raises(LookupError, match="No webhook secret"):
        StandardWebhooks(tuple).verify(signed(), BODY, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[1]",
        b'{"data": {}}',
        b'{"type": 7}',
        b'{"type": "a", "data": {"text": "\\u0000"}}',
        b'{"type": "a", "data": {"text": "\\ud800"}}',
        b'{"type": "a", "data": {"amount": 1e400}}',
        b'{"type": "a", "data": {"amount": NaN}}',
        b'{"type": "a", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type": "a", "data": {"amount": ' + b"9" * 5_000 + b"}}",
    ],
)
def test_a_signed_message_that_cannot_be_read_is_kept_as_an_event(body: bytes) -> None:
    event = webhooks().verify(signed(body), body, NOW)
    assert (event.event_id, event.type, event.occurred_at) == ("evt_1", UNREADABLE, NOW)
    assert event.payload == {}


@pytest.mark.parametrize("timestamp", ['"2026-03-31T10:00:00"', '"long ago"', "7", "null", '"0001-01-01T00:00+14:00"'])
def test_a_body_without_a_usable_time_has_the_signatures(timestamp: str) -> None:
    body = f'{{"type": "deposit.failed", "timestamp": {timestamp}, "data": {{"a": 1}}}}'.encode()
    event = webhooks().verify(signed(body), body, NOW)
    assert (event.type, event.occurred_at) == ("deposit.failed", NOW)

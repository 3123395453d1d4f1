"""Stripe's messages: proved by the official SDK's own check, then read in this product's words.

The scheme (docs.stripe.com/webhooks): a header `Stripe-Signature: t=<seconds>,v1=<HMAC-SHA-256 of "t.body">`, with one
`v1` for each secret that is active at Stripe. The SDK's check takes the time from the system clock and refuses only
what is too old; a body that isn't UTF-8 and a signature that isn't ASCII escape as other exceptions. So it is asked for
the signature alone: the time is held against ours, both ways, and everything that isn't proved is one thing, forged.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import stripe

from payments.psps.protocol import UNREADABLE, EventType, ForgedWebhook, PayoutState, VerifiedEvent
from payments.psps.standard import TOLERANCE, ActiveSecrets
from payments.psps.stripe_objects import (
    StripeValues,
    code_of,
    currency_of,
    id_of,
    minor_units,
    reference_in,
    refund_failure,
    refund_state,
)

_WHOLE_SECONDS: Final = re.compile(r"[0-9]{1,11}")
_LAST_MOMENT: Final = 253_402_300_799  # the end of the year 9999


class StripeWebhooks:
    """Verifies messages against any of the active secrets.

    During a rotation both the old and the new secret are active. Without any active secret nothing can be judged: that
    raises ``LookupError`` (a fault of ours, so that Stripe retries) instead of calling honest messages forged.
    """

    def __init__(self, secrets: ActiveSecrets, *, tolerance: timedelta = TOLERANCE) -> None:
        self._secrets = secrets
        self._tolerance = tolerance

    def verify(self, headers: Mapping[str, str], raw_body: bytes, now: datetime) -> VerifiedEvent:
        """Return the event, or raise :class:`ForgedWebhook`; the body is parsed only once it is proved."""
        header = {name.lower(): value for name, value in headers.items()}.get("stripe-signature", "")
        signed_at = self._signed_at(header, now)
        self._require_signature(header, raw_body)
        return _read(signed_at, raw_body)

    def _signed_at(self, header: str, now: datetime) -> datetime:
        # The SDK takes the first of several times; of such a header none is believed.
        times = [item.removeprefix("t=") for item in header.split(",") if item.startswith("t=")]
        if len(times) != 1 or not _WHOLE_SECONDS.fullmatch(times[0]):
            raise ForgedWebhook("stripe-signature has no time, or more than one, in whole seconds")
        signed_at = datetime.fromtimestamp(int(times[0]), tz=UTC)
        if abs(now - signed_at) > self._tolerance:
            raise ForgedWebhook(f"stripe-signature's time is more than {self._tolerance} away from now")
        return signed_at

    def _require_signature(self, header: str, raw_body: bytes) -> None:
        secrets = [secret for secret in self._secrets() if secret.strip()]
        if not secrets:
            raise LookupError("No webhook secret is active: messages can't be judged.")
        for secret in secrets:
            try:
                stripe.WebhookSignature.verify_header(raw_body, header, secret, tolerance=None)
            except (stripe.SignatureVerificationError, UnicodeError, TypeError):
                # Nothing of the SDK's exception is passed on: it carries the body.
                continue
            return
        raise ForgedWebhook("no signature matches an active secret")


def payload_of(raw_body: bytes) -> Mapping[str, object]:
    """What a stored message says, as `verify` gave it; empty where it can't be read."""
    body = _body(raw_body)
    return {} if body is None else _translated(body)[1]


def _body(raw_body: bytes) -> dict[str, Any] | None:
    """The body, if it is a message of Stripe's: an object with an id and a type."""
    try:
        body = json.loads(raw_body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or code_of(body.get("id")) is None or code_of(body.get("type")) is None:
        return None
    return body


def _read(signed_at: datetime, raw_body: bytes) -> VerifiedEvent:
    body = _body(raw_body)
    if body is None:
        # The id stands in the body; without one the same bytes are the same message.
        identity = f"sha256:{hashlib.sha256(raw_body).hexdigest()}"
        return VerifiedEvent(event_id=identity, type=UNREADABLE, occurred_at=signed_at, payload={})
    event_type, payload = _translated(body)
    return VerifiedEvent(
        event_id=body["id"],
        type=event_type,
        occurred_at=_occurred_at(body.get("created"), signed_at),
        payload=payload,
    )


def _occurred_at(created: object, signed_at: datetime) -> datetime:
    """The event's own time, or the signature's where it has none."""
    if isinstance(created, int) and not isinstance(created, bool) and 0 <= created <= _LAST_MOMENT:
        return datetime.fromtimestamp(created, tz=UTC)
    return signed_at


def _translated(body: StripeValues) -> tuple[str, Mapping[str, object]]:
    """A message's type and payload: an EventType where it means one, else Stripe's own word."""
    word = str(body["type"])
    data = body.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    values: StripeValues = found if isinstance(found, Mapping) else {}
    meaning, payload = _MEANINGS.get(word, _no_meaning), _PAYLOADS.get(str(values.get("object")), _of_another)
    # Stripe says `payout.paid` and `payout.failed` of its own payments to the merchant's bank: other things.
    own_word = f"stripe.{word}" if word in set(EventType) else word
    said = {"object": code_of(values.get("object")), "status": code_of(values.get("status")), **payload(values)}
    if word == "checkout.session.expired":
        said["failure_code"] = "expired"
    elif word == "checkout.session.async_payment_failed":
        said["failure_code"] = "async-payment-failed"
    return meaning(values) or own_word, {name: value for name, value in said.items() if value is not None}


def _no_meaning(_: StripeValues) -> None:
    return None


def _completed(session: StripeValues) -> EventType | None:
    if session.get("mode") != "payment":
        return None
    meanings = {"paid": EventType.DEPOSIT_SETTLED, "unpaid": EventType.DEPOSIT_PENDING}
    return meanings.get(str(session.get("payment_status")))


def _succeeded_later(session: StripeValues) -> EventType | None:
    # "unpaid" would contradict the message's own type.
    return EventType.DEPOSIT_SETTLED if _completed(session) is EventType.DEPOSIT_SETTLED else None


def _came_to_nothing(session: StripeValues) -> EventType | None:
    if session.get("mode") != "payment" or session.get("payment_status") == "paid":
        return None
    return EventType.DEPOSIT_FAILED


def _refunded(refund: StripeValues) -> EventType | None:
    """A refund that we asked for; one that somebody made in Stripe's dashboard is for a person to look at."""
    if reference_in(refund) is None:
        return None
    meanings = {
        PayoutState.ACCEPTED: EventType.PAYOUT_SENT,
        PayoutState.PAID: EventType.PAYOUT_PAID,
        PayoutState.FAILED: EventType.PAYOUT_FAILED,
    }
    state = refund_state(refund)
    return None if state is None else meanings[state]


def _disputed(dispute: StripeValues) -> EventType | None:
    """A dispute takes the money at once; an inquiry (`warning_…`) and one that was prevented take none."""
    taken = dispute.get("status") in ("needs_response", "under_review", "lost")
    return EventType.CHARGEBACK_OPENED if taken else None


def _of_session(session: StripeValues) -> dict[str, object]:
    return {
        "id": id_of(session),
        "reference": code_of(session.get("client_reference_id")),
        "amount_minor": minor_units(session, "amount_total"),
        "currency": currency_of(session),
        "payment_status": code_of(session.get("payment_status")),
    }


def _of_refund(refund: StripeValues) -> dict[str, object]:
    failed = refund_state(refund) is PayoutState.FAILED
    return {
        "id": id_of(refund),
        "reference": reference_in(refund),
        "amount_minor": minor_units(refund, "amount"),
        "currency": currency_of(refund),
        "failure_code": refund_failure(refund) if failed else None,
    }


def _of_dispute(dispute: StripeValues) -> dict[str, object]:
    """A dispute doesn't carry our reference, only the payment, which is the token of the deposit's source."""
    amount, code = minor_units(dispute, "amount"), currency_of(dispute)
    return {
        "id": id_of(dispute.get("payment_intent")),
        "amount_minor": amount,
        "currency": code,
        "reason": code_of(dispute.get("reason")),
        "chargeback": {"id": id_of(dispute), "amount_minor": amount, "currency": code},
    }


def _of_another(values: StripeValues) -> dict[str, object]:
    """Of an object with no meaning here: what it is, and whose, so that it is sealed under that person's key."""
    return {
        "id": id_of(values.get("payment_intent")) or id_of(values),
        "reference": reference_in(values),
        "amount_minor": minor_units(values, "amount"),
        "currency": currency_of(values),
    }


_MEANINGS: Final[Mapping[str, Callable[[StripeValues], EventType | None]]] = {
    "checkout.session.completed": _completed,
    "checkout.session.async_payment_succeeded": _succeeded_later,
    "checkout.session.async_payment_failed": _came_to_nothing,
    "checkout.session.expired": _came_to_nothing,
    "refund.created": _refunded,
    "refund.updated": _refunded,
    "refund.failed": _refunded,
    "charge.dispute.created": _disputed,
    # An inquiry that has become a dispute is told by the money that goes.
    "charge.dispute.funds_withdrawn": _disputed,
}

_PAYLOADS: Final[Mapping[str, Callable[[StripeValues], dict[str, object]]]] = {
    "checkout.session": _of_session,
    "refund": _of_refund,
    "dispute": _of_dispute,
}

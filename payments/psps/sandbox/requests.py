"""What the provider accepts in a request, checked field by field; a refusal says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fintech.ledger.currencies import currencies
from payments.psps.sandbox.behaviour import Behaviour, InvalidBehaviour

GREATEST_AMOUNT_MINOR = 10**15


class Refused(Exception):
    """A definite no to a request, answered as a problem (RFC 9457) with a stable code."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class DepositRequest:
    """A page to be opened for a payment to the merchant."""

    reference: str
    amount_minor: int
    currency: str
    return_url: str
    webhook_url: str
    behaviour: Behaviour


@dataclass(frozen=True, kw_only=True)
class PayoutRequest:
    """A payment from the merchant to a source's token or a test bank account."""

    reference: str
    amount_minor: int
    currency: str
    destination: str
    webhook_url: str
    behaviour: Behaviour


def read_deposit_request(body: Mapping[str, Any], usual: Behaviour) -> DepositRequest:
    """Check the body of ``POST /v1/deposits``. Raises :class:`Refused`."""
    _refuse_unknown(body, {"reference", "amount_minor", "currency", "return_url", "webhook_url", "sandbox"})
    return DepositRequest(
        reference=_text(body, "reference"),
        amount_minor=_amount(body),
        currency=_currency(body),
        return_url=_return_url(body),
        webhook_url=read_webhook_url(body),
        behaviour=read_behaviour(body.get("sandbox", {}), usual),
    )


def read_payout_request(body: Mapping[str, Any], usual: Behaviour) -> PayoutRequest:
    """Check the body of ``POST /v1/payouts``. Raises :class:`Refused`."""
    _refuse_unknown(body, {"reference", "amount_minor", "currency", "destination", "webhook_url", "sandbox"})
    return PayoutRequest(
        reference=_text(body, "reference"),
        amount_minor=_amount(body),
        currency=_currency(body),
        destination=_text(body, "destination"),
        webhook_url=read_webhook_url(body),
        behaviour=read_behaviour(body.get("sandbox", {}), usual),
    )


def read_behaviour(knobs: object, usual: Behaviour) -> Behaviour:
    """The usual behaviour with the knobs that were given. Raises :class:`Refused`."""
    try:
        return usual.changed(knobs)
    except InvalidBehaviour as error:
        raise Refused(422, "invalid-knob", str(error)) from error


def read_webhook_url(body: Mapping[str, Any]) -> str:
    """A plain HTTP address on this machine: the local provider calls nobody else."""
    url = _text(body, "webhook_url", longest=2_000)
    parts = _split(url, "webhook_url")
    if parts.scheme != "http" or not is_local_host(parts.hostname or ""):
        raise Refused(422, "invalid-field", "webhook_url must be http:// to localhost, *.localhost or 127.0.0.1.")
    return url


def is_local_host(host: str) -> bool:
    """Whether the name can only mean this machine (RFC 6761, section 6.3)."""
    return host in ("127.0.0.1", "localhost") or host.endswith(".localhost")


def _refuse_unknown(body: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise Refused(422, "unknown-field", f"Not known here: {', '.join(unknown)}.")


def _text(body: Mapping[str, Any], name: str, *, longest: int = 128) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > longest or not value.isprintable():
        raise Refused(422, "invalid-field", f"{name} must be a text of 1 to {longest} printable characters.")
    return value


def _amount(body: Mapping[str, Any]) -> int:
    value = body.get("amount_minor")
    if type(value) is not int or not 1 <= value <= GREATEST_AMOUNT_MINOR:
        raise Refused(422, "invalid-field", "amount_minor must be a whole number above zero.")
    return value


def _currency(body: Mapping[str, Any]) -> str:
    value = body.get("currency")
    if not isinstance(value, str) or value not in currencies():
        raise Refused(422, "invalid-field", "currency must be an ISO 4217 code such as EUR.")
    return value


def _return_url(body: Mapping[str, Any]) -> str:
    url = _text(body, "return_url", longest=2_000)
    parts = _split(url, "return_url")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(422, "invalid-field", "return_url must be an http:// or https:// address.")
    return url


def _split(url: str, name: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        raise Refused(422, "invalid-field", f"{name} isn't an address.") from None
    if not url.isascii() or any(character in url for character in " \"'<>;,"):
        raise Refused(422, "invalid-field", f"{name} holds a character that must be escaped.")
    return parts

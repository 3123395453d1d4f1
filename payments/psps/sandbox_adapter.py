"""The adapter of the local provider (``payments.psps.sandbox``): JSON over HTTP, Standard Webhooks back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from payments.psps.protocol import (
    DepositSession,
    DepositState,
    DepositStatus,
    NothingSent,
    NotKnownToProvider,
    OutcomeUnknown,
    PaymentSource,
    PayoutState,
    PayoutStatus,
    ProviderRefused,
    VerifiedEvent,
    require_one_reference,
)
from payments.psps.standard import ActiveSecrets, StandardWebhooks, payload_of
from payments.psps.transaction_guard import TransactionGuard, refuse_inside_transaction

Answer = TypeVar("Answer")

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class SandboxProvider:
    """One merchant's view of the local provider.

    ``api_key`` and ``webhook_secrets`` are asked at each use, so that a rotated secret needs no restart.
    ``timeout_seconds`` bounds each wait; a call that runs into it raises :class:`OutcomeUnknown`.
    """

    name = "sandbox"
    names_sources = True

    def __init__(
        self,
        *,
        base_url: str,
        api_key: Callable[[], str],
        webhook_secrets: ActiveSecrets,
        timeout_seconds: float = 10.0,
        transaction_guard: TransactionGuard = refuse_inside_transaction,
    ) -> None:
        self._api_key = api_key
        self._webhooks = StandardWebhooks(webhook_secrets)
        self._refuse_inside_transaction = transaction_guard
        # trust_env off: a proxy or a .netrc of the machine must never see or change a payment.
        self._client = httpx.Client(base_url=base_url, timeout=timeout_seconds, trust_env=False)

    def create_deposit(
        self,
        *,
        reference: str,
        amount_minor: int,
        currency: str,
        return_url: str,
        webhook_url: str,
        idempotency_key: str,
    ) -> DepositSession:
        """Open a payment page; see the protocol."""
        body = {
            "reference": reference,
            "amount_minor": amount_minor,
            "currency": currency,
            "return_url": return_url,
            "webhook_url": webhook_url,
        }
        return self._call("create_deposit", reference, _session, "POST", "/v1/deposits", body=body, key=idempotency_key)

    def send_payout(
        self,
        *,
        reference: str,
        amount_minor: int,
        currency: str,
        destination: str,
        webhook_url: str,
        idempotency_key: str,
    ) -> PayoutStatus:
        """Pay out to a source's token; see the protocol."""
        body = {
            "reference": reference,
            "amount_minor": amount_minor,
            "currency": currency,
            "destination": destination,
            "webhook_url": webhook_url,
        }
        return self._call("send_payout", reference, _payout, "POST", "/v1/payouts", body=body, key=idempotency_key)

    def ask_deposit(self, *, psp_reference: str | None = None, reference: str | None = None) -> DepositStatus:
        """Ask for a deposit by one of the two references; see the protocol."""
        path, query, asked = _question("/v1/deposits", psp_reference, reference)
        return self._call("ask_deposit", asked, _deposit, "GET", path, query=query)

    def ask_payout(
        self, *, psp_reference: str | None = None, reference: str | None = None, destination: str | None = None
    ) -> PayoutStatus:
        """Ask for a payout by one of the two references; see the protocol."""
        path, query, asked = _question("/v1/payouts", psp_reference, reference)
        return self._call("ask_payout", asked, _payout, "GET", path, query=query)

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes, now: datetime) -> VerifiedEvent:
        """Prove a message; see the protocol. Calls nobody, so it may run anywhere."""
        return self._webhooks.verify(headers, raw_body, now)

    def payload_of(self, raw_body: bytes) -> Mapping[str, object]:
        """What a stored message says; see the protocol."""
        return payload_of(raw_body)

    def close(self) -> None:
        """Close the connections kept open."""
        self._client.close()

    def _call(
        self,
        operation: str,
        reference: str,
        read: Callable[[Mapping[str, Any]], Answer],
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Answer:
        self._refuse_inside_transaction()
        headers = {"Authorization": f"Bearer {self._api_key()}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            response = self._client.request(method, path, json=body, params=query, headers=headers)
        except _NOT_SENT as error:
            raise NothingSent(f"{operation} {reference}: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(operation=operation, reference=reference, cause=type(error).__name__) from error
        _raise_for_status(response, operation, reference)
        try:
            return read(response.json())
        except (ValueError, KeyError, TypeError) as error:
            raise OutcomeUnknown(operation=operation, reference=reference, cause="broken answer") from error


def _raise_for_status(response: httpx.Response, operation: str, reference: str) -> None:
    status = response.status_code
    if response.is_success:
        return
    if status in (401, 403, 429):
        raise NothingSent(f"{operation} {reference}: answered {status}")
    if not response.is_client_error or status == 408:
        raise OutcomeUnknown(operation=operation, reference=reference, cause=f"answered {status}")
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        # Not the provider's own words: something in between answered, so nothing is known.
        raise OutcomeUnknown(
            operation=operation, reference=reference, cause=f"answered {status} without a reason"
        ) from None
    if code == "unknown-reference":
        raise NotKnownToProvider(f"{operation} {reference}")
    raise ProviderRefused(code=code, detail=detail, status=status)


def _question(path: str, psp_reference: str | None, reference: str | None) -> tuple[str, Mapping[str, str] | None, str]:
    require_one_reference(psp_reference, reference)
    if psp_reference is not None:
        return f"{path}/{quote(psp_reference, safe='')}", None, psp_reference
    return path, {"reference": str(reference)}, str(reference)


def _session(answer: Mapping[str, Any]) -> DepositSession:
    return DepositSession(psp_reference=str(answer["id"]), redirect_url=str(answer["page_url"]))


def _deposit(answer: Mapping[str, Any]) -> DepositStatus:
    source = answer["source"]
    return DepositStatus(
        psp_reference=str(answer["id"]),
        reference=str(answer["reference"]),
        state=DepositState(answer["state"]),
        amount_minor=_whole(answer["amount_minor"]),
        currency=str(answer["currency"]),
        failure_code=answer["failure_code"],
        source=None if source is None else PaymentSource(**source),
    )


def _payout(answer: Mapping[str, Any]) -> PayoutStatus:
    return PayoutStatus(
        psp_reference=str(answer["id"]),
        reference=str(answer["reference"]),
        state=PayoutState(answer["state"]),
        amount_minor=_whole(answer["amount_minor"]),
        currency=str(answer["currency"]),
        failure_code=answer["failure_code"],
    )


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("An amount must be a whole number of minor units.")
    return value

"""Calls to Stripe by the official SDK, and what their outcomes mean here.

The SDK's own retries are off: whether a call may be made again is decided by who made it, and under the same key. Its
transport is replaced by one that never waits longer than it's told, follows no redirect, and lets neither the machine's
proxy nor its .netrc see or change a payment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import httpx
import stripe

from payments.psps.protocol import NothingSent, NotKnownToProvider, OutcomeUnknown, ProviderError, ProviderRefused
from payments.psps.stripe_objects import code_of

# Each request would name the machine's platform and an id that the SDK keeps in a file of the home folder.
stripe.enable_telemetry = False
# Below that it writes down what Stripe says: its texts quote what was sent, its bodies name payers.
logging.getLogger("stripe").setLevel(logging.WARNING)

Answer = TypeVar("Answer")
#: What the SDK is to do, with the options of the call.
Request = Callable[[stripe.StripeClient, Any], Any]

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# More than a page of a hundred expanded objects.
_LONGEST_ANSWER: Final = 8 * 1024 * 1024
_UNKNOWN_OBJECT: Final = "resource_missing"


class StripeCalls:
    """Stripe's API under the key of the moment, which is asked for at each call: a rotation needs no restart."""

    def __init__(self, *, api_key: Callable[[], str], url: str | None, timeout_seconds: float) -> None:
        self._api_key = api_key
        self._transport = _Transport(timeout_seconds)
        # The key given here opens nothing: each call brings its own.
        self._client = stripe.StripeClient(
            "none",
            base_addresses={"api": url.rstrip("/")} if url else None,
            http_client=self._transport,
            max_network_retries=0,
        )

    def call(
        self,
        operation: str,
        reference: str,
        request: Request,
        read: Callable[[Mapping[str, Any]], Answer],
        *,
        key: str | None = None,
    ) -> Answer:
        """The answer to one request, read. Raises the protocol's errors, and nothing else."""
        options: dict[str, str] = {"api_key": self._api_key()}
        if key is not None:
            options["idempotency_key"] = key
        try:
            return read(request(self._client, options).to_dict())
        except stripe.StripeError as error:
            raise _meaning(error, operation, reference) from error
        except Exception as error:
            # An answer of a form that the SDK or the reading doesn't expect: Stripe has answered, so it may have acted.
            raise OutcomeUnknown(operation=operation, reference=reference, cause="broken answer") from error

    def close(self) -> None:
        """Close the connections kept open."""
        self._transport.close()


def _meaning(error: stripe.StripeError, operation: str, reference: str) -> ProviderError:
    """Which of the protocol's outcomes an error of the SDK is. Texts hold codes only: Stripe's may quote us."""
    about = f"{operation} {reference}"
    if isinstance(error, stripe.APIConnectionError):
        cause = error.__cause__
        if isinstance(cause, _NOT_SENT):
            return NothingSent(f"{about}: {type(cause).__name__}")
        return OutcomeUnknown(operation=operation, reference=reference, cause=type(cause).__name__)
    status = error.http_status or 0
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError | stripe.RateLimitError):
        return NothingSent(f"{about}: answered {status}")
    said = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    kind = code_of(said.get("type")) if isinstance(said, dict) else None
    if kind is None or not isinstance(error, stripe.InvalidRequestError | stripe.CardError):
        # Not Stripe's own words, a fault of its, or the key is in use or was used for something else: whatever was done
        # under the key before may stand.
        return OutcomeUnknown(operation=operation, reference=reference, cause=f"answered {status}")
    code = code_of(error.code) or kind
    if code == _UNKNOWN_OBJECT:
        return NotKnownToProvider(about)
    return ProviderRefused(code=code, detail=code_of(error.param) or kind, status=status)


class _Transport(stripe.HTTPClient):
    """httpx under the SDK. `timeout_seconds` bounds each wait, and the whole of an answer that trickles in."""

    name = "httpx"

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._seconds = timeout_seconds
        self._http = httpx.Client(timeout=timeout_seconds, trust_env=False, follow_redirects=False)

    def request(  # type: ignore[override]  # the SDK declares the body a text, and takes bytes
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request; raises the SDK's APIConnectionError with httpx's error as its cause."""
        until = time.monotonic() + self._seconds
        try:
            with self._http.stream(method.upper(), url, headers=dict(headers or {}), content=post_data) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > _LONGEST_ANSWER or time.monotonic() > until:
                        raise httpx.ReadTimeout("the answer takes too long, or has no end")
                return body, response.status_code, response.headers
        except httpx.HTTPError as error:
            raise stripe.APIConnectionError(type(error).__name__) from error  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close the connections kept open."""
        self._http.close()

"""The adapter of Stripe: payment pages by Checkout, payouts by refunds, both through the official SDK.

A deposit is a Checkout Session. A payout goes back to where the money came from and nowhere else: it is a refund of the
payment that a deposit was, so a source's token is that payment's id (`pi_…`).

An idempotency key holds for at least a day at Stripe and may be forgotten after that (docs.stripe.com/api,
"Idempotent requests"). So before a refund is made the payment's refunds are looked through for one with our reference.
A page needs nothing of the kind: it expires within that day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from payments.psps.protocol import (
    DepositSession,
    DepositStatus,
    NothingSent,
    NotKnownToProvider,
    OutcomeUnknown,
    PayoutStatus,
    ProviderRefused,
    VerifiedEvent,
    require_one_reference,
)
from payments.psps.standard import ActiveSecrets
from payments.psps.stripe_amounts import NotAnAmountAtStripe, to_stripe
from payments.psps.stripe_calls import Request, StripeCalls
from payments.psps.stripe_objects import (
    REFERENCE,
    code_of,
    currency_of,
    deposit_status,
    id_of,
    payout_status,
    reference_in,
    required,
)
from payments.psps.stripe_webhooks import StripeWebhooks, payload_of
from payments.psps.transaction_guard import TransactionGuard, refuse_inside_transaction

_PAYMENT: Final = re.compile(r"pi_[A-Za-z0-9]{1,77}", re.ASCII)
_PAGE: Final = 100
_MOST_PAGES: Final = 20
_EXPANDED: Final = ["payment_intent.latest_charge"]
#: The status of a refusal that is ours, not an answer: what was asked can't be done at Stripe.
_OURS: Final = 422


class StripeProvider:
    """One merchant account at Stripe.

    ``api_key`` and ``webhook_secrets`` are asked at each use, so that a rotated secret needs no restart.
    ``payment_method_types`` are what its pages offer, in Stripe's words. ``timeout_seconds`` bounds each wait.
    """

    name = "stripe"
    names_sources = False

    def __init__(
        self,
        *,
        api_key: Callable[[], str],
        webhook_secrets: ActiveSecrets,
        payment_method_types: Sequence[str] = ("card",),
        url: str | None = None,
        timeout_seconds: float = 10.0,
        transaction_guard: TransactionGuard = refuse_inside_transaction,
    ) -> None:
        self._calls = StripeCalls(api_key=api_key, url=url, timeout_seconds=timeout_seconds)
        self._webhooks = StripeWebhooks(webhook_secrets)
        self._payment_method_types = list(payment_method_types)
        self._refuse_inside_transaction = transaction_guard

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
        """Open a payment page; see the protocol. Where messages go is a setting of the account at Stripe."""
        self._refuse_inside_transaction()
        price = {
            "currency": currency.lower(),
            "unit_amount": _amount(amount_minor, currency),
            "product_data": {"name": f"Deposit {reference}"},
        }
        session: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": reference,
            "metadata": {REFERENCE: reference},
            "payment_intent_data": {"metadata": {REFERENCE: reference}},
            "line_items": [{"quantity": 1, "price_data": price}],
            "payment_method_types": self._payment_method_types,
            # The client pays in the wallet's currency, and what was asked is what comes.
            "adaptive_pricing": {"enabled": False},
            "success_url": return_url,
            "cancel_url": return_url,
        }
        return self._calls.call(
            "create_deposit",
            reference,
            lambda client, options: client.v1.checkout.sessions.create(session, options),  # type: ignore[arg-type]
            _page_of,
            key=idempotency_key,
        )

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
        """Give money back to the payment that it came from; see the protocol. Refused where there is none."""
        self._refuse_inside_transaction()
        if not _PAYMENT.fullmatch(destination):
            raise ProviderRefused(code="no-payment-to-return-to", detail="not a payment of Stripe's", status=_OURS)
        amount = _amount(amount_minor, currency)
        try:
            made = self._made_already(reference, destination, currency)
        except OutcomeUnknown as unknown:
            # Only questions so far.
            raise NothingSent(f"send_payout {reference}: {unknown.cause}") from unknown
        except NotKnownToProvider as unknown:
            raise ProviderRefused(
                code="no-payment-to-return-to", detail="a payment that Stripe doesn't know", status=_OURS
            ) from unknown
        if made is not None:
            return made
        refund: dict[str, Any] = {
            "payment_intent": destination,
            "amount": amount,
            "metadata": {REFERENCE: reference},
        }
        try:
            return self._calls.call(
                "send_payout",
                reference,
                lambda client, options: client.v1.refunds.create(refund, options),  # type: ignore[arg-type]
                payout_status,
                key=idempotency_key,
            )
        except NotKnownToProvider as unknown:
            # It was there a moment ago, so nothing is concluded from this.
            raise OutcomeUnknown(operation="send_payout", reference=reference, cause="payment gone") from unknown

    def ask_deposit(self, *, psp_reference: str | None = None, reference: str | None = None) -> DepositStatus:
        """Ask for a deposit by one of the two references; see the protocol. By ours pages are looked through."""
        require_one_reference(psp_reference, reference)
        self._refuse_inside_transaction()
        if psp_reference is None:
            psp_reference = self._session_of(str(reference))
        session_id = psp_reference
        return self._calls.call(
            "ask_deposit",
            reference or session_id,
            lambda client, options: client.v1.checkout.sessions.retrieve(session_id, {"expand": _EXPANDED}, options),
            deposit_status,
        )

    def ask_payout(
        self, *, psp_reference: str | None = None, reference: str | None = None, destination: str | None = None
    ) -> PayoutStatus:
        """Ask for a refund by one of the two references; see the protocol. By ours refunds are looked through."""
        require_one_reference(psp_reference, reference)
        self._refuse_inside_transaction()
        if psp_reference is not None:
            refund_id = psp_reference
            return self._calls.call(
                "ask_payout",
                refund_id,
                lambda client, options: client.v1.refunds.retrieve(refund_id, None, options),
                payout_status,
            )
        found = self._refund_of(str(reference), destination)
        if found is None:
            raise NotKnownToProvider(f"ask_payout {reference}")
        return found

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes, now: datetime) -> VerifiedEvent:
        """Prove a message; see the protocol. Calls nobody, so it may run anywhere."""
        return self._webhooks.verify(headers, raw_body, now)

    def payload_of(self, raw_body: bytes) -> Mapping[str, object]:
        """What a stored message says; see the protocol."""
        return payload_of(raw_body)

    def close(self) -> None:
        """Close the connections kept open."""
        self._calls.close()

    def _made_already(self, reference: str, payment: str, currency: str) -> PayoutStatus | None:
        """The refund under this reference, if there is one. Refuses where the payment is of another currency."""
        paid_in = self._calls.call(
            "send_payout",
            reference,
            lambda client, options: client.v1.payment_intents.retrieve(payment, None, options),
            lambda answer: str(required(currency_of(answer))),
        )
        if paid_in != currency:
            # A refund names no currency: it would be of as many units of another one.
            raise ProviderRefused(code="currency-differs", detail=f"the payment was in {paid_in}", status=_OURS)
        return self._refund_of(reference, payment)

    def _refund_of(self, reference: str, payment: str | None) -> PayoutStatus | None:
        """The refund that carries our reference, of one payment or of any. Newest first, as Stripe lists them."""
        if payment is not None and not _PAYMENT.fullmatch(payment):
            return None
        narrowed = {} if payment is None else {"payment_intent": payment}

        def page(after: Mapping[str, str]) -> Request:
            asked: Any = {"limit": _PAGE, **narrowed, **after}
            return lambda client, options: client.v1.refunds.list(asked, options)

        found = self._looked_through("ask_payout", reference, page, lambda refund: reference_in(refund) == reference)
        if found is None:
            return None
        try:
            return payout_status(found)
        except ValueError as error:
            raise OutcomeUnknown(operation="ask_payout", reference=reference, cause="broken answer") from error

    def _session_of(self, reference: str) -> str:
        def page(after: Mapping[str, str]) -> Request:
            asked: Any = {"limit": _PAGE, **after}
            return lambda client, options: client.v1.checkout.sessions.list(asked, options)

        found = self._looked_through(
            "ask_deposit", reference, page, lambda session: session.get("client_reference_id") == reference
        )
        if found is None:
            raise NotKnownToProvider(f"ask_deposit {reference}")
        return str(found["id"])

    def _looked_through(
        self,
        operation: str,
        reference: str,
        page: Callable[[Mapping[str, str]], Request],
        wanted: Callable[[Mapping[str, Any]], bool],
    ) -> Mapping[str, Any] | None:
        """The first object of a list that is wanted; None if none is. OutcomeUnknown where the list is too long."""
        after: Mapping[str, str] = {}
        for _ in range(_MOST_PAGES):
            items, more = self._calls.call(operation, reference, page(after), _items_of)
            for item in items:
                if wanted(item):
                    return item
            if not more or not items:
                return None
            after = {"starting_after": str(items[-1]["id"])}
        raise OutcomeUnknown(operation=operation, reference=reference, cause="too many to look through")


def _amount(amount_minor: int, currency: str) -> int:
    try:
        return to_stripe(amount_minor, currency)
    except NotAnAmountAtStripe as error:
        raise ProviderRefused(code="amount-not-possible", detail=str(error), status=_OURS) from error


def _page_of(answer: Mapping[str, Any]) -> DepositSession:
    return DepositSession(psp_reference=required(id_of(answer)), redirect_url=str(required(answer.get("url"))))


def _items_of(answer: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
    items = [item for item in answer["data"] if code_of(item["id"])]
    return items, answer["has_more"] is True

"""What Stripe's objects say, in this product's words; for answers and messages alike.

Only ids, codes and amounts are read, each by its form. What names a person (billing details, evidence) never is, but
for an instrument's last digits in an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from payments.psps.protocol import DepositState, DepositStatus, PaymentSource, PayoutState, PayoutStatus
from payments.psps.stripe_amounts import NotAnAmountAtStripe, from_stripe

StripeValues = Mapping[str, Any]

#: The key of our own reference in the metadata of what we make at Stripe.
REFERENCE: Final = "reference"

_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,255}", re.ASCII)
_LAST_DIGITS: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_BANK_ACCOUNTS: Final = frozenset(("acss_debit", "au_becs_debit", "bacs_debit", "sepa_debit", "us_bank_account"))

_REFUND: Final[Mapping[str, PayoutState]] = {
    "pending": PayoutState.ACCEPTED,
    "requires_action": PayoutState.ACCEPTED,
    "succeeded": PayoutState.PAID,
    "failed": PayoutState.FAILED,
    "canceled": PayoutState.FAILED,
}


def code_of(value: object) -> str | None:
    """A text that has the form of an id or a stable word; None for anything else."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def id_of(value: object) -> str | None:
    """The id of an object that Stripe names by its id, or gives whole where it was asked to expand it."""
    return code_of(value.get("id") if isinstance(value, Mapping) else value)


def reference_in(values: StripeValues) -> str | None:
    """Our own reference, as we put it into an object's metadata."""
    metadata = values.get("metadata")
    return code_of(metadata.get(REFERENCE)) if isinstance(metadata, Mapping) else None


def currency_of(values: StripeValues) -> str | None:
    """The currency's ISO 4217 code; Stripe writes it in small letters."""
    code = code_of(values.get("currency"))
    return None if code is None else code.upper()


def minor_units(values: StripeValues, name: str) -> int | None:
    """An amount in ISO 4217 minor units; None where it says none that can be read with certainty."""
    amount, code = values.get(name), currency_of(values)
    if type(amount) is not int or code is None:
        return None
    try:
        return from_stripe(amount, code)
    except NotAnAmountAtStripe:
        return None


def deposit_status(session: StripeValues) -> DepositStatus:
    """A Checkout Session with its payment and charge expanded. Raises ValueError for what it can't be.

    Whether the payer has taken the money back isn't told by it: only a message about the dispute is.
    """
    payment = session.get("payment_intent")
    payment = payment if isinstance(payment, Mapping) else {}
    state, failure_code = _deposit_state(session, payment)
    return DepositStatus(
        psp_reference=required(id_of(session)),
        reference=required(code_of(session.get("client_reference_id"))),
        state=state,
        amount_minor=required(minor_units(session, "amount_total")),
        currency=required(currency_of(session)),
        failure_code=failure_code,
        source=_source(payment),
    )


def payout_status(refund: StripeValues) -> PayoutStatus:
    """A refund that we made. Raises ValueError for what can't be one.

    `succeeded` is Stripe's word that the refund has gone to the payer's bank: paid, as far as it tells.
    """
    state = _REFUND.get(str(refund.get("status")))
    return PayoutStatus(
        psp_reference=required(id_of(refund)),
        reference=required(reference_in(refund)),
        state=required(state),
        amount_minor=required(minor_units(refund, "amount")),
        currency=required(currency_of(refund)),
        failure_code=refund_failure(refund) if state is PayoutState.FAILED else None,
    )


def refund_state(refund: StripeValues) -> PayoutState | None:
    """Where a refund stands; None for a word that isn't known."""
    return _REFUND.get(str(refund.get("status")))


def refund_failure(refund: StripeValues) -> str:
    """Why a refund failed, as a code."""
    return code_of(refund.get("failure_reason")) or code_of(refund.get("status")) or "failed"


def required(value: Any) -> Any:
    """The value itself. Raises ValueError where there is none."""
    if value is None:
        raise ValueError("the answer lacks a field, or it has another form")
    return value


def _deposit_state(session: StripeValues, payment: StripeValues) -> tuple[DepositState, str | None]:
    status, paid = session.get("status"), session.get("payment_status")
    if status == "open":
        return DepositState.OPEN, None
    if status == "expired":
        return DepositState.EXPIRED, "expired"
    if status == "complete" and paid == "paid":
        return DepositState.SETTLED, None
    if status == "complete" and paid == "unpaid":
        if payment.get("status") not in ("requires_payment_method", "canceled"):
            return DepositState.PENDING, None
        error = payment.get("last_payment_error")
        code = code_of(error.get("code")) if isinstance(error, Mapping) else None
        return DepositState.FAILED, code or "payment-failed"
    raise ValueError("a session in a state that isn't known")


def _source(payment: StripeValues) -> PaymentSource | None:
    """What a payment was paid with. The payment itself is the token: Stripe gives money back to a payment."""
    charge, token = payment.get("latest_charge"), id_of(payment)
    details = charge.get("payment_method_details") if isinstance(charge, Mapping) else None
    if token is None or not isinstance(details, Mapping):
        return None
    method = details.get("type")
    if method == "card":
        kind, name = "card", "card"
    elif method in _BANK_ACCOUNTS:
        kind, name = "bank", "bank account"
    else:
        return None
    instrument = details.get(str(method))
    digits = str(instrument.get("last4")) if isinstance(instrument, Mapping) else ""
    display = f"{name} ending {digits}" if _LAST_DIGITS.fullmatch(digits) else name
    return PaymentSource(kind=kind, token=token, display=display)

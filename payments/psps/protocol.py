"""What every payment service provider (PSP) must offer, in this product's words.

An adapter translates one provider's API into these types. It holds no state and decides nothing: limits,
approvals and bookings are the business of services. Amounts are integer minor units of an ISO 4217 currency.

A call ends in one of four ways, and each leads somewhere else:

=========================  ====================================================================
an answer                  the provider's word; it may be recorded
:class:`ProviderRefused`   the provider said no, for good: nothing happened and nothing will
:class:`NothingSent`       the provider certainly didn't act (no connection, say): the same call may
                           be made again later
:class:`OutcomeUnknown`    it may have acted or not (time-out, broken answer): only a question
                           leads on (``ask_payout``, ``ask_deposit``), never an assumption
=========================  ====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class DepositState(StrEnum):
    """Where a deposit stands at the provider."""

    OPEN = "open"  # the payment page waits for the client
    PENDING = "pending"  # the client has paid; the money hasn't arrived yet
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"
    CHARGED_BACK = "charged_back"


class PayoutState(StrEnum):
    """Where a payout stands at the provider."""

    ACCEPTED = "accepted"
    SENT = "sent"  # given to the card network or the bank
    PAID = "paid"
    FAILED = "failed"  # returned: the money is ours again


class EventType(StrEnum):
    """The messages that services know how to apply; any other word is stored and reviewed."""

    DEPOSIT_PENDING = "deposit.pending"
    DEPOSIT_SETTLED = "deposit.settled"
    DEPOSIT_FAILED = "deposit.failed"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    CHARGEBACK_OPENED = "chargeback.opened"


#: The type of a signed message whose body says nothing readable (see :class:`VerifiedEvent`).
UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class DepositSession:
    """A payment page that waits for the client: send the browser to ``redirect_url``."""

    psp_reference: str
    redirect_url: str


@dataclass(frozen=True, kw_only=True)
class PaymentSource:
    """The card or bank account that a deposit came from, as the provider names it.

    ``token`` is what a payout names as its destination: return-to-source needs no card number, and none ever
    reaches this product. ``display`` is fit for people ("card ending 4242").
    """

    kind: str  # "card" or "bank"
    token: str
    display: str


@dataclass(frozen=True, kw_only=True)
class DepositStatus:
    """The provider's present word on a deposit."""

    psp_reference: str
    reference: str
    state: DepositState
    amount_minor: int
    currency: str
    failure_code: str | None = None
    source: PaymentSource | None = None


@dataclass(frozen=True, kw_only=True)
class PayoutStatus:
    """The provider's present word on a payout."""

    psp_reference: str
    reference: str
    state: PayoutState
    amount_minor: int
    currency: str
    failure_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerifiedEvent:
    """One message whose signature holds.

    ``event_id`` is the provider's, the same in each repetition. ``type`` is an :class:`EventType` where there
    is one, else the provider's own word. ``payload`` holds only what PostgreSQL's ``jsonb`` can hold.

    A signed message is never dropped, whatever it says: one whose body can't be read has the type
    :data:`UNREADABLE`, the signature's time and an empty payload, and whoever stores it keeps the raw bytes.
    """

    event_id: str
    type: str
    occurred_at: datetime
    payload: Mapping[str, object]


class ProviderError(Exception):
    """Root of what an adapter raises about a provider. Texts hold references and codes, no personal data."""


class OutcomeUnknown(ProviderError):
    """The provider may have acted or not; ask it before anything else is done about ``reference``."""

    def __init__(self, *, operation: str, reference: str, cause: str) -> None:
        super().__init__(f"{operation} {reference}: outcome unknown ({cause})")
        self.operation = operation
        self.reference = reference
        self.cause = cause


class NothingSent(ProviderError):
    """The provider certainly did nothing; the same call with the same key may be made again later.

    No connection came about, it had too many requests, or it didn't take our credentials (a key being rotated
    must not fail a client's payout).
    """


class ProviderRefused(ProviderError):
    """The provider's definite no, with its stable ``code`` and the HTTP ``status`` it came with."""

    def __init__(self, *, code: str, detail: str, status: int) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status


class NotKnownToProvider(ProviderError):
    """The provider has never heard of this reference.

    After an :class:`OutcomeUnknown` this means that the request didn't arrive *so far*; sending it again with
    the same idempotency key is safe, releasing the money isn't.
    """


class ForgedWebhook(ProviderError):
    """The message isn't proved to be the provider's: answer 401, count it, parse nothing."""


class InsideTransaction(RuntimeError):
    """A provider was about to be called while a database transaction was open.

    A call to the outside takes seconds and can't be rolled back; a transaction that waits for it holds locks
    and pretends otherwise. Commit first (``begin_…``), ask from a task, then ``record_…``.
    """


def require_one_reference(psp_reference: str | None, reference: str | None) -> None:
    """Raise TypeError unless exactly one of the provider's reference and ours is given."""
    if (psp_reference is None) == (reference is None):
        raise TypeError("Give exactly one of psp_reference and reference.")


class PaymentServiceProvider(Protocol):
    """One provider, seen from one cell. Every method that calls out refuses to run inside a transaction."""

    @property
    def name(self) -> str:
        """The registered name, e.g. ``"sandbox"``."""
        ...

    @property
    def names_sources(self) -> bool:
        """Whether its messages say what a deposit was paid with; where not, it's asked before one is settled."""
        ...

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
        """Open a payment page for ``amount_minor``; the same key returns the same page."""
        ...

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
        """Pay out to ``destination`` (a :class:`PaymentSource` token); the same key never pays twice."""
        ...

    def ask_deposit(self, *, psp_reference: str | None = None, reference: str | None = None) -> DepositStatus:
        """Ask by exactly one of the provider's reference and ours.

        Raises :class:`NotKnownToProvider` if there is none.
        """
        ...

    def ask_payout(
        self, *, psp_reference: str | None = None, reference: str | None = None, destination: str | None = None
    ) -> PayoutStatus:
        """Ask by exactly one of the provider's reference and ours.

        ``destination`` is where it was to go: some providers find a payout by ours only among those that went there.
        Raises :class:`NotKnownToProvider` if there is none.
        """
        ...

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes, now: datetime) -> VerifiedEvent:
        """Prove that the message is the provider's, over the raw bytes and before parsing them.

        Raises :class:`ForgedWebhook`.
        """
        ...

    def payload_of(self, raw_body: bytes) -> Mapping[str, object]:
        """What a message that was proved and stored says, as ``VerifiedEvent.payload``; empty if it can't be read."""
        ...

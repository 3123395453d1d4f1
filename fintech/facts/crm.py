"""What happens in crm: clients, their standing and identity, introducing brokers, and who signs in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from fintech.facts.language import fact

Category = Literal["retail", "professional", "eligible_counterparty"]
Status = Literal["active", "suspended", "closed"]
Risk = Literal["low", "medium", "high"]
Factor = Literal["totp", "passkey", "recovery_codes"]


@fact("crm.client.registered", version=1)
class ClientRegistered:
    """A person has registered with a regulatory entity. The contract begins here."""

    client_id: UUID
    user_id: UUID
    entity: str


@fact("crm.client.email_confirmed", version=1)
class EmailConfirmed:
    """The client has proved that the e-mail address is theirs."""

    client_id: UUID


@fact("crm.client.standing_changed", version=1)
class ClientStandingChanged:
    """What other concerns must know of a client; the whole standing each time, so the last one is enough.

    `verified` says that identity is proved, `may_trade` that everything is done which the jurisdiction wants
    before a first trade (test and risk warning). `since` is when this standing began.
    """

    client_id: UUID
    entity: str
    category: Category
    status: Status
    verified: bool
    risk: Risk
    may_trade: bool
    since: datetime


@fact("crm.client.profile_changed", version=1)
class ProfileChanged:
    """Some of a client's personal data were changed; which, not to what."""

    client_id: UUID
    columns: tuple[str, ...]


@fact("crm.client.read", version=1)
class ClientRead:
    """A staff member looked at a client's personal data."""

    client_id: UUID


@fact("crm.appropriateness.answered", version=1)
class AppropriatenessAnswered:
    """A client has answered the questions asked before trading; points of `out_of`."""

    client_id: UUID
    test_id: UUID
    kind: Literal["test", "target-market"]
    questionnaire: str
    points: int
    out_of: int
    passed: bool


@fact("crm.risk_warning.accepted", version=1)
class RiskWarningAccepted:
    """A client has accepted the entity's risk warning in exactly this version."""

    client_id: UUID
    acceptance_id: UUID
    entity: str
    version: str


@fact("crm.identity_case.opened", version=1)
class IdentityCaseOpened:
    """A client has begun to prove who they are."""

    case_id: UUID
    client_id: UUID


@fact("crm.identity_case.submitted", version=1)
class IdentityCaseSubmitted:
    """A client has handed the case in; it waits for compliance."""

    case_id: UUID
    client_id: UUID


@fact("crm.identity_case.approved", version=1)
class IdentityCaseApproved:
    """Compliance found the client's identity proved."""

    case_id: UUID
    client_id: UUID


@fact("crm.identity_case.rejected", version=1)
class IdentityCaseRejected:
    """Compliance found the client's identity not proved; a new case may be opened."""

    case_id: UUID
    client_id: UUID


@fact("crm.document.uploaded", version=1)
class DocumentUploaded:
    """A document was added to a case; `sealed_sha256` is the hash of what is stored (hexadecimal)."""

    document_id: UUID
    case_id: UUID
    client_id: UUID
    kind: str
    media_type: str
    size_bytes: int
    sealed_sha256: str


@fact("crm.document.read", version=1)
class DocumentRead:
    """A staff member opened a client's document."""

    document_id: UUID
    case_id: UUID
    client_id: UUID


@fact("crm.introducing_broker.registered", version=1)
class IntroducingBrokerRegistered:
    """An introducing broker has its place in the hierarchy; `chain` are those above it, nearest first."""

    ib_id: UUID
    parent_ib_id: UUID | None
    chain: tuple[UUID, ...]
    level: int
    effective_from: datetime


@fact("crm.introducing_broker.read", version=1)
class IntroducingBrokerRead:
    """A staff member looked at a broker's name."""

    ib_id: UUID


@fact("crm.client.introduced", version=1)
class ClientIntroduced:
    """An introducing broker has introduced a client; `chain` begins with that broker and goes upward."""

    client_id: UUID
    ib_id: UUID
    chain: tuple[UUID, ...]
    effective_from: datetime


@fact("crm.user.signed_in", version=1)
class SignedIn:
    """A user signed in; `client_id` is null for staff."""

    user_id: UUID
    client_id: UUID | None
    door: Literal["portal", "back_office"]


@fact("crm.user.signed_out", version=1)
class SignedOut:
    """A user ended a session."""

    user_id: UUID
    client_id: UUID | None


@fact("crm.user.sign_in_failed", version=1)
class SignInFailed:
    """Somebody gave a wrong password for a user that there is."""

    user_id: UUID
    client_id: UUID | None


@fact("crm.user.password_changed", version=1)
class PasswordChanged:
    """A user has another password."""

    user_id: UUID
    client_id: UUID | None


@fact("crm.user.email_changed", version=1)
class EmailChanged:
    """A user signs in with another e-mail address, which is proved."""

    user_id: UUID
    client_id: UUID | None


@fact("crm.user.factor_added", version=1)
class FactorAdded:
    """A user can prove themselves by another factor. `credential_sha256` is the hash of a passkey's id."""

    user_id: UUID
    client_id: UUID | None
    factor: Factor
    credential_sha256: str | None


@fact("crm.user.factor_removed", version=1)
class FactorRemoved:
    """An authenticator app, a passkey or the recovery codes count no more."""

    user_id: UUID
    client_id: UUID | None
    factor: Factor
    credential_sha256: str | None


@fact("crm.user.recovery_codes_made", version=1)
class RecoveryCodesMade:
    """A user has new recovery codes; those before count no more."""

    user_id: UUID
    client_id: UUID | None


@fact("crm.user.factor_used", version=1)
class FactorUsed:
    """A user has given a factor: behind the password, instead of it, or to confirm before a change."""

    user_id: UUID
    client_id: UUID | None
    factor: Factor
    credential_sha256: str | None
    purpose: Literal["second_factor", "passwordless", "reauthentication"]


@fact("crm.user.factor_failed", version=1)
class FactorFailed:
    """Somebody who has signed in so far, or gave the right password, has given a wrong code."""

    user_id: UUID
    client_id: UUID | None


@fact("crm.staff.factors_reset", version=1)
class StaffFactorsReset:
    """A colleague, or the operator, has taken away a staff member's factors, and ended all sessions of theirs."""

    user_id: UUID
    factors: tuple[Factor, ...]


@fact("crm.staff.created", version=1)
class StaffCreated:
    """A staff member may sign in to the back office, with the rights of these groups."""

    user_id: UUID
    groups: tuple[str, ...]


@fact("crm.mail.sent", version=1)
class MailSent:
    """A mail was handed to the mail server; `template` says what it was about."""

    mail_id: UUID
    person_id: UUID
    template: str


@fact("crm.parked_fact.retried", version=1)
class ParkedFactRetried:
    """A staff member asked for the facts of a subject that a follower had set aside to be tried again."""

    follower: str
    into: str
    subject_type: str
    subject_id: str

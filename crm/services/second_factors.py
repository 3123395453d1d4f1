"""What users prove themselves with beside the password: authenticator apps, passkeys, recovery codes.

Clients change theirs through django-allauth, whose changes are noted here once they are done; staff change theirs by
these verbs. Seeds are sealed under the person's key for identity, so they end with it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import F

from crm.models import User
from crm.selectors.clients import client_id_of_user
from crm.selectors.second_factors import PASSKEY, RECOVERY_CODES, TOTP, credential_hash, has_second_factor, kind_of
from fintech.cells import current_cell
from fintech.factlog import record
from fintech.facts.crm import (
    Factor,
    FactorAdded,
    FactorFailed,
    FactorRemoved,
    FactorUsed,
    RecoveryCodesMade,
    StaffFactorsReset,
)
from fintech.journal import Refusal, verb
from fintech.privacy.sealing import seal

Purpose = Literal["second_factor", "passwordless", "reauthentication"]
# Where a row keeps the last step of time whose code was taken (RFC 6238, section 5.2).
LAST_STEP: Final = "last_step"
_SEED_BYTES: Final = 40


def sealed_secret(person_id: UUID, secret: str) -> str:
    """A seed as a row may keep it. A person's first key is made inside of a verb only."""
    return base64.b64encode(seal("crm", person_id=person_id, retention="identity", text=secret)).decode()


@verb("crm")
def record_factor_added(*, key: str, user_id: UUID, factor: Factor, credential_sha256: str | None) -> UUID:
    """Note that a user has another factor."""
    client_id = client_id_of_user(user_id)
    record(
        FactorAdded(user_id=user_id, client_id=client_id, factor=factor, credential_sha256=credential_sha256),
        subject=("user", user_id),
    )
    return user_id


@verb("crm")
def record_factor_removed(*, key: str, user_id: UUID, factor: Factor, credential_sha256: str | None) -> UUID:
    """Note that a factor counts no more."""
    client_id = client_id_of_user(user_id)
    record(
        FactorRemoved(user_id=user_id, client_id=client_id, factor=factor, credential_sha256=credential_sha256),
        subject=("user", user_id),
    )
    return user_id


@verb("crm")
def record_recovery_codes_made(*, key: str, user_id: UUID) -> UUID:
    """Note that a user has new recovery codes."""
    record(RecoveryCodesMade(user_id=user_id, client_id=client_id_of_user(user_id)), subject=("user", user_id))
    return user_id


@verb("crm")
def record_factor_used(
    *, key: str, user_id: UUID, factor: Factor, credential_sha256: str | None, purpose: Purpose
) -> UUID:
    """Note that a user has given a factor."""
    record(
        FactorUsed(
            user_id=user_id,
            client_id=client_id_of_user(user_id),
            factor=factor,
            credential_sha256=credential_sha256,
            purpose=purpose,
        ),
        subject=("user", user_id),
    )
    return user_id


@verb("crm")
def record_factor_failed(*, key: str, user_id: UUID) -> UUID:
    """Note that somebody gave a wrong code for this user."""
    record(FactorFailed(user_id=user_id, client_id=client_id_of_user(user_id)), subject=("user", user_id))
    return user_id


@verb("crm")
def enrol_staff_totp(*, key: str, user_id: UUID, secret: str, step: int, replace: bool) -> UUID:
    """Give a staff member an authenticator app, with recovery codes where there are none.

    `secret` is the seed in Base32, `step` the step of time whose code proved it. With `replace` the app before counts
    no more; without, whoever has a second factor is refused: it is to be given first.
    """
    _staff_member(user_id)
    if not replace and has_second_factor(user_id):
        raise Refusal("second-factor-exists", "There is a second factor already: give it first.")
    for before in Authenticator.objects.filter(user_id=user_id, type=TOTP):
        _remove(before)
    _add(user_id, TOTP, {"secret": sealed_secret(user_id, secret), LAST_STEP: step})
    if not Authenticator.objects.filter(user_id=user_id, type=RECOVERY_CODES).exists():
        _make_recovery_codes(user_id)
    return user_id


@verb("crm")
def add_staff_passkey(*, key: str, user_id: UUID, name: str, credential: Mapping[str, Any]) -> UUID:
    """Give a staff member a passkey whose registration the browser has just completed."""
    _staff_member(user_id)
    _add(user_id, PASSKEY, {"name": name, "credential": dict(credential)})
    if not Authenticator.objects.filter(user_id=user_id, type=RECOVERY_CODES).exists():
        _make_recovery_codes(user_id)
    return user_id


@verb("crm")
def remove_staff_factor(*, key: str, user_id: UUID, factor_id: int) -> UUID:
    """Take away a staff member's authenticator app or passkey, but never the last one."""
    _staff_member(user_id)
    row = Authenticator.objects.filter(user_id=user_id, pk=factor_id, type__in=(TOTP, PASSKEY)).first()
    if row is None:
        raise Refusal("factor-unknown", "There is no such factor.", status=404)
    if Authenticator.objects.filter(user_id=user_id, type__in=(TOTP, PASSKEY)).count() == 1:
        raise Refusal("last-factor", "This is the only second factor: add another one first.")
    _remove(row)
    return user_id


@verb("crm")
def renew_staff_recovery_codes(*, key: str, user_id: UUID) -> UUID:
    """Make new recovery codes for a staff member; those before count no more."""
    _staff_member(user_id)
    Authenticator.objects.filter(user_id=user_id, type=RECOVERY_CODES).delete()
    _make_recovery_codes(user_id)
    return user_id


@verb("crm")
def reset_staff_factors(*, key: str, reason: str, user_id: UUID) -> UUID:
    """Take away all factors of a staff member who has lost them, and end all sessions of theirs. Never one's own.

    At the next sign-in they enrol anew.
    """
    actor = current_cell().actor
    if actor.kind == "staff" and actor.id == str(user_id):
        raise Refusal("own-factor", "Nobody resets their own second factor: ask a colleague.", status=403)
    _staff_member(user_id)
    rows = list(Authenticator.objects.filter(user_id=user_id).order_by("pk"))
    if not rows:
        raise Refusal("second-factor-missing", "There is no second factor to reset.")
    Authenticator.objects.filter(user_id=user_id).delete()
    User.objects.filter(pk=user_id).update(sessions_generation=F("sessions_generation") + 1)
    record(StaffFactorsReset(user_id=user_id, factors=tuple(kind_of(row) for row in rows)), subject=("user", user_id))
    return user_id


def _staff_member(user_id: UUID) -> User:
    """The user, locked, so that changes of one person's factors come one after the other."""
    user = User.objects.select_for_update().filter(pk=user_id, is_staff=True).first()
    if user is None:
        raise Refusal("staff-unknown", "There is no such staff member.", status=404)
    return user


def _add(user_id: UUID, kind: str, data: dict[str, Any]) -> None:
    row = Authenticator.objects.create(user_id=user_id, type=kind, data=data)
    record(
        FactorAdded(user_id=user_id, client_id=None, factor=kind_of(row), credential_sha256=credential_hash(row)),
        subject=("user", user_id),
    )


def _remove(row: Authenticator) -> None:
    factor, credential, user_id = kind_of(row), credential_hash(row), row.user_id
    row.delete()
    record(
        FactorRemoved(user_id=user_id, client_id=None, factor=factor, credential_sha256=credential),
        subject=("user", user_id),
    )


def _make_recovery_codes(user_id: UUID) -> None:
    seed = sealed_secret(user_id, secrets.token_hex(_SEED_BYTES))
    Authenticator.objects.create(user_id=user_id, type=RECOVERY_CODES, data={"seed": seed, "used_mask": 0})
    record(RecoveryCodesMade(user_id=user_id, client_id=None), subject=("user", user_id))

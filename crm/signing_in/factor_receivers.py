"""allauth's signals about second factors, turned into verbs: no code, seed or key goes into any of them."""

from __future__ import annotations

import logging
from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.dispatch import receiver
from prometheus_client import Counter

from crm.models import User
from crm.selectors.clients import client_of_user
from crm.selectors.second_factors import credential_hash, kind_of
from crm.services.second_factors import (
    Purpose,
    record_factor_added,
    record_factor_failed,
    record_factor_removed,
    record_factor_used,
    record_recovery_codes_made,
)
from crm.signing_in.one_time_codes import take_present_code
from crm.signing_in.receivers import actor_of
from fintech.cells import acting_as, current_cell
from fintech.cells.identifiers import uuid7

logger = logging.getLogger("fintech.security")
_failures = Counter("fintech_second_factor_failures_total", "Wrong codes given for a second factor", ["cell"])


def _acting(user: User) -> Any:
    """Whoever changes or gives a factor is its owner; a visitor's sign-in names nobody yet."""
    return acting_as(actor_of(user, client_of_user(user.pk)))


@receiver(signals.authenticator_added, dispatch_uid="crm.factor_added")
def factor_added(sender: type[Authenticator], user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record another factor, or the first recovery codes, which come with it."""
    kind = kind_of(authenticator)
    if kind == "totp":
        take_present_code(authenticator)
    with _acting(user):
        if kind == "recovery_codes":
            record_recovery_codes_made(key=str(uuid7()), user_id=user.pk)
        else:
            record_factor_added(
                key=str(uuid7()), user_id=user.pk, factor=kind, credential_sha256=credential_hash(authenticator)
            )


@receiver(signals.authenticator_removed, dispatch_uid="crm.factor_removed")
def factor_removed(sender: type[Authenticator], user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record that a factor counts no more."""
    with _acting(user):
        record_factor_removed(
            key=str(uuid7()),
            user_id=user.pk,
            factor=kind_of(authenticator),
            credential_sha256=credential_hash(authenticator),
        )


@receiver(signals.authenticator_reset, dispatch_uid="crm.recovery_codes_made")
def recovery_codes_made(sender: type[Authenticator], user: User, **kwargs: Any) -> None:
    """Record new recovery codes."""
    with _acting(user):
        record_recovery_codes_made(key=str(uuid7()), user_id=user.pk)


@receiver(signals.authenticator_used, dispatch_uid="crm.factor_used")
def factor_used(sender: type[Authenticator], user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record that a factor was given, and what for."""
    purpose: Purpose = "second_factor"
    if kwargs.get("reauthenticated"):
        purpose = "reauthentication"
    elif kwargs.get("passwordless"):
        purpose = "passwordless"
    with _acting(user):
        record_factor_used(
            key=str(uuid7()),
            user_id=user.pk,
            factor=kind_of(authenticator),
            credential_sha256=credential_hash(authenticator),
            purpose=purpose,
        )


@receiver(signals.authentication_failed, dispatch_uid="crm.factor_failed")
def factor_failed(sender: type[Authenticator], user: User, **kwargs: Any) -> None:
    """Count a wrong code, and record it."""
    _failures.labels(cell=current_cell().name).inc()
    logger.warning("a code for a second factor was wrong", extra={"user_id": str(user.pk)})
    with _acting(user):
        record_factor_failed(key=str(uuid7()), user_id=user.pk)

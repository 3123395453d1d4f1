"""Signals of Django and allauth about signing in, turned into verbs."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from prometheus_client import Counter

from crm.models import Client, User
from crm.selectors.clients import client_of_user, user_by_email
from crm.services.registration import confirm_email
from crm.services.signing_in import Door, record_email_change, record_failed_sign_in, record_sign_in, record_sign_out
from fintech.cells import Actor, acting_as, current_cell, set_actor
from fintech.cells.identifiers import uuid7

logger = logging.getLogger("fintech.security")
_failures = Counter("fintech_sign_in_failures_total", "Sign-ins refused for a wrong password or address", ["cell"])


def actor_of(user: User, client: Client | None) -> Actor:
    """Who acts when this user does."""
    return Actor.staff(user.pk) if client is None else Actor.client(client.pk)


@receiver(user_logged_in, dispatch_uid="crm.signed_in")
def signed_in(sender: type[User], request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Name the actor for the rest of the request, and record the sign-in."""
    client = client_of_user(user.pk)
    set_actor(actor_of(user, client))
    _confirm_what_is_proved(client, user)
    match = getattr(request, "resolver_match", None)
    door: Door = "back_office" if match is not None and match.app_name == "admin" else "portal"
    record_sign_in(key=str(uuid7()), user_id=user.pk, door=door)


@receiver(user_logged_out, dispatch_uid="crm.signed_out")
def signed_out(sender: type[User], request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Record the end of a session that had a user."""
    if user is None or user.pk is None:
        return
    with acting_as(actor_of(user, client_of_user(user.pk))):
        record_sign_out(key=str(uuid7()), user_id=user.pk)


@receiver(user_login_failed, dispatch_uid="crm.sign_in_failed")
def sign_in_failed(sender: str, credentials: dict[str, Any], **kwargs: Any) -> None:
    """Count the failure, and record it where it concerns a user that there is."""
    _failures.labels(cell=current_cell().name).inc()
    user = user_by_email(str(credentials.get("email") or credentials.get("username") or ""))
    logger.warning("a sign-in failed", extra={"user_id": str(user.pk) if user else None})
    if user is not None:
        record_failed_sign_in(key=str(uuid7()), user_id=user.pk)


@receiver(email_confirmed, dispatch_uid="crm.email_confirmed")
def address_proved(sender: type[EmailAddress], email_address: EmailAddress, **kwargs: Any) -> None:
    """Record the proof of a client's address."""
    client = client_of_user(email_address.user_id)
    if client is not None:
        with acting_as(Actor.client(client.pk)):
            confirm_email(key="email", client_id=client.pk)


@receiver(email_changed, dispatch_uid="crm.email_changed")
def address_changed(sender: type[EmailAddress], user: User, **kwargs: Any) -> None:
    """Record that another address is the one to sign in with."""
    with acting_as(actor_of(user, client_of_user(user.pk))):
        record_email_change(key=str(uuid7()), user_id=user.pk)


def _confirm_what_is_proved(client: Client | None, user: User) -> None:
    """Make good for a process that died between allauth's proof and ours: a sign-in comes after a proof."""
    if client is None or client.email_confirmed_at is not None:
        return
    if EmailAddress.objects.filter(user=user, verified=True).exists():
        confirm_email(key="email", client_id=client.pk)

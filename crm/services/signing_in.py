"""Who signed in, out, or failed to, and what they sign in with: facts that carry ids only."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from crm.models import User
from crm.selectors.clients import client_id_of_user
from fintech.factlog import record
from fintech.facts.crm import EmailChanged, PasswordChanged, SignedIn, SignedOut, SignInFailed
from fintech.journal import Refusal, verb

Door = Literal["portal", "back_office"]


@verb("crm")
def record_sign_in(*, key: str, user_id: UUID, door: Door) -> UUID:
    """Note that a user signed in at a door."""
    client_id = client_id_of_user(user_id)
    record(SignedIn(user_id=user_id, client_id=client_id, door=door), subject=("user", user_id))
    return user_id


@verb("crm")
def record_sign_out(*, key: str, user_id: UUID) -> UUID:
    """Note that a user ended a session."""
    record(SignedOut(user_id=user_id, client_id=client_id_of_user(user_id)), subject=("user", user_id))
    return user_id


@verb("crm")
def record_failed_sign_in(*, key: str, user_id: UUID) -> UUID:
    """Note that somebody gave a wrong password for this user."""
    record(SignInFailed(user_id=user_id, client_id=client_id_of_user(user_id)), subject=("user", user_id))
    return user_id


@verb("crm")
def change_password(*, key: str, user_id: UUID, password_hash: str) -> UUID:
    """Give a user another password, hashed before it gets here."""
    if not User.objects.filter(pk=user_id).update(password=password_hash):
        raise Refusal("user-unknown", "There is no such user.", status=404)
    record(PasswordChanged(user_id=user_id, client_id=client_id_of_user(user_id)), subject=("user", user_id))
    return user_id


@verb("crm")
def record_email_change(*, key: str, user_id: UUID) -> UUID:
    """Note that a user signs in with another address from now on."""
    record(EmailChanged(user_id=user_id, client_id=client_id_of_user(user_id)), subject=("user", user_id))
    return user_id

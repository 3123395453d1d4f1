"""Who signed in, out, or failed to: facts that carry ids only."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from crm.selectors.clients import client_id_of_user
from fintech.factlog import record
from fintech.facts.crm import SignedIn, SignedOut, SignInFailed
from fintech.journal import verb

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

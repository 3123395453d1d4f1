"""Verified clients with a wallet and a signed-in session, for the API: one line of JSON says tokens and wallets."""

from __future__ import annotations

import json
import sys
from datetime import date
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from crm.models import Client
from crm.services.identity_cases import (
    approve_identity_case,
    open_identity_case,
    submit_identity_case,
    upload_document,
)
from crm.services.registration import register_client
from fintech.cells import Actor, acting_as, cell, current_cell
from fintech.cells.identifiers import uuid7
from payments.services.wallets import open_wallet

# As much of a picture as the upload looks at.
PASSPORT = b"\x89PNG\r\n\x1a\n" + b"\0" * 64 + b"IEND\xaeB`\x82"


def _verified_client() -> UUID:
    """A new client whose identity is proved, by the verbs that client and compliance use."""
    client_id = register_client(
        key=_key(),
        entity=current_cell().jurisdiction.entities[0].code,
        email=f"{_key()}@example.com",
        password_hash="!",  # noqa: S106
        full_name="Maria Rossi",
        country="IT",
        date_of_birth=date(1985, 4, 12),
        address="Via Garibaldi 7, 20121 Milano",
    ).client_id
    with acting_as(Actor.client(client_id)):
        case_id = open_identity_case(key=_key(), client_id=client_id)
        upload_document(key=_key(), client_id=client_id, case_id=case_id, kind="passport", content=PASSPORT)
        submit_identity_case(key=_key(), client_id=client_id, case_id=case_id)
    with acting_as(Actor.staff(uuid7())):
        approve_identity_case(key=_key(), reason="passport is genuine", case_id=case_id)
    return client_id


def _session_of(client_id: UUID) -> str:
    """What signing in leaves behind: a session, whose key is the token."""
    user = Client.objects.select_related("user").get(pk=client_id).user
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _client() -> dict[str, str]:
    client_id = _verified_client()
    with acting_as(Actor.client(client_id)):
        wallet_id = open_wallet(key=_key(), client_id=client_id, currency="EUR")
    return {"token": _session_of(client_id), "wallet_id": str(wallet_id)}


def _key() -> str:
    return str(uuid7())


def main(count: str) -> None:
    """Make so many."""
    with cell("eu", actor=Actor.system("bench")):
        sys.stdout.write(json.dumps([_client() for _ in range(int(count))]) + "\n")

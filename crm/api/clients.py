"""The client behind a request."""

from __future__ import annotations

from uuid import UUID

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from crm.api.authentication import SignedInSession


def client_id_of(request: Request) -> UUID:
    """The id of the client who asks. Raises PermissionDenied for staff, who have no accounts of their own."""
    session = request.auth
    if not isinstance(session, SignedInSession) or session.client_id is None:
        raise PermissionDenied("Only clients have access here.")
    return session.client_id

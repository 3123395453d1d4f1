"""Who may use the client portal's API."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from crm.api.authentication import SignedInSession


class IsClient(BasePermission):
    """Clients only: staff work in the back office."""

    message = "Only clients have access here."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether a client is signed in."""
        return isinstance(request.auth, SignedInSession) and request.auth.client_id is not None

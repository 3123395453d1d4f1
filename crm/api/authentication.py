"""Who a request is from: a session by X-Session-Token (apps) or by cookie with a CSRF token (browsers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.headless.internal.sessionkit import authenticate_by_x_session_token
from django.contrib.auth.middleware import get_user
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from crm.models import User
from fintech.cells import Actor, set_actor


@dataclass(frozen=True, kw_only=True)
class SignedInSession:
    """What a request was authenticated by; `client_id` is None for staff. `session_key` is a credential."""

    user_id: UUID
    client_id: UUID | None
    session_key: str


class ClientAuthentication(BaseAuthentication):
    """Sets `request.user`, `request.auth` (a SignedInSession) and the actor of the bound cell.

    Sessions are looked up in the bound cell's database only: one of another cell is unknown here.
    """

    def authenticate(self, request: Request) -> tuple[User, SignedInSession] | None:
        """User and session; None for a visitor. Raises AuthenticationFailed for a token that isn't (any more) good."""
        token = request.headers.get("X-Session-Token")
        user, session_key = _by_token(token) if token is not None else _by_cookie(request)
        if user is None:
            return None
        client = getattr(user, "client", None)
        client_id = None if client is None else client.pk
        set_actor(Actor.staff(user.pk) if client_id is None else Actor.client(client_id))
        return user, SignedInSession(user_id=user.pk, client_id=client_id, session_key=session_key)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return 'SessionToken realm="api"'


def _by_token(token: str) -> tuple[User, str]:
    found = authenticate_by_x_session_token(token) if len(token) <= 64 and token.isalnum() else None
    if found is None:
        raise AuthenticationFailed
    user, session = found
    return user, session.session_key


def _by_cookie(request: Request) -> tuple[User | None, str]:
    # Behind the lazy wrapper of `request.user`, which would go on to be looked up by whoever keeps it.
    user: Any = get_user(request._request)
    if not user.is_authenticated or not user.is_active:
        return None, ""
    SessionAuthentication().enforce_csrf(request)
    return user, str(request._request.session.session_key)


class ClientAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """For OpenAPI: either of two ways."""

    target_class = ClientAuthentication
    name = ["sessionToken", "sessionCookie"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """How each way is used."""
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-Session-Token",
                "description": "For apps: the session token that signing in under `/_allauth/app/v1/` gives.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "For browsers: the cookie that signing in under `/_allauth/browser/v1/` sets; "
                "what changes something also needs the header X-CSRFToken.",
            },
        ]

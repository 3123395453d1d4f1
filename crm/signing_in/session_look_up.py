"""Who a session belongs to, by two look-ups where django-allauth and Django need four: it's asked at every request."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.headless.internal import sessionkit
from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.contrib.sessions.backends.base import SessionBase

from crm.models import User
from fintech.cells.prepared_look_ups import PreparedLookUp


class BackendWithClient(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Named in AUTHENTICATION_BACKENDS. A user comes with the client that they are, if they are one."""

    def get_user(self, user_id: Any) -> User | None:
        """The user, `user.client` known; None for one that doesn't exist or may not sign in any more."""
        user = _user_with_client.first(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None


_user_with_client = PreparedLookUp(lambda user_id: User.objects.select_related("client").filter(pk=user_id))


class TokensLookedUpOnce(SessionTokenStrategy):  # type: ignore[misc]  # allauth has no types
    """Named in HEADLESS_TOKEN_STRATEGY. A session is read without asking first whether it exists."""

    def lookup_session(self, session_token: str) -> SessionBase | None:
        """The session of a token; None when it is unknown or has ended."""
        session: SessionBase | None = sessionkit.lookup_session(session_token)
        return session

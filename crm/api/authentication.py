"""Who a request is from: an allauth session, by cookie or by X-Session-Token."""

from __future__ import annotations

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication


class ClientAuthentication(XSessionTokenAuthentication):
    """Placeholder of the crm builder's authentication."""

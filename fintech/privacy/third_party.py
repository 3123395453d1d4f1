"""What the columns of other authors' models hold: none of them goes into a log.

What happens in these tables (sign-ins, permissions granted, a schedule changed) is told by facts
that carry ids only. Settings take this mapping as FINTECH_THIRD_PARTY_COLUMNS; the check refuses
names of apps that aren't installed, so take the part that is: `declarations_for(INSTALLED_APPS)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from fintech.privacy.declarations import NEVER, ThirdPartyColumns

# Module of the app -> its label. Each has its reason.
_NEVER_CAPTURED: Final = MappingProxyType(
    {
        # Groups and permissions: names chosen by staff. The user is our own model.
        "django.contrib.auth": "auth",
        # Free text of what staff changed: may name a client.
        "django.contrib.admin": "admin",
        # Names of models; changes with releases, not with business.
        "django.contrib.contenttypes": "contenttypes",
        # Session keys are credentials; session data may hold anything.
        "django.contrib.sessions": "sessions",
        "django.contrib.sites": "sites",
        # E-mail addresses in clear, and keys that confirm them.
        "allauth.account": "account",
        # Seeds of one-time passwords, recovery codes, passkeys.
        "allauth.mfa": "mfa",
        # Session keys, network addresses, browsers.
        "allauth.usersessions": "usersessions",
        "allauth.socialaccount": "socialaccount",
        # A view of changes for operators, itself made from changes that are captured.
        "auditlog": "auditlog",
    }
)

THIRD_PARTY_COLUMNS: Final[ThirdPartyColumns] = MappingProxyType({label: NEVER for label in _NEVER_CAPTURED.values()})


def declarations_for(installed_apps: Iterable[str]) -> ThirdPartyColumns:
    """The declarations of those apps that are installed; entries may be modules or their AppConfigs."""
    installed = [app.partition(".apps.")[0] for app in installed_apps]
    return {label: NEVER for module, label in _NEVER_CAPTURED.items() if module in installed}

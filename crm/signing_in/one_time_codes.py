"""Codes of an authenticator app (RFC 6238), each taken once.

allauth remembers used codes in its cache, for one step of time; a code is good for three. Here the row itself keeps
the last step whose code was taken, and takes none of that step or one before (RFC 6238, section 5.2): that holds when
the cache is lost, and for two that come at once.
"""

from __future__ import annotations

import time
from typing import Final

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.db import transaction

from crm.selectors.second_factors import opened_secret
from crm.services.second_factors import LAST_STEP
from fintech.cells import alias_for

_NEVER: Final = -1


def step_of(secret: str, code: str) -> int | None:
    """The step of time, among those accepted now, whose code this is; None for a wrong code. `secret` is Base32."""
    now = int(time.time()) // app_settings.TOTP_PERIOD
    for step in range(now - app_settings.TOTP_TOLERANCE, now + app_settings.TOTP_TOLERANCE + 1):
        expected = auth.format_hotp_value(auth.hotp_value(secret, step))
        if compare_user_code(actual=code, expected=expected):
            return step
    return None


class OneTimeCodes(auth.TOTP):  # type: ignore[misc]  # allauth has no types
    """allauth's, with the memory in the database."""

    def validate_code(self, code: str) -> bool:
        """Whether the code is right and wasn't taken before; it is taken now."""
        with transaction.atomic(using=alias_for("crm")):
            row = Authenticator.objects.select_for_update().get(pk=self.instance.pk)
            step = step_of(opened_secret(row.data["secret"]), code)
            if step is None or step <= row.data.get(LAST_STEP, _NEVER):
                return False
            _take(row, step)
        self.instance.data = row.data
        return True


def take_present_code(row: Authenticator) -> None:
    """An app was enrolled by a code: it is spent with that."""
    _take(row, int(time.time()) // app_settings.TOTP_PERIOD)


def _take(row: Authenticator, step: int) -> None:
    row.data[LAST_STEP] = step
    row.save(update_fields=["data"])


def put_in_place() -> None:
    """Have allauth use this class: it looks it up in its own module whenever a code is checked."""
    auth.TOTP = OneTimeCodes

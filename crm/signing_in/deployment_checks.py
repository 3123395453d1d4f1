"""What a deployment may not leave out: `manage.py check --deploy` refuses it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register("crm", deploy=True)
def second_factors_are_on(**kwargs: Any) -> list[CheckMessage]:
    """Staff give a second factor, and no setting makes passkeys or codes good that aren't."""
    errors: list[CheckMessage] = []
    if not getattr(settings, "FINTECH_STAFF_SECOND_FACTOR", False):
        errors.append(
            Error("FINTECH_STAFF_SECOND_FACTOR is off: the back office opens by a password alone.", id="crm.E001")
        )
    if getattr(settings, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", False):
        errors.append(
            Error("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN is on: passkeys could be used from any site.", id="crm.E002")
        )
    if getattr(settings, "MFA_TOTP_INSECURE_BYPASS_CODE", None):
        errors.append(Error("MFA_TOTP_INSECURE_BYPASS_CODE is set: one code opens every account.", id="crm.E003"))
    return errors

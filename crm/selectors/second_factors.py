"""Reading what a user proves themselves with beside the password; never the secrets themselves."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator

from fintech.facts.crm import Factor
from fintech.privacy.sealing import unseal

TOTP: Final = Authenticator.Type.TOTP
PASSKEY: Final = Authenticator.Type.WEBAUTHN
RECOVERY_CODES: Final = Authenticator.Type.RECOVERY_CODES
_FACTORS: Final = MappingProxyType[str, Factor](
    {TOTP.value: "totp", PASSKEY.value: "passkey", RECOVERY_CODES.value: "recovery_codes"}
)


@dataclass(frozen=True, kw_only=True)
class OwnFactor:
    """A factor as its owner sees it. `name` is the owner's own word for a passkey; of codes `left` are unused."""

    id: int
    factor: Factor
    name: str
    since: datetime
    last_used_at: datetime | None
    left: int | None = None


def has_second_factor(user_id: UUID) -> bool:
    """Whether an authenticator app or a passkey is there; recovery codes alone are none."""
    return second_factor_since(user_id) is not None


def second_factor_since(user_id: UUID) -> datetime | None:
    """Since when the oldest authenticator app or passkey is there; None without one."""
    rows = Authenticator.objects.filter(user_id=user_id, type__in=(TOTP, PASSKEY)).order_by("created_at")
    since: datetime | None = rows.values_list("created_at", flat=True).first()
    return since


def factors_of(user_id: UUID) -> Sequence[OwnFactor]:
    """What a user has, the oldest first."""
    return [_own(row) for row in Authenticator.objects.filter(user_id=user_id).order_by("pk")]


def kind_of(row: Authenticator) -> Factor:
    """What kind of factor a row of allauth's is."""
    return _FACTORS[row.type]


def credential_hash(row: Authenticator) -> str | None:
    """SHA-256 of a passkey's id (hexadecimal): which passkey it was, when its row is gone. None for other factors."""
    if row.type != PASSKEY:
        return None
    raw = str(row.data["credential"]["rawId"])
    return hashlib.sha256(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))).hexdigest()


def opened_secret(kept: str) -> str:
    """A seed as `services.second_factors.sealed_secret` keeps it, in clear.

    Raises Unreadable for what was altered, or comes from another cell.
    """
    return unseal("crm", base64.b64decode(kept))


def _own(row: Authenticator) -> OwnFactor:
    kind = kind_of(row)
    return OwnFactor(
        id=row.pk,
        factor=kind,
        name=str(row.data["name"]) if kind == "passkey" else "",
        since=row.created_at,
        last_used_at=row.last_used_at,
        left=_unused(row) if kind == "recovery_codes" else None,
    )


def _unused(row: Authenticator) -> int:
    """How many recovery codes are left, by the bits of those used: the seed stays sealed."""
    return int(app_settings.RECOVERY_CODE_COUNT) - int(row.data["used_mask"]).bit_count()

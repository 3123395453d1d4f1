"""What browsers send of passkeys (WebAuthn), checked before allauth reads it: its parser trusts the form."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from allauth.headless.mfa import inputs
from allauth.mfa.webauthn import forms as allauth_forms
from django import forms
from django.core.exceptions import ValidationError
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

from crm.signing_in.signup_form import one_line

logger = logging.getLogger(__name__)

LONGEST_NAME: Final = 100
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")
# The longest there is, an attestation with its certificates, has a few thousand characters.
_LONGEST: Final = 20_000
_REGISTRATION: Final = ("clientDataJSON", "attestationObject")
_AUTHENTICATION: Final = ("clientDataJSON", "authenticatorData", "signature")


class CredentialField(forms.JSONField):
    """What `navigator.credentials` gave, as JSON of WebAuthn Level 3: the members that are needed, and no others."""

    def __init__(self, *, registration: bool) -> None:
        super().__init__(required=True, widget=forms.HiddenInput)
        self.registration = registration

    def clean(self, value: Any) -> dict[str, Any]:
        """The members, each of the right form; ValidationError says no more than that they aren't."""
        given = super().clean(value)
        try:
            known = _registration(given) if self.registration else _authentication(given)
            _parsed(known, registration=self.registration)
        # The parser reads what an attacker may have made, and raises whatever it stumbles on.
        except Exception as error:
            logger.info("a passkey's answer couldn't be read", extra={"error": type(error).__name__})
            raise ValidationError("This isn't what a passkey gives.", code="malformed-credential") from None
        return known


def _registration(given: Any) -> dict[str, Any]:
    known = _members(given, _REGISTRATION)
    results = given.get("clientExtensionResults")
    properties = results.get("credProps") if isinstance(results, Mapping) else None
    if isinstance(properties, Mapping) and isinstance(properties.get("rk"), bool):
        known["clientExtensionResults"] = {"credProps": {"rk": properties["rk"]}}
    return known


def _authentication(given: Any) -> dict[str, Any]:
    known = _members(given, _AUTHENTICATION)
    handle = given["response"].get("userHandle")
    if handle is not None:
        known["response"]["userHandle"] = _binary(handle)
    return known


def _members(given: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if given["type"] != "public-key" or given["id"] != given["rawId"]:
        raise ValueError("not the id of a public key")
    identifier = _binary(given["rawId"])
    response = {name: _binary(given["response"][name]) for name in names}
    return {"id": identifier, "rawId": identifier, "type": "public-key", "response": response}


def _binary(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not _BASE64URL.fullmatch(value):
        raise ValueError("not base64url")
    return value.rstrip("=")


def _parsed(known: Mapping[str, Any], *, registration: bool) -> None:
    if not registration:
        AuthenticationResponse.from_dict(known)
        return
    credential = RegistrationResponse.from_dict(known).response.attestation_object.auth_data.credential_data
    if credential is None or credential.public_key.ALGORITHM not in CoseKey.supported_algorithms():
        raise ValueError("no public key that could be used")


class StaffPasskeyForm(allauth_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """A staff member's passkey behind the password."""


class StaffPasskeyAgainForm(allauth_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A staff member's passkey to confirm before a change."""


def put_in_place() -> None:
    """Have every form that takes a passkey check it so, and limit what it may be called."""
    for form in (inputs.AddWebAuthnInput, inputs.CreateWebAuthnInput):
        form.base_fields["credential"] = CredentialField(registration=True)
        form.base_fields["name"] = forms.CharField(required=False, max_length=LONGEST_NAME, validators=[one_line])
    inputs.UpdateWebAuthnInput.base_fields["name"].validators.append(one_line)
    for form in (
        inputs.AuthenticateWebAuthnInput,
        inputs.ReauthenticateWebAuthnInput,
        inputs.LoginWebAuthnInput,
        StaffPasskeyForm,
        StaffPasskeyAgainForm,
    ):
        form.base_fields["credential"] = CredentialField(registration=False)

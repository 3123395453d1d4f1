"""allauth's adapter for second factors: what is sealed, and whom a passkey is made for."""

from __future__ import annotations

from typing import Any

from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter

from crm.models import User
from crm.selectors.second_factors import opened_secret
from crm.services.second_factors import sealed_secret
from crm.signing_in.adapter import entity_of, person_of


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Named in MFA_ADAPTER."""

    def encrypt(self, text: str) -> str:
        """A seed, sealed under the key of the client who is signed in. Staff's are sealed by their verbs."""
        return sealed_secret(person_of(allauth_context.request.user), text)

    def decrypt(self, encrypted_text: str) -> str:
        """The seed again."""
        return opened_secret(encrypted_text)

    def get_totp_issuer(self) -> str:
        """Whose code it is, as an authenticator app shows it."""
        return entity_of(allauth_context.request).legal_name

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """For whom a passkey is good: the host it was made at and no other, so an entity's isn't another's."""
        request = allauth_context.request
        host = request.get_host().partition(":")[0].rstrip(".").lower()
        return {"id": host, "name": entity_of(request).legal_name}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """Whose passkey it is, as the device that keeps it shows it: by the address to sign in with."""
        return {**super().get_public_key_credential_user_entity(user), "display_name": user.email}

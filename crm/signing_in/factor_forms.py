"""What staff fill in for their second factor."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms

from crm.models import User
from crm.signing_in.one_time_codes import step_of
from crm.signing_in.passkeys import LONGEST_NAME, CredentialField
from crm.signing_in.signup_form import one_line

_LONGEST_CODE: Final = 20
_CODE_ATTRIBUTES: Final = {"autocomplete": "one-time-code", "autofocus": True, "maxlength": _LONGEST_CODE}


def _code_field(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=_LONGEST_CODE, widget=forms.TextInput(attrs=_CODE_ATTRIBUTES))


class StaffCodeForm(AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """A code of the app, or one of the recovery codes, behind the password. allauth limits the guesses."""

    code = _code_field("Code of your app, or a recovery code")


class StaffCodeAgainForm(ReauthenticateForm):  # type: ignore[misc]
    """The same, to confirm before a change."""

    code = _code_field("Code of your app, or a recovery code")


class EnrolForm(forms.Form):
    """The first code of an app that has just been given its seed. `step` is the step of time that it belongs to."""

    code = _code_field("Code that the app shows now")

    def __init__(self, *args: Any, user: User, secret: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.secret = secret
        self.step = 0

    def clean_code(self) -> str:
        """The code, if it's right; guesses are limited."""
        forget_guesses = check_rate_limit(self.user, error_key="rate_limited")
        code: str = self.cleaned_data["code"]
        step = step_of(self.secret, code)
        if step is None:
            raise get_adapter().validation_error("incorrect_code")
        forget_guesses()
        self.step = step
        return code


class PasskeyForm(forms.Form):
    """A new passkey: what the browser made of it, and what its owner calls it."""

    name = forms.CharField(label="Name of the passkey", max_length=LONGEST_NAME, validators=[one_line])
    credential = CredentialField(registration=True)

    def clean_credential(self) -> dict[str, Any]:
        """The credential, if it answers what this session was asked."""
        credential: dict[str, Any] = self.cleaned_data["credential"]
        webauthn.complete_registration(credential)
        return credential

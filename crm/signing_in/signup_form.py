"""What a person tells when signing up, beside e-mail address and password."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from crm.rules.brokers import canonical_code
from crm.rules.countries import is_country
from crm.rules.registration import fault_of_date_of_birth
from crm.selectors.introducing_brokers import broker_by_code
from fintech.journal import Refusal

# One line each: no control characters, which a name or an address never has and a forged mail header would.
one_line = RegexValidator(
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$", "Control characters aren't taken.", "control-characters"
)


class SignupForm(forms.Form):
    """The extra members of allauth's sign-up. Named in ACCOUNT_SIGNUP_FORM_CLASS."""

    full_name = forms.CharField(max_length=200, validators=[one_line])
    country = forms.CharField(max_length=2)
    date_of_birth = forms.DateField(input_formats=["%Y-%m-%d"])
    address = forms.CharField(max_length=500, validators=[one_line])
    phone = forms.CharField(max_length=30, required=False, validators=[one_line])
    ib_code = forms.CharField(max_length=20, required=False)

    def clean(self) -> dict[str, Any]:
        """As the API's bodies: no member that nobody knows (a broker's code under a misspelt name would be lost),
        and texts only.
        """
        cleaned: dict[str, Any] = super().clean() or {}
        for name, value in self.data.items():
            if name not in self.fields:
                self.add_error(None, ValidationError(f"There is no such member: {name[:100]}.", code="unknown-field"))
            elif not isinstance(value, str):
                self.add_error(name, ValidationError("A text is needed.", code="not-text"))
        return cleaned

    def clean_country(self) -> str:
        """The country's code in capitals."""
        country: str = self.cleaned_data["country"].upper()
        if not is_country(country):
            raise ValidationError("Give the two-letter code of ISO 3166.", code="unknown-country")
        return country

    def clean_date_of_birth(self) -> date:
        """A date at which somebody of full age may have been born."""
        born: date = self.cleaned_data["date_of_birth"]
        fault = fault_of_date_of_birth(born, today=datetime.now(UTC).date())
        if fault is not None:
            raise ValidationError(fault.text, code=fault.code)
        return born

    def clean_ib_code(self) -> str:
        """The code of a broker that there is, or nothing."""
        code = canonical_code(self.cleaned_data["ib_code"])
        if code:
            try:
                broker_by_code(code)
            except Refusal as refusal:
                raise ValidationError(refusal.detail, code=refusal.code) from None
        return code

    def signup(self, request: Any, user: Any) -> None:
        """Nothing: the adapter has registered user and client in one decision."""

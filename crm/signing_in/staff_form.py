"""Signing in to the back office, and changing one's password there."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm

from crm.models import User
from crm.services.signing_in import change_password
from fintech.cells.identifiers import uuid7


class StaffSignInForm(AdminAuthenticationForm):
    """Django's form, checked by allauth's adapter: the same limits on guessing as at the clients' door."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"

    def clean(self) -> dict[str, Any]:
        """The user, or one answer for every failure: whether an address is known is nobody's business."""
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            user: User | None = get_adapter(self.request).authenticate(self.request, email=email, password=password)
            if user is None:
                raise self.get_invalid_login_error()
            self.user_cache = user
            self.confirm_login_allowed(user)
        return self.cleaned_data


class StaffPasswordForm(AdminPasswordChangeForm):
    """Django's form, which changes the password by our verb."""

    def save(self, commit: bool = True) -> User:
        """The user, with the new password."""
        user: User = self.user
        user.set_password(self.cleaned_data["new_password1"])
        change_password(key=str(uuid7()), user_id=user.pk, password_hash=user.password)
        return user

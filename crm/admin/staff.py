"""Staff members and their groups. They are made by `manage.py staff`, and never here; a lost second factor is reset."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.admin.base import ReadOnlyAdmin, Table, object_action
from crm.models import User
from crm.selectors.second_factors import factors_of
from crm.services.second_factors import reset_staff_factors
from fintech.http.columns import column_leads_to
from fintech.http.showing import moment

for column in ("staff_id", "decided_by", "verified_by", "maker_id", "planner_id"):
    column_leads_to(column, "crm.user")


@admin.register(User)
class StaffAdmin(ReadOnlyAdmin):
    """Who may sign in to the back office. Clients' users stand with their clients."""

    history_subject = "user"
    list_display = ("email", "id", "rights", "is_active", "joined_at", "last_login")
    list_filter = ("groups", "is_active")
    search_fields = ("email",)
    ordering = ("email",)
    fields = ("id", "email", "rights", "is_active", "joined_at", "last_login")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Staff only."""
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("groups")

    @admin.display(description="groups")
    def rights(self, user: User) -> str:
        """The groups that give this person rights."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "-"

    def tables_of(self, request: HttpRequest, obj: User) -> list[Table]:
        """What this person signs in with beside the password."""
        rows = [
            (_WORDS[each.factor], moment(each.since), moment(each.last_used_at) if each.last_used_at else "-")
            for each in factors_of(obj.pk)
        ]
        return [Table(title="Second factors", headings=("Factor", "Since", "Last used"), rows=rows)]

    @object_action(
        "Reset second factor",
        permission="crm.reset_staff_factors",
        offered=lambda user: bool(factors_of(user.pk)),
    )
    def reset_second_factor(self, request: HttpRequest, user: User, *, key: str, reason: str) -> str:
        """For a colleague who has lost theirs."""
        reset_staff_factors(key=key, reason=reason, user_id=user.pk)
        get_adapter(request).send_notification_mail("mfa/email/staff_factors_reset", user, email=user.email)
        return "The second factor is reset and every session ended: at the next sign-in a new one is set up."


_WORDS = {"totp": "Authenticator app", "passkey": "Passkey", "recovery_codes": "Recovery codes"}

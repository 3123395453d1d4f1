"""Staff members and their groups. They are made by `manage.py staff`, and never here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.admin.base import ReadOnlyAdmin
from crm.models import User
from fintech.http.columns import column_leads_to

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

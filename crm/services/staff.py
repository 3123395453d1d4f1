"""Staff members: who may sign in to the back office, with the rights of which groups."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import Group

from crm.models import User
from fintech.factlog import record
from fintech.facts.crm import StaffCreated
from fintech.journal import Refusal, verb


@verb("crm")
def create_staff(*, key: str, reason: str = "", email: str, password_hash: str, groups: tuple[str, ...]) -> UUID:
    """Make a staff member with the rights of some groups; gives the user's id."""
    if not groups:
        raise Refusal("staff-group-missing", "A staff member belongs to at least one group.", status=422)
    found = {group.name: group for group in Group.objects.filter(name__in=groups)}
    unknown = sorted(set(groups) - set(found))
    if unknown:
        raise Refusal("staff-group-unknown", f"There is no group {unknown[0]}.", status=422, unknown=unknown)
    user = User(email=email.strip().lower(), password=password_hash, is_staff=True)
    User.objects.bulk_create([user], ignore_conflicts=True)
    if not User.objects.filter(pk=user.pk).exists():
        raise Refusal("email-taken", "There is an account with this e-mail address already.")
    user.groups.set(found.values())
    record(StaffCreated(user_id=user.pk, groups=tuple(sorted(found))), subject=("user", user.pk))
    return user.pk

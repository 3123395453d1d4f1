"""The groups of staff and what each may do; brought to the database after every migration of crm.

A group has rights by permission, never by name: `payments.approve_withdrawal` is asked for, not "payments".
Adding, changing and deleting rows is nobody's right: data changes through verbs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connections


@dataclass(frozen=True)
class Rights:
    """Permissions as `app.codename`, with `*` for any text; those that don't exist (yet) are left out."""

    patterns: tuple[str, ...]

    def include(self, app_label: str, codename: str) -> bool:
        """Whether the group has this permission. Never one to add, change or delete rows."""
        if codename.startswith(("add_", "delete_")) or _changes_rows(codename):
            return False
        return any(fnmatch(f"{app_label}.{codename}", pattern) for pattern in self.patterns)


def _changes_rows(codename: str) -> bool:
    """Whether this is Django's own `change_<model>`; a verb's permission may begin with the same word."""
    return codename.startswith("change_") and codename.removeprefix("change_") in _model_names()


@cache
def _model_names() -> frozenset[str]:
    return frozenset(str(model._meta.model_name) for model in apps.get_models())


GROUPS: Final[Mapping[str, Rights]] = MappingProxyType(
    {
        "compliance": Rights(
            (
                "crm.*",
                "payments.view_*",
                "trading.view_*",
                "journal.view_*",
                "factlog.view_*",
                "ledger.view_*",
                "audit.view_*",
            )
        ),
        "payments": Rights(("payments.*", "crm.view_*", "ledger.view_*", "factlog.view_*", "crm.retry_parked_fact")),
        "dealing": Rights(("trading.*", "crm.view_*", "payments.view_*", "ledger.view_*", "factlog.view_*")),
        "support": Rights(("*.view_*", "crm.read_client", "crm.retry_parked_fact")),
    }
)


def bring_rights_up_to_date(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    """After the migration of an app in a cell's crm database: give its permissions to the groups."""
    if connections.settings[using].get("CONCERN") != "crm" or not _has_group_table(using):
        return
    # Django's own receiver makes them too, but maybe after this one.
    create_permissions(app_config, verbosity=0, using=using)
    permissions = list(
        Permission.objects.using(using).filter(content_type__app_label=app_config.label).values_list("pk", "codename")
    )
    if not permissions:
        return
    for name, rights in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        wanted = {pk for pk, codename in permissions if rights.include(app_config.label, codename)}
        _give(using, group, wanted, among={pk for pk, _ in permissions})


def _give(using: str, group: Group, wanted: Iterable[int], *, among: set[int]) -> None:
    """Make the group's rights, among those permissions, exactly the wanted ones."""
    through = Group.permissions.through.objects.using(using)
    has = set(through.filter(group_id=group.pk, permission_id__in=among).values_list("permission_id", flat=True))
    through.filter(group_id=group.pk, permission_id__in=has - set(wanted)).delete()
    row = Group.permissions.through
    through.bulk_create([row(group_id=group.pk, permission_id=pk) for pk in sorted(set(wanted) - has)])


def _has_group_table(using: str) -> bool:
    return Group._meta.db_table in connections[using].introspection.table_names()

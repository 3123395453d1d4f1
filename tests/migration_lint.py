"""Migrations must be safe while the version before them runs: `python -m tests.migration_lint`.

Expand, then contract. Reads the operations themselves, so it needs no database. A migration that makes a table may do
anything to that table; on a table that exists, what would lock it for long or break the running version is refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

OURS = ("journal", "ledger", "factlog", "privacy", "crm", "payments", "trading", "audit")


def findings() -> Iterator[str]:
    """What is unsafe in our migrations."""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    for (label, name), migration in sorted(loader.disk_migrations.items()):
        if label not in OURS:
            continue
        made = {op.name.lower() for op in migration.operations if type(op).__name__ == "CreateModel"}
        for operation in migration.operations:
            table = getattr(operation, "model_name", getattr(operation, "name", "")) or ""
            problem = None if str(table).lower() in made else _problem(operation)
            if problem:
                yield f"{label}.{name}: {type(operation).__name__} on {table}: {problem}"


def _problem(operation: Any) -> str | None:
    kind = type(operation).__name__
    if kind in ("RemoveField", "DeleteModel", "RenameField", "RenameModel", "AlterModelTable"):
        return "the running version still uses the old name; contract in a later release, after the code is gone"
    if kind == "AddIndex":
        return "locks writes; use AddIndexConcurrently in a migration with atomic = False"
    if kind in ("AddConstraint", "AlterUniqueTogether"):
        return "scans the table under a lock; add it NOT VALID and validate it in a later migration"
    if kind == "AddField":
        field = operation.field
        if not field.null and field.db_default.__class__.__name__ == "NOT_PROVIDED" and not field.many_to_many:
            return "the running version writes no value for it; make it nullable or give it a db_default"
    return None


def main() -> int:
    """Print every finding; 1 when there is one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fintech.project.settings.local")
    import django

    django.setup()
    found = list(findings())
    print("\n".join(found) or "migrations: safe while the version before them runs")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

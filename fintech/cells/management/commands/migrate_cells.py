"""`manage.py migrate_cells`: bring every database of every cell to the code's schema, apart from any deploy."""

from __future__ import annotations

import time
from typing import Any

import psycopg.errors
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import OperationalError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from fintech.cells.context import CONCERNS, maintenance
from fintech.cells.topology import served_cells

LOCK_TIMEOUT = "500ms"
# An open transaction holds back every fact log of the cluster, so a migration on a database in use is bounded.
TRANSACTION_TIMEOUT = "1s"
ATTEMPTS = 8


class BoundedExecutor(MigrationExecutor):
    """Applies each migration with short time-outs on locks and transactions, and tries again when one is hit.

    A migration that isn't atomic (an index built concurrently) has no transaction time-out; an invalid index that
    an interrupted build left behind is dropped before it is tried again.
    """

    bounded = True

    def _migrate_all_forwards(
        self,
        state: ProjectState,
        plan: list[tuple[Migration, bool]],
        full_plan: list[tuple[Migration, bool]],
        fake: bool,
        fake_initial: bool,
    ) -> ProjectState:
        """Apply the planned migrations in their order; those that have nothing for this database only go on record.

        Django would go through the operations of each, and build all models that they touch anew each time, which is
        most of what migrating an empty database takes.
        """
        planned = {migration for migration, _backwards in plan}
        for migration in (migration for migration, _backwards in full_plan if migration in planned):
            if self._concerns(migration):
                state.apps  # noqa: B018  # rendered once here, and kept up to date by what follows
                state = self.apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
            else:
                state.__dict__.pop("apps", None)
                state = migration.mutate_state(state, preserve=False)
                self.record_migration(migration)  # type: ignore[call-arg, arg-type]  # typed as of an older Django
        return state

    def _concerns(self, migration: Migration) -> bool:
        """Whether anything in a migration is for this database; an operation may name another concern by its hints."""
        return any(
            router.allow_migrate(self.connection.alias, migration.app_label, **getattr(operation, "hints", {}))
            for operation in migration.operations
        )

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        """Apply one migration. Raises OperationalError when a lock couldn't be had in several tries."""
        for attempt in range(1, ATTEMPTS + 1):
            self._bound(migration)
            try:
                return super().apply_migration(state.clone(), migration, fake=fake, fake_initial=fake_initial)
            except OperationalError as error:
                if attempt == ATTEMPTS or not isinstance(error.__cause__, _WORTH_ANOTHER_TRY):
                    raise
                self.connection.close()
                time.sleep(0.25 * attempt)
                self._drop_invalid_indexes()
        raise AssertionError("unreachable")

    def _bound(self, migration: Migration) -> None:
        transaction = TRANSACTION_TIMEOUT if migration.atomic and self.bounded else "0"
        with self.connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'; SET transaction_timeout = '{transaction}'")

    def _drop_invalid_indexes(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


_WORTH_ANOTHER_TRY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.TransactionTimeout,
    psycopg.errors.DeadlockDetected,
)


class Command(BaseCommand):
    """Migrates the primaries of the served cells, one database after the other."""

    help = (
        "Migrate every database of every served cell. Run it before a deploy, never at an application's start. "
        "Examples: migrate_cells; migrate_cells --cell au; migrate_cells --plan"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """`--cell` narrows, `--plan` only shows."""
        parser.add_argument("--cell", action="append", help="only this cell (may be given several times)")
        parser.add_argument("--plan", action="store_true", help="show what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, or show the plan."""
        names = options["cell"] or list(served_cells())
        for name in names:
            if name not in served_cells():
                raise CommandError(f"cell {name!r} isn't served here; there are {', '.join(served_cells())}")
        with maintenance():
            for name in names:
                for concern in CONCERNS:
                    self._migrate(f"{name}_{concern}", plan_only=options["plan"], verbosity=options["verbosity"])

    def _migrate(self, alias: str, *, plan_only: bool, verbosity: int) -> None:
        begun = time.monotonic()
        connection = connections[alias]
        executor = BoundedExecutor(connection, None)
        executor.loader.check_consistent_history(connection)
        executor.bounded = bool(executor.loader.applied_migrations)
        targets = executor.loader.graph.leaf_nodes()
        plan = executor.migration_plan(targets)
        if plan_only:
            for migration, _backwards in plan:
                self.stdout.write(f"{alias}  {migration.app_label}.{migration.name}")
            return
        if plan:
            _migrate(executor, connection, targets, plan)
        if verbosity:
            self.stdout.write(f"{alias}  {len(plan)} migrations  {time.monotonic() - begun:.1f} s")


def _migrate(
    executor: BoundedExecutor, connection: BaseDatabaseWrapper, targets: list[Any], plan: list[tuple[Migration, bool]]
) -> None:
    alias = connection.alias
    state = executor._create_project_state(with_applied_migrations=True)  # type: ignore[attr-defined]
    emit_pre_migrate_signal(0, False, alias, stdout=None, apps=state.apps, plan=plan)
    executor.migrate(targets, plan=plan, state=state)
    emit_post_migrate_signal(0, False, alias, stdout=None, apps=apps, plan=plan)

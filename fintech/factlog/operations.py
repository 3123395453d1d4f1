"""Migration operations that put the capture trigger on a table."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations.operations import RunSQL


class Capture(RunSQL):
    """Capture every change of a table's rows: of `columns`, the first of which is the row's key.

    Stands in the migration that makes the table; again, with the new columns, in one that changes them. `columns`
    are the plain and sealed ones of the model's declaration; a test compares the two.
    """

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.table, self.columns = table, tuple(columns)
        names = ", ".join(f"'{column}'" for column in columns)
        removed = (
            f"DROP TRIGGER IF EXISTS factlog_capture ON {table};DROP TRIGGER IF EXISTS factlog_kept ON {table};"
            f"DROP FUNCTION IF EXISTS factlog_capture_{table}();"
        )
        super().__init__(
            sql=(
                f"{removed}SELECT factlog_make_capture_v1('{table}', ARRAY[{names}]);"
                f"CREATE TRIGGER factlog_capture AFTER INSERT OR UPDATE OR DELETE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION factlog_capture_{table}();"
                # TRUNCATE fires no row trigger, so it would empty an audited table in silence.
                f"CREATE TRIGGER factlog_kept BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION factlog_refuse_change();"
            ),
            reverse_sql=removed,
        )

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        """The arguments, for the migration writer."""
        return (self.__class__.__qualname__, [self.table, self.columns], {})

    def describe(self) -> str:
        """What the operation does, in a migration plan."""
        return f"Capture changes of {self.table}"

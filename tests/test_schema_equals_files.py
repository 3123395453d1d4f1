"""The databases are what the code says: each audited table's trigger captures exactly the declared columns."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connections

from fintech.cells import CellContext
from fintech.cells.router import concerns_of
from fintech.privacy.declarations import Undeclared, declared_columns

OURS = ("crm", "payments", "trading", "audit", "journal", "ledger", "privacy", "factlog")


def captured(alias: str) -> dict[str, set[str]]:
    """The columns that the capture trigger of each table takes; arguments are stored with a NUL after each."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgargs FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'factlog_capture_v1'"
        )
        return {table: set(bytes(args).decode().rstrip("\0").split("\0")) for table, args in cursor.fetchall()}


@pytest.mark.parametrize("concern", ["crm", "payments", "trading"])
def test_every_table_captures_exactly_what_its_model_declares(eu: CellContext, concern: str) -> None:
    found = captured(f"eu_{concern}")
    expected: dict[str, set[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        if concern not in concerns_of(model._meta.app_label) or model._meta.app_label not in OURS:
            continue
        try:
            columns = declared_columns(model)
        except Undeclared:
            continue
        if columns.captured and (columns.plain or columns.sealed):
            expected[model._meta.db_table] = {*columns.plain, *columns.sealed}
    assert found == expected

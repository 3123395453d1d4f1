"""The databases are what the code says: each audited table's trigger captures exactly the declared columns."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import connections

from fintech.cells import CellContext
from fintech.cells.router import concerns_of
from fintech.privacy.declarations import Undeclared, declared_columns

OURS = ("crm", "payments", "trading", "audit", "journal", "ledger", "privacy", "factlog")


def captured(alias: str) -> dict[str, set[str]]:
    """The columns that the function of each table's capture trigger takes."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname = 'factlog_capture'"
        )
        sources = dict(cursor.fetchall())
    written = {table: set(re.findall(r"'(\w+)', NEW\.\1\b", source)) for table, source in sources.items()}
    compared = {table: set(re.findall(r"ELSIF OLD\.(\w+)|OR OLD\.(\w+)", source)) for table, source in sources.items()}
    assert written == {table: {one or other for one, other in pairs} for table, pairs in compared.items()}
    return written


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

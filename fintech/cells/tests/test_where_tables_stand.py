"""An app's tables stand in its own concern's primaries, and nowhere else."""

from __future__ import annotations

import pytest
from django.db import connections, router

from fintech.cells.router import drafting_migrations

PRIMARIES = {f"{cell}_{concern}" for cell in ("eu", "au") for concern in ("crm", "trading", "payments", "audit")}


@pytest.mark.parametrize(
    ("app", "concerns"),
    [
        ("crm", {"crm"}),
        ("payments", {"payments"}),
        ("trading", {"trading"}),
        ("audit", {"audit"}),
        ("sessions", {"crm"}),
        ("ledger", {"payments", "trading"}),
        ("journal", {"crm", "trading", "payments"}),
    ],
)
def test_an_app_is_migrated_in_the_databases_of_its_concern_only(app: str, concerns: set[str]) -> None:
    migrated = {alias for alias in connections if router.allow_migrate(alias, app)}
    assert migrated == {alias for alias in PRIMARIES if alias.partition("_")[2] in concerns}


def test_a_migration_may_name_the_concern_of_what_it_touches() -> None:
    assert router.allow_migrate("eu_crm", "payments", concern="crm")
    assert not router.allow_migrate("eu_payments", "payments", concern="crm")


def test_drafting_asks_no_database() -> None:
    with drafting_migrations():
        assert not any(router.allow_migrate(alias, "crm") for alias in connections)

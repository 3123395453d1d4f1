"""Migrated data that were kept are never taken for those of another product: their name differs as soon as it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from fintech.stack.layout import LocalLayout
from tests import migrated_data
from tests.migrated_data import MigratedData


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product of a few files, below a folder that is called as folders of tests are."""
    root = tmp_path / "tests"
    for name in ("manage.py", "crm/models.py", "crm/migrations/0001_initial.py", "crm/migrations/sql/states_v1.sql"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("as it was\n", encoding="utf-8")
    monkeypatch.setattr(migrated_data, "REPOSITORY", root)
    return root


def name(*cells: str) -> str:
    return MigratedData(layout=LocalLayout.from_environment(), cells=cells or ("eu", "au")).name


def test_the_name_stays_while_nothing_changes(product: Path) -> None:
    before = name()
    for passed_over in ("crm/tests/test_clients.py", "crm/__pycache__/models.cpython-311.pyc"):
        (product / passed_over).parent.mkdir(parents=True)
        (product / passed_over).write_text("no matter\n", encoding="utf-8")
    assert name() == before


@pytest.mark.parametrize("file", ["manage.py", "crm/models.py", "crm/migrations/sql/states_v1.sql", "audit/new.py"])
def test_a_file_that_is_changed_or_new_changes_it(product: Path, file: str) -> None:
    before = name()
    (product / file).parent.mkdir(exist_ok=True)
    (product / file).write_text("otherwise\n", encoding="utf-8")
    assert name() != before


def test_a_file_that_is_renamed_or_gone_changes_it(product: Path) -> None:
    before = name()
    migration = product / "crm/migrations/0001_initial.py"
    renamed = migration.rename(migration.with_name("0001_first.py"))
    assert name() != before
    renamed.unlink()
    assert name() != before


def test_another_package_another_postgresql_and_other_cells_change_it(
    product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = name()
    assert name("eu") != before
    with monkeypatch.context() as otherwise:
        otherwise.setattr(migrated_data, "distributions", lambda: iter(()))
        assert name() != before
    with monkeypatch.context() as otherwise:
        otherwise.setattr(migrated_data, "find_postgresql", lambda: "PostgreSQL 18.0")
        assert name() != before

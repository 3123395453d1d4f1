"""Reading one file of the definition, with an error that names file, key and rule."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path

from fintech.jurisdictions.reading import TableReader

DEPLOY = Path(__file__).resolve().parents[1]


class DefinitionError(ValueError):
    """The definition can't be used: each of `problems` names file, key, what is wrong and what would be right."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def opened(path: Path) -> TableReader:
    """A file as a table to read key by key. Raises DefinitionError for what is no TOML, or not there."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as unreadable:
        raise DefinitionError([f"{path.name}: can't be read: {unreadable}"]) from unreadable
    return TableReader(file=path.name, path="", table=table, fault=DefinitionError)


def texts_or_none(table: TableReader, key: str) -> tuple[str, ...]:
    """A list of texts, none twice; the list, or the key itself, may be empty."""
    if key not in table or table.is_empty(key):
        return ()
    return table.texts(key)


def known(table: TableReader, key: str, names: Collection[str], among: Collection[str], *, declared: str) -> None:
    """Raises the table's error unless every name is one of `among`, which stand where `declared` says."""
    for name in names:
        if name not in among:
            raise table.error(key, f"names {name!r}, which nobody declares", f"declare it in {declared}, or drop it")

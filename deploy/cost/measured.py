"""Our own measured figures, read from the tables where they stand, so that no copy of them goes stale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.definition.reading import opened
from deploy.locked_environment import REPOSITORY
from fintech.jurisdictions.reading import TableReader

FILE: Final = Path(__file__).parent / "measured.toml"
_NUMBER: Final = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Figure:
    """A measured number, what it says, and where it stands."""

    number: float
    what: str
    file: str


def read_figures(path: Path = FILE, repository: Path = REPOSITORY) -> Mapping[str, Figure]:
    """Every figure by its name. Raises DefinitionError for one that doesn't stand where its entry says."""
    top = opened(path)
    return {name: _figure(top, name, repository) for name in top.names()}


def _figure(top: TableReader, name: str, repository: Path) -> Figure:
    table = top.table(name)
    what, file, row, column = (table.text(key) for key in ("what", "file", "row", "column"))
    table.finish()
    rows = _rows((repository / file).read_text(encoding="utf-8"))
    cells = [cells for head, *lines in rows if column in head for cells in lines if cells[0].startswith(row)]
    heads = [head for head, *lines in rows if column in head and any(cells[0].startswith(row) for cells in lines)]
    if len(cells) != 1:
        raise top.error(f"{name}.row", f"is {row!r}, which begins {len(cells)} rows of {file}", "name one of them")
    number = _NUMBER.search(cells[0][heads[0].index(column)])
    if number is None:
        raise top.error(f"{name}.column", f"is {column!r}, where {row!r} has no number", "name a column of numbers")
    return Figure(float(number[0].replace(",", "")), what, file)


def _rows(text: str) -> list[list[list[str]]]:
    """The tables of a page, each with its head first and without the line below it."""
    tables: list[list[list[str]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
            if not set("".join(cells)) <= set("-: "):
                tables[-1].append(cells)
        before = line
    return tables

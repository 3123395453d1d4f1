"""How many statements a request costs, over all databases of the cell: a number that shall not grow unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections

from fintech.cells.context import CONCERNS


class Statements(list[tuple[str, str]]):
    """The statements that were sent, each with its alias."""

    def __str__(self) -> str:
        return "\n".join(f"{number:>3} {alias:<20} {sql[:160]}" for number, (alias, sql) in enumerate(self, 1))


@contextmanager
def statements(cell_name: str = "eu") -> Iterator[Statements]:
    """Note every statement that goes to a primary or replica of the cell in this thread."""
    sent = Statements()

    def noting(alias: str) -> Any:
        def note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            sent.append((alias, " ".join(str(sql).split())))
            return execute(sql, params, many, context)

        return note

    with ExitStack() as stack:
        for concern in CONCERNS:
            for alias in (f"{cell_name}_{concern}", f"{cell_name}_{concern}_replica"):
                stack.enter_context(connections[alias].execute_wrapper(noting(alias)))
        yield sent

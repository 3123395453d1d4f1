"""The current cell: bound once at the edge (a request, a task, a command, a test), read everywhere.

Nothing but `cell` binds, and it never binds a second cell inside a first: data of one jurisdiction can't be
reached from code that runs for another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from fintech.cells.actors import Actor
from fintech.cells.identifiers import uuid7
from fintech.jurisdictions import Jurisdiction

CONCERNS = ("crm", "trading", "payments", "audit")


class NoCellBound(RuntimeError):
    """Code that touches data ran outside every cell, so no database could be chosen."""


class ForeignCell(RuntimeError):
    """Something of one cell was used while another cell was bound."""


@dataclass(frozen=True)
class CellContext:
    """What is known while a cell is bound: its name, its jurisdiction, who acts, and under which request."""

    name: str
    jurisdiction: Jurisdiction
    actor: Actor
    request_id: str = field(default_factory=lambda: str(uuid7()))

    def alias(self, concern: str) -> str:
        """Django's alias of this cell's primary database for `concern`; ValueError for an unknown concern."""
        if concern not in CONCERNS:
            raise ValueError(f"{concern!r} is no concern; there are {', '.join(CONCERNS)}")
        return f"{self.name}_{concern}"


_current: ContextVar[CellContext | None] = ContextVar("fintech_current_cell", default=None)
_maintenance: ContextVar[bool] = ContextVar("fintech_maintenance", default=False)


@contextmanager
def cell(name: str, *, actor: Actor, request_id: str | None = None) -> Iterator[CellContext]:
    """Bind a cell for the block.

    Binding the same cell again inside changes actor and request for the inner block (a staff member's request
    that a task goes on with). Raises ForeignCell when another cell is bound already, LookupError when this
    deployment doesn't serve the cell.
    """
    from fintech.cells.topology import served_cell

    outer = _current.get()
    if outer is not None and outer.name != name:
        raise ForeignCell(f"cell {outer.name!r} is bound; {name!r} can't be bound inside it")
    context = CellContext(name=name, jurisdiction=served_cell(name).jurisdiction, actor=actor)
    if request_id:
        context = replace(context, request_id=request_id)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


@contextmanager
def acting_as(actor: Actor) -> Iterator[CellContext]:
    """Change the actor within the bound cell, once a request has been authenticated."""
    context = replace(current_cell(), actor=actor)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def set_actor(actor: Actor) -> None:
    """Name the actor for the rest of the bound block; for authentication, which happens in its middle."""
    _current.set(replace(current_cell(), actor=actor))


def current_cell() -> CellContext:
    """The bound cell. Raises NoCellBound outside every cell."""
    context = _current.get()
    if context is None:
        raise NoCellBound("no cell is bound: bind one with `with cell(name, actor=…)` at the edge")
    return context


def bound_cell() -> CellContext | None:
    """The bound cell, or None; for code such as logging that must work outside every cell too."""
    return _current.get()


def alias_for(concern: str) -> str:
    """The alias of the bound cell's primary for `concern`. Raises NoCellBound outside every cell."""
    return current_cell().alias(concern)


@contextmanager
def maintenance() -> Iterator[None]:
    """The one way around the guard: migrations and schema checks, which work on every cell as the owner role.

    Connections opened inside are closed at the end, so nothing else ever runs with the owner's rights.
    """
    from django.db import connections

    connections.close_all()
    token = _maintenance.set(True)
    try:
        yield
    finally:
        _maintenance.reset(token)
        connections.close_all()


def in_maintenance() -> bool:
    """Whether the caller runs inside `maintenance`."""
    return _maintenance.get()


def refuse_foreign(cell_name: str) -> None:
    """Raise unless the database of `cell_name` may be used now; the database backend asks on every use."""
    context = _current.get()
    if context is not None and context.name == cell_name:
        return
    if _maintenance.get():
        return
    if context is None:
        raise NoCellBound(f"no cell is bound: a connection to {cell_name!r} is refused")
    raise ForeignCell(f"cell {context.name!r} is bound: a connection to {cell_name!r} is refused")

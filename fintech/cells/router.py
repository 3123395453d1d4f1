"""Which database a query goes to: the bound cell's, for the concern of the model's app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Model

from fintech.cells.context import ForeignCell, current_cell
from fintech.cells.replicas import replica_or_primary

_drafting: ContextVar[bool] = ContextVar("fintech_drafting_migrations", default=False)


@contextmanager
def drafting_migrations() -> Iterator[None]:
    """Let no database be asked for its history: migrations are drafted from models alone."""
    token = _drafting.set(True)
    try:
        yield
    finally:
        _drafting.reset(token)


class NotRoutable(RuntimeError):
    """A model whose table stands in several databases was used without saying in which (`using(alias)`)."""


@cache
def concerns_of(app_label: str) -> tuple[str, ...]:
    """The concerns in whose databases an app's tables stand; empty for an app without tables of its own."""
    config = apps.get_app_config(app_label)
    concern = getattr(config, "concern", None)
    if concern:
        return (concern,)
    declared: tuple[str, ...] = getattr(config, "concerns", ())
    return declared or ((third_party,) if (third_party := settings.FINTECH_THIRD_PARTY_CONCERNS.get(app_label)) else ())


def concern_of(model: type[Model]) -> str:
    """The one concern of a model. Raises NotRoutable where there are several, or none."""
    concerns = concerns_of(model._meta.app_label)
    if len(concerns) != 1:
        raise NotRoutable(
            f"{model._meta.label} stands in {', '.join(concerns) or 'no database'}: name the alias, "
            f"with `using(alias_for(concern))`"
        )
    return concerns[0]


def cell_of_alias(alias: str | None) -> str | None:
    """The cell that an alias belongs to; None for `default` and unsaved objects."""
    return connections.settings[alias].get("CELL") if alias and alias != "default" else None


class CellRouter:
    """Django's database router."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        """The bound cell's primary, or its replica inside `reading(…)`."""
        return replica_or_primary(self._primary(model, hints))

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """The bound cell's primary."""
        return self._primary(model, hints)

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        """Only within one database: the same cell and the same concern."""
        aliases = {_primary_of(item._state.db) for item in (first, second) if item._state.db}
        # By `_meta`, since request.user is a lazy object whose type is no model.
        return len(aliases) <= 1 and concern_of(first._meta.model) == concern_of(second._meta.model)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        """Tables of an app only in its concern's primaries; never on a replica, never on `default`.

        A migration may name another concern by `hints={"concern": …}`: the content types of a renamed model
        stand in crm, whatever the model's own concern.
        """
        database = connections.settings[db]
        if db == "default" or "REPLICA_OF" in database or _drafting.get():
            return False
        concerns = (hints["concern"],) if "concern" in hints else concerns_of(app_label)
        return database["CONCERN"] in concerns

    def _primary(self, model: type[Model], hints: dict[str, Any]) -> str:
        context = current_cell()
        instance = hints.get("instance")
        home = cell_of_alias(instance._state.db) if isinstance(instance, Model) else None
        if home is not None and home != context.name:
            raise ForeignCell(f"an object of cell {home!r} was used while {context.name!r} is bound")
        return context.alias(concern_of(model))


def _primary_of(alias: str) -> str:
    primary: str = connections.settings[alias].get("REPLICA_OF", alias)
    return primary

"""System checks: what would let data leave its concern, its cell or its region is an error at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model

from fintech.cells.router import concerns_of
from fintech.cells.topology import served_cells


@register("cells")
def every_model_has_a_concern(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A model whose app names no concern has no database, so it couldn't be used."""
    return [
        Error(
            f"{model._meta.label} belongs to no concern.",
            hint="Set `concern` or `concerns` on its AppConfig, or name a third-party app in "
            "FINTECH_THIRD_PARTY_CONCERNS.",
            obj=model,
            id="cells.E001",
        )
        for model in _models(app_configs)
        if not concerns_of(model._meta.app_label)
    ]


@register("cells")
def no_relation_crosses_concerns(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """No foreign key crosses a concern: the databases are separate. A reference is a UUID column."""
    return [
        Error(
            f"{model._meta.label}.{field.name} points from {concerns_of(model._meta.app_label)} "
            f"to {concerns_of(field.related_model._meta.app_label)}.",
            hint="Keep the id in a UUID column whose name says what it is, such as `client_id`.",
            obj=model,
            id="cells.E002",
        )
        for model in _models(app_configs)
        for field in model._meta.get_fields()
        if field.is_relation
        and field.concrete
        and isinstance(field.related_model, type)
        and concerns_of(field.related_model._meta.app_label) != concerns_of(model._meta.app_label)
    ]


@register("cells")
def stores_stand_in_their_region(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A primary or replica outside the region that the jurisdiction's file names is refused."""
    problems: list[CheckMessage] = []
    for served in served_cells().values():
        for role, endpoint in (("primary", served.primary), ("replica", served.replica)):
            if endpoint is not None and endpoint.region != served.jurisdiction.region:
                problems.append(
                    Error(
                        f"The {role} of cell {served.name!r} stands in {endpoint.region!r}; its jurisdiction's "
                        f"file says {served.jurisdiction.region!r}.",
                        hint="Data of a jurisdiction stays in its region: move the server or correct the file.",
                        id="cells.E003",
                    )
                )
    return problems


def _models(app_configs: Sequence[AppConfig] | None) -> list[type[Model]]:
    configs = apps.get_app_configs() if app_configs is None else app_configs
    return [model for config in configs for model in config.get_models(include_auto_created=True)]

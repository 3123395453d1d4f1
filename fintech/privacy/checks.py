"""System checks: a column that isn't declared could carry a clear name into a log that is never erased."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model

from fintech.privacy.declarations import NEVER, Columns, Undeclared, database_columns, declared_columns
from fintech.privacy.fields import SealedField

DECLARE = (
    "Name it in `columns = Columns(plain=…, sealed=…, never=…)` on the model: `plain` goes into the fact log "
    "as it is, of `sealed` the ciphertext, `never` doesn't go there. A third-party model is declared in "
    "FINTECH_THIRD_PARTY_COLUMNS."
)


@register("privacy")
def every_column_is_declared(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every concrete column of every model is declared exactly once, and nothing else is."""
    return [message for model in _models(app_configs) for message in declaration_errors(model)]


@register("privacy")
def third_party_declarations_are_well_formed(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """The setting names apps and models that exist, and says something that can be understood."""
    declared: dict[str, Any] = getattr(settings, "FINTECH_THIRD_PARTY_COLUMNS", {})
    errors: list[CheckMessage] = []
    known = {config.label for config in apps.get_app_configs()} | {model._meta.label for model in _models(None)}
    for label, said in declared.items():
        if said != NEVER and not (isinstance(said, Columns) and "." in label):
            errors.append(
                Error(
                    f"FINTECH_THIRD_PARTY_COLUMNS[{label!r}] is neither {NEVER!r} nor, for a model, Columns.",
                    id="privacy.E005",
                )
            )
        if label not in known:
            errors.append(
                Error(
                    f"FINTECH_THIRD_PARTY_COLUMNS names {label!r}, which is no installed app or model.",
                    hint="Labels are written as Django writes them: 'app_label' or 'app_label.ModelName'.",
                    id="privacy.E006",
                )
            )
    return errors


def declaration_errors(model: type[Model]) -> list[CheckMessage]:
    """What is wrong with the declaration of one model's columns."""
    try:
        declared = declared_columns(model)
    except Undeclared:
        return [Error(f"{model._meta.label} declares no columns.", hint=DECLARE, obj=model, id="privacy.E001")]
    actual = database_columns(model)
    return [
        *_each(model, (set(actual) - set(declared)), "isn't declared", DECLARE, "privacy.E002"),
        *_each(
            model,
            set(declared) - set(actual),
            "is declared, but the table has no such column",
            f"Names are those of database columns: {', '.join(actual)}.",
            "privacy.E003",
        ),
        *_sealed_and_declared_so(model, declared),
    ]


def _sealed_and_declared_so(model: type[Model], declared: Columns) -> Iterable[CheckMessage]:
    sealed_fields = {str(field.column) for field in model._meta.local_concrete_fields if isinstance(field, SealedField)}
    known = set(database_columns(model))
    yield from _each(
        model,
        (set(declared.sealed) & known) - sealed_fields,
        "is declared sealed, but its field takes anything",
        "Make it a fintech.privacy.fields.SealedField, which takes only what `seal` made.",
        "privacy.E004",
    )
    yield from _each(
        model,
        sealed_fields - set(declared.sealed),
        "is a SealedField, but isn't declared sealed",
        "Move its name to `sealed=` in the model's `columns`.",
        "privacy.E004",
    )


def _each(model: type[Model], names: set[str], what: str, hint: str, check_id: str) -> list[CheckMessage]:
    return [
        Error(f"Column {name!r} of {model._meta.label} {what}.", hint=hint, obj=model, id=check_id)
        for name in sorted(names)
    ]


def _models(app_configs: Sequence[AppConfig] | None) -> list[type[Model]]:
    """The models that have a table of their own, the automatic ones of many-to-many relations among them."""
    configs = apps.get_app_configs() if app_configs is None else app_configs
    models = [model for config in configs for model in config.get_models(include_auto_created=True)]
    return [model for model in models if not model._meta.proxy and not model._meta.swapped]

"""What each database column holds, declared once per column.

Pure but for the setting below, which is read when asked for.

A model says it beside its fields:

    class Client(models.Model):
        columns = Columns(
            plain=("id", "state", "registered_at"),
            sealed=("full_name_sealed",),
            never=("email", "email_index"),
        )

`plain` columns go into the fact log as they are, of `sealed` ones the ciphertext goes there,
`never` ones don't (keys, credentials, sessions, blind indexes, personal data that must be in
clear in the live table). A system check refuses a column that isn't declared exactly once.

Models of other authors are declared by the setting FINTECH_THIRD_PARTY_COLUMNS, which maps
"app_label" or "app_label.Model" to "never" or, for a single model, to Columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from django.conf import settings

if TYPE_CHECKING:
    from django.db.models import Model

NEVER: Final = "never"

ThirdPartyColumns = Mapping[str, "Columns | Literal['never']"]


class Undeclared(LookupError):
    """A model says nowhere what its columns hold."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The database columns of one table by what may become of them.

    `captured=False` leaves the whole table out of change capture: for projections that are
    rebuilt from facts and for data of high rate. A comment beside it says why.
    """

    plain: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    captured: bool = True

    def __post_init__(self) -> None:
        """ValueError for a column named twice, and for capture with nothing to capture."""
        for group in ("plain", "sealed", "never"):
            # A forgotten comma makes a string of a tuple, and its letters columns.
            if isinstance(getattr(self, group), str):
                raise ValueError(f"{group} is a tuple of column names, not one string")
        seen: set[str] = set()
        for name in self:
            if name in seen:
                raise ValueError(f"column {name!r} is declared twice")
            seen.add(name)
        if self.captured and not self.logged:
            raise ValueError("nothing is left to capture: say captured=False")

    def __iter__(self) -> Iterator[str]:
        """Every declared column."""
        yield from self.plain
        yield from self.sealed
        yield from self.never

    @property
    def logged(self) -> tuple[str, ...]:
        """The columns that go into the fact log when the table is captured."""
        return self.plain + self.sealed


def declared_columns(model: type[Model]) -> Columns:
    """What the model's columns hold: said by itself, else by FINTECH_THIRD_PARTY_COLUMNS.

    Raises Undeclared when neither says anything.
    """
    own = getattr(model, "columns", None)
    if isinstance(own, Columns):
        return own
    third_party: ThirdPartyColumns = getattr(settings, "FINTECH_THIRD_PARTY_COLUMNS", {})
    options = model._meta
    for label in (options.label, options.app_label):
        declared = third_party.get(label)
        if isinstance(declared, Columns):
            return declared
        if declared == NEVER:
            return Columns(never=database_columns(model), captured=False)
    raise Undeclared(f"{options.label} declares no columns")


def database_columns(model: type[Model]) -> tuple[str, ...]:
    """The columns of the model's own table, in the order of its fields."""
    # A field without a column (a composite primary key, a relation's other end) isn't concrete.
    return tuple(str(field.column) for field in model._meta.local_concrete_fields)

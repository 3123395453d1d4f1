"""An object's history, as the fact log of its own database has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, Q

from fintech.cells import alias_for
from fintech.cells.router import concern_of
from fintech.factlog.models import Fact

MOST_ENTRIES: Final = 200
SEALED: Final = "(sealed)"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One column before and after; sealed ones only say that they changed."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened."""

    id: int
    recorded_at: datetime
    what: str
    actor: str
    reason: str
    request_id: str
    changes: tuple[Change, ...]
    data: tuple[tuple[str, str], ...]


def history_of(obj: Model, subject_type: str | None = None) -> list[Entry]:
    """The newest entries about a row, and about the subject that it is to verbs; newest first."""
    about = Q(subject_type=f"row:{obj._meta.db_table}", subject_id=str(obj.pk))
    if subject_type:
        about |= Q(subject_type=subject_type, subject_id=str(obj.pk))
    facts = Fact.objects.using(alias_for(concern_of(type(obj)))).filter(about).order_by("-id")[:MOST_ENTRIES]
    return [_entry(fact) for fact in facts]


def _entry(fact: Fact) -> Entry:
    of_row = fact.subject_type.startswith("row:")
    return Entry(
        id=fact.id,
        recorded_at=fact.recorded_at,
        what=fact.kind,
        actor=fact.actor or "(unknown)",
        reason=fact.reason or "",
        request_id=fact.request_id or "",
        changes=_changes(fact.data) if of_row else (),
        data=() if of_row else tuple((name, _shown(name, value)) for name, value in fact.data.items()),
    )


def _changes(data: dict[str, Any]) -> tuple[Change, ...]:
    old, new = data.get("old") or {}, data.get("new") or {}
    return tuple(
        Change(column=name, old=_shown(name, old.get(name)), new=_shown(name, new.get(name))) for name in {**old, **new}
    )


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "-"
    return SEALED if name.endswith("_sealed") else str(value)

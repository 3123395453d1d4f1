"""An object's history, as the fact log of its own database has it, in the words of a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model, Q
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from fintech.cells import alias_for
from fintech.cells.router import concern_of
from fintech.factlog.models import Fact
from fintech.http.showing import EMPTY, compact, decimal_text, minor_units, moment, money
from fintech.ledger.money import Money

MOST_ENTRIES: Final = 200
SEALED: Final = "(sealed)"


# With white space or T between day and time, as a database and as a fact write it.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)")
_DECIMAL: Final = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One column before and after; sealed ones only say that they changed."""

    column: str
    old: SafeString | str
    new: SafeString | str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened."""

    id: int
    recorded_at: SafeString
    what: str
    actor: SafeString
    reason: str
    request_id: str
    changes: tuple[Change, ...]
    data: tuple[tuple[str, SafeString | str], ...]


def history_of(obj: Model, subject_type: str | None = None, *, currency: str | None = None) -> list[Entry]:
    """The newest entries about a row, and about the subject that it is to verbs; newest first.

    `currency` is that of the row's amounts, where the row doesn't say it itself.
    """
    about = Q(subject_type=f"row:{obj._meta.db_table}", subject_id=str(obj.pk))
    if subject_type:
        about |= Q(subject_type=subject_type, subject_id=str(obj.pk))
    facts = Fact.objects.using(alias_for(concern_of(type(obj)))).filter(about).order_by("-id")[:MOST_ENTRIES]
    return [_entry(fact, currency) for fact in facts]


def _entry(fact: Fact, currency: str | None) -> Entry:
    of_row = fact.subject_type.startswith("row:")
    within = fact.data.get("currency", currency)
    return Entry(
        id=fact.id,
        recorded_at=moment(fact.recorded_at),
        what=fact.kind,
        actor=compact(fact.actor or "(unknown)"),
        reason=fact.reason or "",
        request_id=fact.request_id or "",
        changes=_changes(fact.data, currency) if of_row else (),
        data=() if of_row else tuple((_words(name), told(name, value, within)) for name, value in fact.data.items()),
    )


def _changes(data: dict[str, Any], currency: str | None) -> tuple[Change, ...]:
    old, new = data.get("old") or {}, data.get("new") or {}
    within = {**old, **new}.get("currency", currency)
    return tuple(
        Change(column=_words(name), old=told(name, old.get(name), within), new=told(name, new.get(name), within))
        for name in {**old, **new}
    )


def told(name: str, value: Any, currency: str | None) -> SafeString | str:
    """A value of a fact as people read it; `currency` is that of minor units."""
    if value is None or value == "":
        return EMPTY
    if name.endswith("_sealed"):
        return SEALED
    if isinstance(value, Mapping):
        return _told_of_several(value, currency)
    if isinstance(value, list):
        return format_html_join(", ", "{}", ((told(name, each, currency),) for each in value)) or EMPTY
    if isinstance(value, str):
        return _text(value)
    return _plain(name, value, currency)


def _plain(name: str, value: object, currency: str | None) -> SafeString | str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_minor") and isinstance(value, int) and currency:
        return minor_units(value, currency)
    return str(value)


def _told_of_several(value: Mapping[str, Any], currency: str | None) -> SafeString | str:
    if set(value) == {"amount", "currency"}:
        return money(Money.from_wire(value))
    within = value.get("currency", currency)
    return format_html_join(", ", "{}: {}", ((_words(name), told(name, each, within)) for name, each in value.items()))


def _text(text: str) -> SafeString | str:
    if _MOMENT.fullmatch(text):
        return moment(datetime.fromisoformat(text))
    if _DECIMAL.fullmatch(text):
        return decimal_text(Decimal(text))
    return compact(text)


def _words(name: str) -> str:
    return name.removesuffix("_sealed").removesuffix("_minor").replace("_", " ")

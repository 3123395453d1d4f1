"""The jurisdiction's rules as its file has them: each version with its basis and its source, and what ends soon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from fractions import Fraction
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from crm.back_office.pages import Content, office_page
from crm.back_office.tables import Table
from fintech.cells import current_cell
from fintech.http.showing import EMPTY, money_text
from fintech.jurisdictions.model import Jurisdiction, RuleVersion
from fintech.ledger.money import Money

SOON_DAYS: Final = 90


@office_page("rules", title="Rules in force", section="Jurisdiction")
def rules() -> Content:
    """Every rule and every version of it."""
    found, now = current_cell().jurisdiction, datetime.now(UTC)
    return Content(
        tables=[_entities(found), _ending(found, now), _rules(found, now)],
        note=f"{found.name}, {found.regulator}, as this cell's file says; days are those of {found.time_zone}.",
    )


def _entities(found: Jurisdiction) -> Table:
    leaves = " ".join([found.data_may_leave.rule.replace("-", " "), *found.data_may_leave.areas])
    rows = [
        (
            entity.legal_name,
            entity.code,
            entity.licence,
            ", ".join(entity.hosts),
            found.region,
            found.backup_region,
            leaves,
        )
        for entity in found.entities
    ]
    headings = ("Entity", "Code", "Licence", "Hosts", "Region", "Backups", "Data may leave")
    return Table(title="Regulatory entities", headings=headings, rows=rows)


def _ending(found: Jurisdiction, now: datetime) -> Table:
    rows = [
        (_words(ending.name), ending.ends_on.isoformat(), "yes" if ending.successor else "no", _cited(ending.source))
        for ending in found.ending_within(SOON_DAYS, now=now)
    ]
    headings = ("Rule", "Last day", "Another follows", "Source")
    return Table(title=f"Ends within {SOON_DAYS} days", headings=headings, rows=rows)


def _rules(found: Jurisdiction, now: datetime) -> Table:
    rows = [
        (
            _words(name),
            shown_rule(version.value),
            version.basis,
            _cited(version.source),
            _days(version),
            _stands(version, now),
        )
        for name, versions in found.versions.items()
        for version in versions
    ]
    return Table(title="Rules", headings=("Rule", "What it says", "Basis", "Source", "In force", "Now"), rows=rows)


def shown_rule(value: Any) -> SafeString | str:
    """A rule's value as people read it."""
    if isinstance(value, Mapping):
        return _lines((_words(_plain(key)), shown_rule(each)) for key, each in value.items())
    if is_dataclass(value) and not isinstance(value, Money):
        return _lines((_words(field.name), shown_rule(getattr(value, field.name))) for field in fields(value))
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(_plain(each) for each in value)) or EMPTY
    if isinstance(value, tuple | list):
        return ", ".join(_plain(each) for each in value) or EMPTY
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        percent = value * 100
        return f"{percent} %" if percent.denominator == 1 else str(value)
    if isinstance(value, Money):
        return money_text(value)
    if isinstance(value, date | time):
        return value.isoformat() if isinstance(value, date) else f"{value:%H:%M} {_zone()}"
    return str(value.value if isinstance(value, Enum) else value)


def _lines(pairs: Any) -> SafeString:
    return format_html_join(SafeString("<br>"), "{}: {}", pairs)


def _zone() -> str:
    return str(current_cell().jurisdiction.time_zone)


def _cited(source: str) -> SafeString:
    """A source as it names itself."""
    return format_html("<cite>{}</cite>", source)


def _words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")


def _days(version: RuleVersion) -> str:
    first = version.valid_from.isoformat() if version.valid_from else "the beginning"
    return f"from {first} to {version.valid_to.isoformat()}" if version.valid_to else f"from {first}"


def _stands(version: RuleVersion, now: datetime) -> str:
    if version.holds_at(now):
        return "in force"
    return "to come" if version.starts_at and version.starts_at > now else "over"

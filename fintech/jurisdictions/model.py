"""A jurisdiction, its regulatory entities, and the rules that hold in it at a moment."""

import datetime
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fintech.jurisdictions.business_days import BusinessDays
from fintech.jurisdictions.rules import RiskWarning, RiskWarningTemplate, Rules
from fintech.ledger.currencies import Currency


class NoRuleInForce(LookupError):
    """A jurisdiction's file has no version of a rule for the moment asked; nothing is decided without one."""


LeavingRule = Literal["no", "within", "with-contract"]


@dataclass(frozen=True, kw_only=True)
class LosingAccounts:
    """The share of an entity's retail accounts that lost money over the twelve months before a day."""

    percent: int
    calculated_on: datetime.date


@dataclass(frozen=True, kw_only=True)
class RegulatoryEntity:
    """A licensed company, known to its clients by its host names.

    `ledger_number` (1 to 99) stands in the numbers of its house accounts and never changes.
    """

    code: str
    legal_name: str
    licence: str
    ledger_number: int
    hosts: tuple[str, ...]
    business_days: BusinessDays
    losing_accounts: tuple[LosingAccounts, ...]


@dataclass(frozen=True, kw_only=True)
class DataMayLeave:
    """Whether personal data may leave the region: not at all, within legal areas, or under contract."""

    rule: LeavingRule
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleVersion:
    """One dated version of one rule. Both days count as in force, in the jurisdiction's own time zone."""

    jurisdiction: str
    name: str
    value: Any
    source: str
    basis: Literal["law", "policy"]
    valid_from: datetime.date | None
    valid_to: datetime.date | None
    time_zone: ZoneInfo

    @property
    def label(self) -> str:
        """A stable name for refusals and evidence: "eu/close_out_level/2018-08-01"."""
        return f"{self.jurisdiction}/{self.name}/{self.valid_from or 'initial'}"

    @property
    def starts_at(self) -> datetime.datetime | None:
        """The first moment in force, or None for ever before."""
        return _midnight(self.valid_from, self.time_zone) if self.valid_from else None

    @property
    def ends_before(self) -> datetime.datetime | None:
        """The first moment no longer in force, or None for no end."""
        if self.valid_to is None:
            return None
        return _midnight(self.valid_to + datetime.timedelta(days=1), self.time_zone)

    def holds_at(self, moment: datetime.datetime) -> bool:
        """Whether this version is in force at `moment`."""
        starts_at, ends_before = self.starts_at, self.ends_before
        return (starts_at is None or starts_at <= moment) and (ends_before is None or moment < ends_before)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Something that soon stops being in force: a rule's version, or an entity's published percentage.

    `ends_on` is its last day; `successor` is the version that follows in the file, if one does.
    """

    name: str
    source: str
    ends_on: datetime.date
    successor: RuleVersion | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Jurisdiction:
    """A regulatory area with one set of rules and one place for data, as its file says it."""

    code: str
    name: str
    regulator: str
    time_zone: ZoneInfo
    region: str
    backup_region: str
    backup_account: Literal["same", "separate"]
    data_may_leave: DataMayLeave
    base_currencies: tuple[Currency, ...]
    entities: tuple[RegulatoryEntity, ...]
    versions: Mapping[str, tuple[RuleVersion, ...]]

    def __repr__(self) -> str:
        """The code alone: a jurisdiction is met in many tracebacks."""
        return f"Jurisdiction({self.code!r})"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names of all its entities."""
        return tuple(host for entity in self.entities for host in entity.hosts)

    @property
    def allowed_regions(self) -> frozenset[str]:
        """The regions where a store or its backup may stand."""
        return frozenset({self.region, self.backup_region})

    def entity(self, code: str) -> RegulatoryEntity:
        """The entity with this code; `LookupError` names those there are."""
        for entity in self.entities:
            if entity.code == code:
                return entity
        known = ", ".join(entity.code for entity in self.entities)
        raise LookupError(f"{self.code} has no entity {code!r}; it has {known}")

    def entity_for_host(self, host: str) -> RegulatoryEntity:
        """The entity that clients know by `host` (without port); `LookupError` if none."""
        for entity in self.entities:
            if host.lower() in entity.hosts:
                return entity
        raise LookupError(f"no entity of {self.code} has the host {host!r}; hosts: {', '.join(self.hosts)}")

    def rules_at(self, moment: datetime.datetime) -> Rules:
        """The rules in force at an aware `moment`: that of the fill, the request or the record.

        Raises `NoRuleInForce`, naming rule and day, where the file has no version for it, and `ValueError`
        for a moment without a zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone: a rule is looked up at an aware moment")
        index = bisect_right(self._changes, moment)
        rules = self._rules_by_interval.get(index)
        if rules is None:
            rules = self._rules_by_interval[index] = self._build_rules(moment)
        return rules

    def rule_versions(self, name: str) -> tuple[RuleVersion, ...]:
        """Every version of a rule, oldest first; `LookupError` lists the rules there are."""
        if name not in self.versions:
            raise LookupError(f"no rule {name!r}; rules: {', '.join(self.versions)}")
        return self.versions[name]

    def rule_version_at(self, name: str, moment: datetime.datetime) -> RuleVersion:
        """The version of a rule in force at `moment`; `NoRuleInForce` if none is."""
        for version in self.rule_versions(name):
            if version.holds_at(moment):
                return version
        day = moment.astimezone(self.time_zone).date()
        raise NoRuleInForce(f"{self.code}.toml has no version of {name} in force on {day}")

    def ending_within(self, days: int, *, now: datetime.datetime | None = None) -> tuple[Ending, ...]:
        """What stops being in force within `days` from `now` on, soonest first, so that someone renews it.

        A rule with a successor is listed too (it says so): law that ends deserves a look even where the
        file already says what follows. A percentage that's overdue is listed until it has been renewed.
        """
        now = now or datetime.datetime.now(datetime.UTC)
        today = now.astimezone(self.time_zone).date()
        last = today + datetime.timedelta(days=days)
        endings = [
            ending
            for versions in self.versions.values()
            for ending in _endings_of_rule(versions)
            if today <= ending.ends_on <= last
        ]
        for code, warning in self.rules_at(now).risk_warnings.items():
            if warning.renew_by is not None and warning.renew_by <= last:
                name = f"risk_warning percentage of {code}"
                source = self.rule_version_at("risk_warning_template", now).source
                endings.append(Ending(name=name, source=source, ends_on=warning.renew_by, successor=None))
        return tuple(sorted(endings, key=lambda ending: (ending.ends_on, ending.name)))

    @cached_property
    def _changes(self) -> list[datetime.datetime]:
        """Every moment at which some rule, or a percentage in a warning, changes."""
        changes = set()
        for versions in self.versions.values():
            for version in versions:
                changes |= {version.starts_at, version.ends_before} - {None}
        for entity in self.entities:
            changes |= {_midnight(figure.calculated_on, self.time_zone) for figure in entity.losing_accounts}
        return sorted(moment for moment in changes if moment is not None)

    @cached_property
    def _rules_by_interval(self) -> dict[int, Rules]:
        return {}

    def _build_rules(self, moment: datetime.datetime) -> Rules:
        values = {name: self.rule_version_at(name, moment).value for name in self.versions}
        template: RiskWarningTemplate = values["risk_warning_template"]
        day = moment.astimezone(self.time_zone).date()
        warnings = {entity.code: _finish_warning(template, entity, day) for entity in self.entities}
        return Rules(**values, risk_warnings=warnings)


def _midnight(day: datetime.date, time_zone: ZoneInfo) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), time_zone).astimezone(datetime.UTC)


def _endings_of_rule(versions: tuple[RuleVersion, ...]) -> list[Ending]:
    followers = (*versions[1:], None)
    return [
        Ending(name=version.name, source=version.source, ends_on=version.valid_to, successor=successor)
        for version, successor in zip(versions, followers, strict=True)
        if version.valid_to is not None
    ]


def _finish_warning(template: RiskWarningTemplate, entity: RegulatoryEntity, day: datetime.date) -> RiskWarning:
    """Put the entity's latest percentage as of `day` into the text, and its day into the version."""
    if template.kind != "losing-percentage":
        return RiskWarning(kind=template.kind, text=template.text, version=template.version)
    figures = [figure for figure in entity.losing_accounts if figure.calculated_on <= day]
    if not figures:
        text = template.text_without_percentage or template.text
        return RiskWarning(kind=template.kind, text=text, version=f"{template.version}+none")
    latest = figures[-1]
    return RiskWarning(
        kind=template.kind,
        text=template.text.replace("{percent}", str(latest.percent)),
        version=f"{template.version}+{latest.calculated_on}",
        renew_by=_months_later(latest.calculated_on, template.renew_every_months or 0),
    )


def _months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day `months` later, or the last day of a shorter month."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    first_of_next = datetime.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last_of_month = first_of_next - datetime.timedelta(days=1)
    return datetime.date(year, month + 1, min(day.day, last_of_month.day))

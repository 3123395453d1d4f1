"""The registry: reads a folder of TOML files, one jurisdiction each, into frozen objects.

What can't be used is refused, saying file, key, what is wrong and what would be right. Adding a jurisdiction
is adding a file. The shipped files stand beside this module; the environment variable
FINTECH_JURISDICTIONS_FOLDER names another folder to read instead.
"""

import os
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from fintech.jurisdictions.business_days import BusinessDays
from fintech.jurisdictions.model import (
    DataMayLeave,
    Jurisdiction,
    LeavingRule,
    LosingAccounts,
    RegulatoryEntity,
    RuleVersion,
)
from fintech.jurisdictions.reading import JurisdictionFileError, TableReader
from fintech.jurisdictions.rule_readers import READERS

SHIPPED_FOLDER = Path(__file__).parent
FOLDER_VARIABLE = "FINTECH_JURISDICTIONS_FOLDER"


class UnknownJurisdiction(LookupError):
    """No file stands for this code."""


def jurisdiction(code: str) -> Jurisdiction:
    """The jurisdiction with this code; `UnknownJurisdiction` lists those there are."""
    known = jurisdictions()
    if code not in known:
        raise UnknownJurisdiction(f"no jurisdiction {code!r}; files stand for: {', '.join(known)}")
    return known[code]


def jurisdictions() -> Mapping[str, Jurisdiction]:
    """All jurisdictions of the folder in use by code, in alphabetical order."""
    return _load_once(os.environ.get(FOLDER_VARIABLE) or str(SHIPPED_FOLDER))


def load_folder(folder: Path | str) -> Mapping[str, Jurisdiction]:
    """Read every `*.toml` in `folder`; `JurisdictionFileError` holds the faults of all files at once."""
    loaded: dict[str, Jurisdiction] = {}
    problems: list[str] = []
    paths = sorted(Path(folder).glob("*.toml"))
    if not paths:
        raise JurisdictionFileError([f"{folder}: holds no *.toml; put one file per jurisdiction there"])
    for path in paths:
        try:
            loaded[path.stem] = load_file(path)
        except JurisdictionFileError as faulty:
            problems += faulty.problems
    problems += _shared_hosts(loaded)
    if problems:
        raise JurisdictionFileError(problems)
    return MappingProxyType(loaded)


def load_file(path: Path) -> Jurisdiction:
    """Read one jurisdiction's file; the file's name is the jurisdiction's code."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as unreadable:
        raise JurisdictionFileError([f"{path.name}: is no TOML: {unreadable}"]) from unreadable
    return _JurisdictionFile(path.name, table).read()


@lru_cache(maxsize=8)
def _load_once(folder: str) -> Mapping[str, Jurisdiction]:
    return load_folder(folder)


class _JurisdictionFile:
    """One file being read: collects the faults of all its rules before it gives up."""

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        self._name = name
        self._top = TableReader(file=name, path="", table=table)

    def read(self) -> Jurisdiction:
        top = self._top
        code = top.slug("code")
        if f"{code}.toml" != self._name:
            raise top.error("code", f"is {code!r}", f"write the file's own name, {self._name[:-5]!r}")
        time_zone = top.time_zone("time_zone")
        found = Jurisdiction(
            code=code,
            name=top.text("name"),
            regulator=top.text("regulator"),
            time_zone=time_zone,
            region=top.slug("region"),
            backup_region=top.slug("backup_region"),
            backup_account=top.choice("backup_account", ("same", "separate")),
            data_may_leave=_read_data_may_leave(top.table("data_may_leave")),
            base_currencies=top.currencies("base_currencies"),
            entities=self._read_entities(),
            versions=self._read_rules(code, time_zone),
        )
        if found.region == found.backup_region and found.backup_account == "same":
            right = 'name another region of the same legal area, or write backup_account = "separate"'
            raise top.error("backup_region", "is the region itself, in the same account", right)
        top.finish()
        return found

    def _read_entities(self) -> tuple[RegulatoryEntity, ...]:
        tables = self._top.tables("entities")
        entities = tuple(_read_entity(table) for table in tables)
        for key, values in (
            ("code", [entity.code for entity in entities]),
            ("ledger_number", [entity.ledger_number for entity in entities]),
            ("hosts", [host for entity in entities for host in entity.hosts]),
        ):
            if len(set(values)) != len(values):
                raise self._top.error("entities", f"two of them have the same {key}", f"give each its own {key}")
        return entities

    def _read_rules(self, code: str, time_zone: ZoneInfo) -> Mapping[str, tuple[RuleVersion, ...]]:
        rules = self._top.table("rules")
        found: dict[str, tuple[RuleVersion, ...]] = {}
        problems: list[str] = []
        for name in READERS:
            try:
                found[name] = self._read_versions(rules, name, code, time_zone)
            except JurisdictionFileError as faulty:
                problems += faulty.problems
        try:
            rules.finish()
        except JurisdictionFileError as faulty:
            problems += faulty.problems
        if problems:
            raise JurisdictionFileError(problems)
        return MappingProxyType(found)

    def _read_versions(self, rules: TableReader, name: str, code: str, time_zone: ZoneInfo) -> tuple[RuleVersion, ...]:
        versions = []
        for table in rules.tables(name):
            version = RuleVersion(
                jurisdiction=code,
                name=name,
                value=READERS[name](table),
                source=table.text("source"),
                basis=table.choice("basis", ("law", "policy")),
                valid_from=table.date("valid_from"),
                valid_to=table.date("valid_to"),
                time_zone=time_zone,
            )
            table.finish()
            _check_span(table, version)
            versions.append(version)
        for index, (earlier, later) in enumerate(pairwise(versions)):
            _check_follows(rules, f"{name}[{index + 1}]", earlier, later)
        return tuple(versions)


def _check_span(table: TableReader, version: RuleVersion) -> None:
    if version.valid_from and version.valid_to and version.valid_to < version.valid_from:
        right = f"write a last day in force, from {version.valid_from} on"
        raise table.error("valid_to", f"is {version.valid_to}, before valid_from", right)


def _check_follows(rules: TableReader, key: str, earlier: RuleVersion, later: RuleVersion) -> None:
    """Versions stand oldest first and touch: no day between them without a rule, none with two."""
    if earlier.valid_to is None:
        right = "give the version before it the last day on which it holds, as valid_to"
        raise rules.error(key, "follows a version without end", right)
    if later.valid_from is None or (later.valid_from - earlier.valid_to).days != 1:
        wrong = f"begins on {later.valid_from}, while the version before it ends on {earlier.valid_to}"
        raise rules.error(key, wrong, "let valid_from be the day after that end, oldest version first")


def _read_data_may_leave(table: TableReader) -> DataMayLeave:
    rule: LeavingRule = table.choice("rule", ("no", "within", "with-contract"))
    areas = table.texts("areas") if rule == "within" else ()
    table.finish()
    return DataMayLeave(rule=rule, areas=areas)


def _read_entity(table: TableReader) -> RegulatoryEntity:
    figures = table.tables("losing_accounts") if "losing_accounts" in table else []
    entity = RegulatoryEntity(
        code=table.slug("code"),
        legal_name=table.text("legal_name"),
        licence=table.text("licence"),
        ledger_number=table.integer("ledger_number", low=1, high=99),
        hosts=_read_hosts(table),
        business_days=BusinessDays(holidays=frozenset(table.dates("holidays"))),
        losing_accounts=tuple(_read_losing_accounts(figure) for figure in figures),
    )
    days = [figure.calculated_on for figure in entity.losing_accounts]
    if days != sorted(set(days)):
        raise table.error("losing_accounts", "isn't in the order of calculated_on", "write the oldest first")
    table.finish()
    return entity


def _read_losing_accounts(table: TableReader) -> LosingAccounts:
    percent = table.integer("percent", low=0, high=100)
    calculated_on = table.date("calculated_on")
    if calculated_on is None:
        raise table.error("calculated_on", "is missing", "write a date without quotes, like 2026-10-01")
    table.finish()
    return LosingAccounts(percent=percent, calculated_on=calculated_on)


def _read_hosts(table: TableReader) -> tuple[str, ...]:
    hosts = table.texts("hosts")
    for host in hosts:
        if host != host.lower() or any(mark in host for mark in ":/ *"):
            raise table.error("hosts", f"{host!r} is no host name", "write small letters, no port, no path")
    return hosts


def _shared_hosts(loaded: Mapping[str, Jurisdiction]) -> list[str]:
    """A host leads to exactly one entity, over all files."""
    owner: dict[str, str] = {}
    problems = []
    for code, found in loaded.items():
        for host in found.hosts:
            if host in owner:
                problems.append(
                    f"{code}.toml: entities: the host {host!r} already belongs to {owner[host]}.toml;"
                    " give each entity its own hosts"
                )
            owner.setdefault(host, code)
    return problems

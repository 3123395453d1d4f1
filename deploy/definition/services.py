"""`deploy/services.toml`, typed: services, tasks, and the databases and secrets that they may touch."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeVar, cast, get_args

from deploy.definition.reading import DEPLOY, known, opened, texts_or_none
from fintech.jurisdictions.reading import TableReader

FILE: Final = DEPLOY / "services.toml"
# Where every service answers for its process, whether it serves anything else or not (fintech/observability/doors.py).
LIVE_PATH: Final = "/health/live"
READY_PATH: Final = "/health/ready"
METRICS_PATH: Final = "/metrics"

_PLACEHOLDER: Final = re.compile(r"\{([a-z]*)\}")
_PLACEHOLDERS: Final = frozenset({"address", "port", "cell"})

Signal = Literal["cpu", "connections", "queue-age", "none"]
Schedule = Literal["on demand", "quarterly"]
Objects = Literal["documents", "anchors"]
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of a cell's cluster: the role that owns and migrates it, and those that the application enters by."""

    name: str
    owner: str
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret of a cell. `rotate_days` None: it is changed by hand."""

    name: str
    rotate_days: int | None


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How many processes of a service run: from `minimum` to `maximum`, so that each has `target` of the signal.

    `cpu` in per cent; `connections` a process, and `queue-age` in seconds, by the metric that tells them.
    """

    signal: Signal
    metric: str | None
    target: float | None
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is run of the image, and what it may touch there: `databases` and `secrets` of its cell, nothing else.

    `reads` and `writes` are the stores of objects that it gets something from and keeps something in; with `outside` it
    talks to servers of others.
    """

    name: str
    what: str
    command: tuple[str, ...]
    databases: tuple[str, ...]
    secrets: tuple[str, ...]
    reads: tuple[Objects, ...]
    writes: tuple[Objects, ...]
    outside: bool

    @property
    def objects(self) -> tuple[Objects, ...]:
        """The stores of objects that it has anything to do with."""
        return tuple(sorted({*self.reads, *self.writes}))

    @property
    def each_cell(self) -> bool:
        """Whether one runs for each cell; the others answer for all cells of their deployment."""
        return any("{cell}" in word for word in self.command)

    def words(self, **values: str) -> list[str]:
        """The command with its placeholders filled in."""
        return [word.format(**values) if _PLACEHOLDER.search(word) else word for word in self.command]


@dataclass(frozen=True, kw_only=True)
class Service(Command):
    """A service: at `port` it answers for itself, and those with `paths` what the load balancer brings them from there.

    After being asked to end it has `stop_seconds`.
    """

    port: int
    paths: tuple[str, ...]
    stop_seconds: int
    scaling: Scaling

    @property
    def public(self) -> bool:
        """Whether the load balancer brings it anything."""
        return bool(self.paths)


@dataclass(frozen=True, kw_only=True)
class Task(Command):
    """What runs to its end, and when."""

    schedule: Schedule


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Everything that services.toml says, by name and in its order."""

    databases: Mapping[str, Database]
    secrets: Mapping[str, Secret]
    services: Mapping[str, Service]
    tasks: Mapping[str, Task]


def read_services(path: Path = FILE) -> Definition:
    """Read services.toml. Raises DefinitionError."""
    top = opened(path)
    databases = _each(top, "databases", _database)
    secrets = _each(top, "secrets", _secret)
    _roles_have_secrets(top.table("databases"), databases, secrets)
    services = _each(top, "services", lambda name, table: _service(name, table, databases, secrets))
    tasks = _each(top, "tasks", lambda name, table: _task(name, table, databases, secrets))
    top.finish()
    return Definition(databases=databases, secrets=secrets, services=services, tasks=tasks)


def _each(top: TableReader, key: str, read: Callable[[str, TableReader], Item]) -> Mapping[str, Item]:
    tables = top.table(key)
    found = {}
    for name in tables.names():
        table = tables.table(name)
        found[name] = read(name, table)
        table.finish()
    return MappingProxyType(found)


def _database(name: str, table: TableReader) -> Database:
    return Database(name=name, owner=table.text("owner"), roles=table.texts("roles"))


def _secret(name: str, table: TableReader) -> Secret:
    days = table.integer("rotate_days", low=1, high=365) if "rotate_days" in table else None
    return Secret(name=name, rotate_days=days)


def _roles_have_secrets(table: TableReader, databases: Mapping[str, Database], secrets: Mapping[str, Secret]) -> None:
    for database in databases.values():
        for role in (database.owner, *database.roles):
            if f"database/{role}" not in secrets:
                raise table.error(database.name, f"its role {role!r} has no secret", f"declare database/{role}")


def _service(
    name: str, table: TableReader, databases: Mapping[str, Database], secrets: Mapping[str, Secret]
) -> Service:
    service = Service(
        name=name,
        what=table.text("what"),
        command=_command(table),
        databases=_touched(table, "databases", databases),
        secrets=_touched(table, "secrets", secrets),
        reads=_objects(table, "reads"),
        writes=_objects(table, "writes"),
        outside=_outside(table),
        port=table.integer("port", low=1024, high=65535),
        paths=texts_or_none(table, "paths"),
        stop_seconds=table.integer("stop_seconds", low=1, high=120),
        scaling=_scaling(table.table("scaling")),
    )
    _databases_match_secrets(table, service, databases, owners=False)
    for path in service.paths:
        if not path.startswith("/"):
            raise table.error("paths", f"holds {path!r}", "begin a path with /")
    if service.public and "{port}" not in service.command:
        raise table.error("command", "doesn't say where it listens", "put {port} into it")
    if not service.public and not service.each_cell:
        raise table.error("command", "works for no cell and answers no path", "give it {cell}, or paths")
    return service


def _task(name: str, table: TableReader, databases: Mapping[str, Database], secrets: Mapping[str, Secret]) -> Task:
    schedules: tuple[Schedule, ...] = ("on demand", "quarterly")
    task = Task(
        name=name,
        what=table.text("what"),
        command=_command(table),
        databases=_touched(table, "databases", databases),
        secrets=_touched(table, "secrets", secrets),
        reads=_objects(table, "reads"),
        writes=_objects(table, "writes"),
        outside=_outside(table),
        schedule=table.choice("schedule", schedules) if "schedule" in table else "on demand",
    )
    _databases_match_secrets(table, task, databases, owners=True)
    return task


def _command(table: TableReader) -> tuple[str, ...]:
    command = tuple(shlex.split(table.text("command")))
    if command[0] != "python":
        raise table.error("command", f"begins with {command[0]!r}", 'begin it with "python", the image\'s own')
    for word in command:
        for placeholder in _PLACEHOLDER.findall(word):
            if placeholder not in _PLACEHOLDERS:
                right = "there are {" + "}, {".join(sorted(_PLACEHOLDERS)) + "}"
                raise table.error("command", f"has a placeholder {{{placeholder}}}", right)
    return command


def _touched(table: TableReader, key: str, declared: Collection[str]) -> tuple[str, ...]:
    names = texts_or_none(table, key)
    known(table, key, names, declared, declared=f"{FILE.name} under [{key}]")
    return names


def _objects(table: TableReader, key: str) -> tuple[Objects, ...]:
    known(table, key, texts_or_none(table, key), get_args(Objects), declared="deploy/definition/services.py")
    return cast("tuple[Objects, ...]", texts_or_none(table, key))


def _outside(table: TableReader) -> bool:
    return table.boolean("outside") if "outside" in table else False


def _databases_match_secrets(
    table: TableReader, command: Command, databases: Mapping[str, Database], *, owners: bool
) -> None:
    """Who names a database has a role's secret to enter it, and no secret of a role opens one that isn't named."""
    for database in databases.values():
        roles = (database.owner, *database.roles)
        held = [role for role in roles if f"database/{role}" in command.secrets]
        if held and database.name not in command.databases:
            raise table.error(
                "secrets", f"opens {database.name} as {held[0]}", "name that database, or drop the secret"
            )
        if not held and database.name in command.databases:
            raise table.error("databases", f"names {database.name}, but no secret opens it", "add a role's secret")
        if database.owner in held and not owners:
            raise table.error("secrets", f"opens {database.name} as its owner", "only tasks may own")


def _scaling(table: TableReader) -> Scaling:
    signals: tuple[Signal, ...] = ("cpu", "connections", "queue-age", "none")
    signal: Signal = table.choice("signal", signals)
    minimum = table.integer("minimum", low=1, high=100)
    scaling = Scaling(
        signal=signal,
        metric=table.text("metric") if signal in ("connections", "queue-age") else None,
        target=None if signal == "none" else table.number("target", low=0.1, high=100_000),
        minimum=minimum,
        maximum=table.integer("maximum", low=minimum, high=100),
    )
    if signal == "none" and scaling.maximum != minimum:
        raise table.error("maximum", f"is {scaling.maximum}, but nothing scales it", f"write {minimum}")
    table.finish()
    return scaling

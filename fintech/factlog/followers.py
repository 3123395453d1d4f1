"""Followers: named code that reacts to another database's facts, exactly once in effect.

A follower's effect and its bookmark are one transaction of the follower's own database. The giver has decided;
a follower never refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from fintech.facts import fact_class, fact_kind
from fintech.facts.codec import decode

Log = Literal["fact", "transfer"]
HEARTBEAT = "heartbeat"


@dataclass(frozen=True)
class Followed:
    """One row of a followed log, as its follower sees it. `data` and `raw` are the row's own values."""

    id: int
    source: str
    incarnation: str
    kind: str
    version: int
    subject: tuple[str, str]
    seq: int | None
    recorded_at: datetime
    actor: str | None
    request_id: str | None
    reason: str | None
    data: Mapping[str, Any]
    raw: Mapping[str, Any]

    @cached_property
    def fact(self) -> Any:
        """The fact as its dataclass; None for what isn't a declared fact. Made when first asked for: many don't ask.

        Raises ValueError or TypeError when the row's data have another shape.
        """
        schema = fact_class(self.kind)
        return decode(schema, self.data) if schema else None


@dataclass(frozen=True)
class Follower:
    """A follower as declared. `kinds` None means every kind."""

    name: str
    source_concern: str
    log: Log
    into: str
    kinds: frozenset[str] | None
    replayable: bool
    batch: bool
    stops_on_error: bool
    skip_heartbeats: bool
    handle: Callable[[Any], None]

    @property
    def source(self) -> str:
        """The followed log's name, `<concern>.<log>`."""
        return f"{self.source_concern}.{self.log}"

    def wants(self, kind: str) -> bool:
        """Whether rows of this kind are handled; others only move the bookmark."""
        if kind == HEARTBEAT and self.skip_heartbeats:
            return False
        return self.kinds is None or kind in self.kinds


_followers: dict[str, Follower] = {}


def follower(
    name: str,
    *,
    source: str,
    into: str,
    replayable: bool,
    kinds: tuple[type | str, ...] | None = None,
    batch: bool = False,
    stops_on_error: bool = False,
    skip_heartbeats: bool = True,
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Declare a follower of `source` (`crm.fact`, `payments.transfer` …) that writes into the concern `into`.

    `kinds` are facts' classes, or words of row changes such as `crm_client.updated`. The function takes one Followed,
    or with `batch` a list of them. `stops_on_error` halts the follower at a fact that it can't take, instead of
    setting the fact aside (the audit log leaves nothing out). `replayable` says that it may start again from zero.
    """
    concern, _, log_name = source.partition(".")
    if log_name not in ("fact", "transfer"):
        raise ValueError(f"{source!r} is no log; a log is <concern>.fact or <concern>.transfer")

    def declare(handle: Callable[[Any], None]) -> Callable[[Any], None]:
        if name in _followers and _followers[name].handle.__module__ != handle.__module__:
            raise ValueError(f"two followers are called {name!r}")
        wanted = None if kinds is None else frozenset(k if isinstance(k, str) else fact_kind(k).kind for k in kinds)
        _followers[name] = Follower(
            name=name,
            source_concern=concern,
            log="fact" if log_name == "fact" else "transfer",
            into=into,
            kinds=wanted,
            replayable=replayable,
            batch=batch,
            stops_on_error=stops_on_error,
            skip_heartbeats=skip_heartbeats,
            handle=handle,
        )
        return handle

    return declare


def all_followers() -> Mapping[str, Follower]:
    """Every declared follower by its name."""
    return dict(_followers)

"""A decision: the one transaction in which a request is judged and its effects are written."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from fintech.cells import prepared_calls
from fintech.cells.context import CellContext, current_cell
from fintech.cells.topology import served_cell
from fintech.facts.codec import Json
from fintech.secrets import secret


@dataclass(frozen=True)
class Request:
    """What is asked, by whom, under which key; what the journal's row is made from."""

    principal: str
    operation: str
    key: str
    actor: str
    request_id: str
    reason: str


@dataclass(frozen=True)
class EarlierAnswer:
    """What was decided when the same key came first."""

    payload_hash: bytes
    outcome: str
    answer: Json


class Decision:
    """The decision under way on one alias; its journal id is drawn when it is first needed."""

    def __init__(self, alias: str, request: Request) -> None:
        self.alias = alias
        self.request = request
        self._journal_id: int | None = None
        self._recorded_at: datetime | None = None
        self.earlier: EarlierAnswer | None = None
        self.concerns_clients: set[UUID] = set()
        """Whose view of the data this decision changes, as its facts say."""

    @property
    def concern(self) -> str:
        """The concern in whose database the decision is made."""
        return self.alias.partition("_")[2]

    @property
    def journal_id(self) -> int:
        """The id of this decision's journal row, which its transfers carry."""
        if self._journal_id is None:
            self.begin()
        assert self._journal_id is not None
        return self._journal_id

    @property
    def recorded_at(self) -> datetime:
        """The database's clock when the decision began (UTC)."""
        if self._recorded_at is None:
            self.begin()
        assert self._recorded_at is not None
        return self._recorded_at

    @property
    def begun(self) -> bool:
        """Whether the journal was opened, so that a row has to be written at the end."""
        return self._journal_id is not None

    def begin(self) -> None:
        """Name the actor, wait for the key's turn, and find an earlier answer or draw a journal id."""
        asked = self.request
        self._journal_id, payload_hash, outcome, answer, self._recorded_at = prepared_calls.row(
            self.alias,
            "SELECT * FROM journal_begin_v1(%s::text, %s::text, %s::text, %s::text, %s::text, %s::text)",
            [asked.principal, asked.operation, asked.key, asked.actor, asked.request_id, asked.reason],
        )
        if outcome is not None:
            self.earlier = EarlierAnswer(bytes(payload_hash), outcome, _loaded(answer))

    def afterwards(self, call: Callable[[], object]) -> None:
        """Do something once this decision is committed, and nothing if it is undone: for what only counts or shows."""
        transaction.on_commit(call, using=self.alias)

    def finish(self, outcome: str, answer: Json, payload_hash: bytes) -> None:
        """Write the journal's row, with the answer that every retry will get."""
        asked = self.request
        prepared_calls.row(
            self.alias,
            "SELECT journal_finish_v1(%s::bigint, %s::text, %s::text, %s::text, %b::bytea, %s::text, %s::jsonb, "
            "%s::text, %s::text, %s::text)",
            [
                self.journal_id,
                asked.principal,
                asked.operation,
                asked.key,
                payload_hash,
                outcome,
                json.dumps(answer),
                asked.actor,
                asked.request_id,
                asked.reason,
            ],
        )


_decision: ContextVar[Decision | None] = ContextVar("fintech_decision", default=None)


def current_decision() -> Decision:
    """The decision under way. Raises RuntimeError outside every verb and follower."""
    decision = _decision.get()
    if decision is None:
        raise RuntimeError("no decision is under way: data is changed inside a verb or a follower only")
    return decision


def inside_decision(concern: str) -> Decision:
    """Assert that a decision on this concern's database is under way, and give it."""
    decision = current_decision()
    if decision.concern != concern:
        raise RuntimeError(f"a decision on {decision.concern!r} is under way, not one on {concern!r}")
    return decision


@contextmanager
def deciding(decision: Decision) -> Iterator[Decision]:
    """Make `decision` the current one for the block; refuses to nest."""
    if _decision.get() is not None:
        raise RuntimeError("a decision is under way already: a verb is never called from inside another")
    token = _decision.set(decision)
    try:
        yield decision
    finally:
        _decision.reset(token)


def request_by(context: CellContext, *, operation: str, key: str, reason: str) -> Request:
    """A request by the bound cell's actor."""
    actor = str(context.actor)
    return Request(actor, operation, key, actor, context.request_id, reason)


def payload_hash(payload: Json) -> bytes:
    """A keyed hash of a request's content (HMAC-SHA-256 under the cell's own key): it may hold personal data."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = secret(f"{served_cell(current_cell().name).secrets}/journal/hash-key")
    return hmac.digest(key.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _loaded(answer: object) -> Json:
    loaded: Json = json.loads(answer) if isinstance(answer, str) else answer  # type: ignore[assignment]
    return loaded

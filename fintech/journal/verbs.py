"""The verb: the one decorator under which data changes.

A verb is a durable transaction on its concern's database, with an actor, a reason and an idempotency key. A refusal
undoes it, is kept in the journal by a transaction of its own, and is raised only after that has been committed, so
that a retry is refused in the same words. `grep '@verb'` lists every way to change data.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, get_type_hints

import psycopg.errors
from django.db import NotSupportedError, OperationalError, transaction

from fintech.cells import prepared_calls
from fintech.cells.actors import Actor
from fintech.cells.context import current_cell
from fintech.cells.freshness import expect_marks, leave_marks
from fintech.factlog.wake_up import wake_relay
from fintech.facts.codec import Json, decode, encode
from fintech.journal.decisions import Decision, EarlierAnswer, deciding, payload_hash, request_by
from fintech.journal.refusals import KeyReused, Refusal

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
LONGEST_KEY = 200


def verb(concern: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a verb of a concern. The function takes keyword arguments only, among them `key` (and maybe `reason`).

    Called, it decides once for each key of the current actor: the same key with the same content gives the first
    answer or raises the first Refusal again, with another content it raises KeyReused. It returns ids, amounts and
    codes, never personal data, since the journal keeps its answer.
    """

    def declare(body: Callable[P, R]) -> Callable[P, R]:
        declared = _Verb(concern, f"{body.__module__.partition('.')[0]}.{body.__name__}", body)

        @functools.wraps(body)
        def decide(*args: P.args, **kwargs: P.kwargs) -> R:
            answer: R = _decide(declared, kwargs)
            return answer

        decide.verb = declared.operation  # type: ignore[attr-defined]
        return decide

    return declare


class _Verb:
    """A verb as it was declared, with what is known of its body once for all calls."""

    def __init__(self, concern: str, operation: str, body: Callable[..., Any]) -> None:
        self.concern = concern
        self.operation = operation
        self.body = body
        self.signature = inspect.signature(body)
        parameters = self.signature.parameters.values()
        if "key" not in self.signature.parameters or any(p.kind is not p.KEYWORD_ONLY for p in parameters):
            raise TypeError(f"verb {body.__name__} takes keyword arguments only, and `key` is one of them")

    @functools.cached_property
    def returns(self) -> Any:
        """The type of the answer; asked when the first one comes, since a body's module may not be read to its end."""
        return get_type_hints(self.body)["return"]

    def payload(self, kwargs: dict[str, Any]) -> Json:
        """What tells this request from another one under the same key."""
        bound = self.signature.bind(**kwargs)
        bound.apply_defaults()
        return {name: _hashable(value) for name, value in bound.arguments.items() if name != "key"}


class _Undone(Exception):
    """The body refused: what it wrote is to be undone."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def _decide(declared: _Verb, kwargs: dict[str, Any]) -> Any:
    key = str(kwargs["key"])
    if not 0 < len(key) <= LONGEST_KEY:
        raise Refusal("idempotency-key-invalid", f"A key has 1 to {LONGEST_KEY} characters.", status=400)
    context = current_cell()
    alias = context.alias(declared.concern)
    request = request_by(context, operation=declared.operation, key=key, reason=str(kwargs.get("reason", "")))
    hashed = payload_hash(declared.payload(kwargs))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            decision = Decision(alias, request)
            outcome, answer = _attempt(decision, declared.body, kwargs, hashed)
        except (OperationalError, NotSupportedError) as error:
            if attempt == ATTEMPTS or not _is_worth_another_try(error):
                raise
            time.sleep(0.01 * attempt)
        else:
            break
    wake_relay(alias)
    leave_marks(alias, {str(context.actor), *(str(Actor.client(client)) for client in decision.concerns_clients)})
    if outcome == "refused":
        raise Refusal.from_json(answer)  # type: ignore[arg-type]
    return decode(declared.returns, answer)


def _is_worth_another_try(error: Exception) -> bool:
    """Nothing is written, and the next try finds done what this one waited for, or sees tables as they are now."""
    waited_for_each_other = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
    return isinstance(error.__cause__, waited_for_each_other) or prepared_calls.is_outdated(error)


def _attempt(decision: Decision, body: Callable[..., Any], kwargs: dict[str, Any], hashed: bytes) -> tuple[str, Json]:
    def judge() -> tuple[str, Json]:
        try:
            return "done", encode(body(**kwargs))
        except Refusal as refusal:
            raise _Undone(refusal) from refusal

    try:
        return _in_a_transaction(decision, judge, hashed)
    except _Undone as undone:
        # Keeping the first transaction would take a savepoint: two round trips of every request that isn't refused.
        # Should the key have been decided in between, then that counts.
        answer = undone.refusal.to_json()
        return _in_a_transaction(decision, lambda: ("refused", answer), hashed)


def _in_a_transaction(decision: Decision, judge: Callable[[], tuple[str, Json]], hashed: bytes) -> tuple[str, Json]:
    with transaction.atomic(using=decision.alias, durable=True), deciding(decision):
        decision.begin()
        if decision.earlier is not None:
            return _earlier(decision.earlier, decision.request.operation, hashed)
        outcome, answer = judge()
        decision.finish(outcome, answer, hashed)
        expect_marks(decision.alias)
        return outcome, answer


def _earlier(earlier: EarlierAnswer, operation: str, hashed: bytes) -> tuple[str, Json]:
    if earlier.payload_hash != hashed:
        raise KeyReused(operation)
    return earlier.outcome, earlier.answer


def _hashable(value: object) -> Json:
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    return encode(value)

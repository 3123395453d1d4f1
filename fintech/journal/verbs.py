"""The verb: the one decorator under which data changes.

A verb is a durable transaction on its concern's database, with an actor, a reason and an idempotency key. It runs
its body in a savepoint: a refusal undoes what the body wrote, is kept in the journal, and is raised only after the
commit, so that a retry is refused in the same words. `grep '@verb'` lists every way to change data.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, get_type_hints

import psycopg.errors
from django.db import OperationalError, transaction

from fintech.cells.actors import Actor
from fintech.cells.context import current_cell
from fintech.cells.freshness import leave_marks
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
        _check_signature(body)
        operation = f"{body.__module__.partition('.')[0]}.{body.__name__}"

        @functools.wraps(body)
        def decide(*args: P.args, **kwargs: P.kwargs) -> R:
            answer: R = _decide(concern, operation, body, kwargs)
            return answer

        decide.verb = operation  # type: ignore[attr-defined]
        return decide

    return declare


def _check_signature(body: Callable[..., Any]) -> None:
    parameters = inspect.signature(body).parameters
    if "key" not in parameters or any(p.kind is not p.KEYWORD_ONLY for p in parameters.values()):
        raise TypeError(f"verb {body.__name__} takes keyword arguments only, and `key` is one of them")


def _decide(concern: str, operation: str, body: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    key = str(kwargs["key"])
    if not 0 < len(key) <= LONGEST_KEY:
        raise Refusal("idempotency-key-invalid", f"A key has 1 to {LONGEST_KEY} characters.", status=400)
    context = current_cell()
    alias = context.alias(concern)
    request = request_by(context, operation=operation, key=key, reason=str(kwargs.get("reason", "")))
    hashed = payload_hash(_payload(body, kwargs))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            decision = Decision(alias, request)
            outcome, answer = _attempt(decision, body, kwargs, hashed)
        except OperationalError as error:
            if attempt == ATTEMPTS or not isinstance(error.__cause__, _WORTH_ANOTHER_TRY):
                raise
            time.sleep(0.01 * attempt)
        else:
            break
    wake_relay(alias)
    leave_marks(alias, {str(context.actor), *(str(Actor.client(client)) for client in decision.concerns_clients)})
    if outcome == "refused":
        raise Refusal.from_json(answer)  # type: ignore[arg-type]
    return decode(get_type_hints(body)["return"], answer)


# Two decisions that waited for each other: nothing is written, and the next try finds the other one done.
_WORTH_ANOTHER_TRY = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


def _attempt(decision: Decision, body: Callable[..., Any], kwargs: dict[str, Any], hashed: bytes) -> tuple[str, Json]:
    with transaction.atomic(using=decision.alias, durable=True), deciding(decision):
        decision.begin()
        if decision.earlier is not None:
            return _earlier(decision.earlier, decision.request.operation, hashed)
        try:
            with transaction.atomic(using=decision.alias):
                outcome, answer = "done", encode(body(**kwargs))
        except Refusal as refusal:
            outcome, answer = "refused", refusal.to_json()
        decision.finish(outcome, answer, hashed)
        return outcome, answer


def _earlier(earlier: EarlierAnswer, operation: str, hashed: bytes) -> tuple[str, Json]:
    if earlier.payload_hash != hashed:
        raise KeyReused(operation)
    return earlier.outcome, earlier.answer


def _payload(body: Callable[..., Any], kwargs: dict[str, Any]) -> Json:
    bound = inspect.signature(body).bind(**kwargs)
    bound.apply_defaults()
    return {name: _hashable(value) for name, value in bound.arguments.items() if name != "key"}


def _hashable(value: object) -> Json:
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    return encode(value)

"""Batches: many requests in one call, each with its key, journal row and outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from django.db import connections, transaction

from fintech.cells import current_cell, prepared_calls
from fintech.cells.identifiers import uuid7
from fintech.factlog.wake_up import wake_relay
from fintech.journal.decisions import Decision, deciding, payload_hash, request_by
from fintech.ledger.accounts import is_house
from fintech.ledger.house_accounts import house_account
from fintech.ledger.transfers import Item, ItemResult, Leg, Outcome, columns_of

_OUTCOMES = {int(outcome): outcome for outcome in Outcome}

LEGS_IN_A_CALL = 250
"""Calls much longer than a hundred transfers gain nothing, and hold their locks for longer."""


def post_batch(alias: str, items: Sequence[Item], *, operation: str, reason: str) -> list[ItemResult]:
    """Post items in their order, in as few transactions as keys and size allow. See `Book.post_batch`."""
    results: list[ItemResult] = []
    for part in _parts(items):
        results += _post_part(alias, part, operation=operation, reason=reason)
    if results:
        wake_relay(alias)
    return results


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Cut into runs of items with different keys: a key that comes again must find the first one's answer."""
    part: list[Item] = []
    keys: set[str] = set()
    legs = 0
    for item in items:
        if part and (item.key in keys or legs + len(item.legs) > LEGS_IN_A_CALL):
            yield part
            part, keys, legs = [], set(), 0
        part.append(item)
        keys.add(item.key)
        legs += len(item.legs)
    if part:
        yield part


def _post_part(alias: str, items: list[Item], *, operation: str, reason: str) -> list[ItemResult]:
    if len(items) == len(items[0].legs) == 1 and items[0].legs[0].corrects is None:
        return [_post_one(alias, items[0], operation=operation, reason=reason)]
    with transaction.atomic(using=alias, durable=True):
        results = _call(alias, items, operation=operation, reason=reason)
        houses = _houses([item for item, result in zip(items, results, strict=True) if _undecided(result)])
        if not houses or not _open_missing(alias, houses):
            return results
        # Some items name house accounts that nobody has posted to: all are decided again, in their order.
        transaction.set_rollback(True, using=alias)
    _open(alias, houses, reason=reason)
    with transaction.atomic(using=alias, durable=True):
        return _call(alias, items, operation=operation, reason=reason)


def _post_one(alias: str, item: Item, *, operation: str, reason: str) -> ItemResult:
    """Post one transfer, by a function of its own at a fraction of the cost of the one for many.

    The call is a transaction by itself, durable when it returns: one round trip, where a block around it makes three.
    """
    if connections[alias].in_atomic_block:
        raise RuntimeError("a batch is posted outside every transaction: its items are decided when it returns")
    result = _call_for_one(alias, item, operation=operation, reason=reason)
    houses = _houses([item]) if _undecided(result) else []
    if houses and _open_missing(alias, houses):
        _open(alias, houses, reason=reason)
        result = _call_for_one(alias, item, operation=operation, reason=reason)
    return result


def _open(alias: str, houses: list[int], *, reason: str) -> None:
    """Open house accounts by a decision of its own, so that the journal says who did it."""
    request = request_by(current_cell(), operation="ledger.open_house_accounts", key=str(uuid7()), reason=reason)
    with transaction.atomic(using=alias, durable=True), deciding(Decision(alias, request)) as decision:
        decision.begin()
        prepared_calls.row(
            alias, "SELECT ledger_open_house_v1(%s::bigint, %s::bigint[])", [decision.journal_id, houses]
        )
        decision.finish("done", None, payload_hash([str(house) for house in houses]))


def _call(alias: str, items: list[Item], *, operation: str, reason: str) -> list[ItemResult]:
    context = current_cell()
    actor = str(context.actor)
    legs = [leg for item in items for leg in item.legs]
    outcomes, journal_ids = prepared_calls.row(
        alias,
        # Binary, as writing a hundred hashes and keys out as text costs more than posting them.
        "SELECT outcomes, journal_ids FROM ledger_post_batch_v1(%s::text, %s::text, %s::text, %s::text, "
        "%s::text, %b::text[], %b::bytea[], %b::integer[], %b::smallint[], %b::bigint[], %b::bigint[], "
        "%b::bigint[], %b::smallint[], %b::uuid[], %b::date[], %b::uuid[], %b::bigint[])",
        [
            actor,
            operation,
            actor,
            context.request_id,
            reason,
            [item.key for item in items],
            [_hash(item.legs) for item in items],
            [place for place, item in enumerate(items, 1) for _ in item.legs],
            [number for item in items for number in range(1, len(item.legs) + 1)],
            *columns_of(legs),
        ],
    )
    return [
        ItemResult(key=item.key, outcome=_OUTCOMES[outcome], journal_id=journal_id)
        for item, outcome, journal_id in zip(items, outcomes, journal_ids, strict=True)
    ]


def _call_for_one(alias: str, item: Item, *, operation: str, reason: str) -> ItemResult:
    context = current_cell()
    actor = str(context.actor)
    (leg,) = item.legs
    outcome, journal_id = prepared_calls.row(
        alias,
        "SELECT outcome, journal_id FROM ledger_post_keyed_v1(%s::text, %s::text, %s::text, %b::bytea, "
        "%s::text, %s::text, %s::text, %s::bigint, %s::bigint, %s::bigint, %s::smallint, %s::uuid, %s::date, "
        "%s::uuid)",
        [
            actor,
            operation,
            item.key,
            _hash(item.legs),
            actor,
            context.request_id,
            reason,
            leg.debit,
            leg.credit,
            leg.amount,
            int(leg.code),
            leg.client_id,
            leg.value_date,
            leg.reference,
        ],
    )
    return ItemResult(key=item.key, outcome=Outcome(outcome), journal_id=journal_id)


def _hash(legs: tuple[Leg, ...]) -> bytes:
    """What tells an item's content from another's; needs no secret, as nothing in it is personal."""
    content = [(leg.debit, leg.credit, leg.amount, int(leg.code), leg.corrects) for leg in legs] + [
        (str(leg.client_id), str(leg.value_date), str(leg.reference)) for leg in legs
    ]
    return hashlib.sha256(repr(content).encode()).digest()


def _undecided(result: ItemResult) -> bool:
    return result.outcome is Outcome.UNKNOWN_ACCOUNT


def _houses(items: list[Item]) -> list[int]:
    return sorted({side for item in items for leg in item.legs for side in (leg.debit, leg.credit) if is_house(side)})


def _open_missing(alias: str, houses: list[int]) -> bool:
    """Whether some of the house accounts are yet to be opened. Raises ValueError for what is none."""
    for number in houses:
        house_account(number)
    query = "SELECT count(*) FROM ledger_account WHERE number = ANY (%s::bigint[])"
    return bool(prepared_calls.row(alias, query, [houses])[0] < len(houses))

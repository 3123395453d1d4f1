"""The keys themselves: made once per person and retention class, found again, destroyed.

Everything here works on the bound cell's primary of the concern, by explicit alias.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db import connections, transaction

from fintech.cells import alias_for, current_cell
from fintech.journal import inside_decision
from fintech.privacy.errors import Erased, Unreadable
from fintech.privacy.key_cache import CachedKey, KeyCache, now
from fintech.privacy.master_key import key_wrapper
from fintech.privacy.models import PrivacyKey
from fintech.privacy.retention import retention_class
from fintech.privacy.wrapping import KEY_BYTES, KeyContext

_cache: Final = KeyCache()

# A second transaction that seals for the same new person waits here for the first, and then finds its key.
_INSERT: Final = """
    INSERT INTO privacy_key (person_id, retention, wrapped) VALUES (%s, %s, %s)
    ON CONFLICT (person_id, retention) DO NOTHING
"""

# Without a row yet, one is written all the same: nothing will ever be sealed for this person and class again.
_DESTROY: Final = """
    INSERT INTO privacy_key AS kept (person_id, retention, wrapped, destroyed_at)
    VALUES (%s, %s, NULL, clock_timestamp())
    ON CONFLICT (person_id, retention) DO UPDATE SET wrapped = NULL, destroyed_at = excluded.destroyed_at
    WHERE kept.destroyed_at IS NULL
"""


def context_of(concern: str, person_id: UUID, retention: str) -> KeyContext:
    """Which key is meant, in the bound cell. ValueError for an unknown retention class."""
    return KeyContext(
        cell=current_cell().name,
        concern=concern,
        person_id=person_id,
        retention=retention_class(retention),
    )


def key_for_sealing(context: KeyContext) -> bytes:
    """The key, made if there is none yet. Raises Erased when it was destroyed.

    A person's first key is made in a decision of the concern only, so that its making has an actor.
    The row is looked at each time: a key that another transaction has rolled back or destroyed is
    never taken from memory for new data.
    """
    seen_at = now()
    rows = _wrapped_keys([context])
    if context not in rows:
        _insert(context)
        rows = _wrapped_keys([context])
    if context not in rows:
        # Another transaction's key, made after this one's snapshot: only above READ COMMITTED.
        raise RuntimeError("the key of this person was made at this moment by another: try again")
    key = _unwrapped(context, rows[context], seen_at)
    if key is None:
        raise Erased(f"the key of this person for {context.retention} was destroyed: nothing more is sealed")
    return key


def keys_for_opening(wanted: Iterable[KeyContext]) -> Mapping[KeyContext, bytes | None]:
    """The keys of one concern, all in one query; None for those destroyed.

    Raises Unreadable when a key was never in this database.
    """
    found: dict[KeyContext, bytes | None] = {}
    missing: list[KeyContext] = []
    for context in dict.fromkeys(wanted):
        cached = _cache.get(context)
        if cached is not None and cached.committed:
            found[context] = cached.key
        else:
            missing.append(context)
    seen_at = now()
    rows = _wrapped_keys(missing)
    for context in missing:
        if context not in rows:
            raise Unreadable(f"the {context.concern} database of this cell has no key for what is to be opened")
        found[context] = _unwrapped(context, rows[context], seen_at)
    return found


def destroy_key(concern: str, *, person_id: UUID, retention: str) -> bool:
    """Destroy the key of one person and retention class; True when there was one to destroy.

    Runs in a decision of the concern. Once it has committed, nothing sealed under the key opens any
    more: in this process at once, in others after at most `key_cache.KEPT_SECONDS`. Nothing can be
    sealed for this person and class afterwards. Copies of the wrapped key live on in dead rows until
    vacuum and in backups until they end: a restore must apply later erasures before it serves.
    """
    inside_decision(concern)
    context = context_of(concern, person_id, retention)
    alias = alias_for(concern)
    existed = _wrapped_keys([context]).get(context) is not None
    with connections[alias].cursor() as cursor:
        cursor.execute(_DESTROY, [person_id, str(context.retention)])
    _cache.forget(context)
    # Another thread may have read the row again before this transaction is through.
    transaction.on_commit(lambda: _cache.forget(context), using=alias)
    return existed


def forget_cached_keys() -> None:
    """Drop what this process keeps: for tests, and after a database was restored."""
    _cache.clear()


def _wrapped_keys(contexts: list[KeyContext]) -> dict[KeyContext, bytes | None]:
    """The rows of these keys, all of one concern: the wrapped key, None for a destroyed one."""
    if not contexts:
        return {}
    rows = (
        PrivacyKey.objects.using(alias_for(contexts[0].concern))
        .filter(person_id__in={context.person_id for context in contexts})
        .values_list("person_id", "retention", "wrapped")
    )
    wrapped = {(person_id, retention): None if kept is None else bytes(kept) for person_id, retention, kept in rows}
    return {
        context: wrapped[row] for context in contexts if (row := (context.person_id, str(context.retention))) in wrapped
    }


def _insert(context: KeyContext) -> None:
    inside_decision(context.concern)
    wrapped = key_wrapper().wrap(os.urandom(KEY_BYTES), context)
    with connections[alias_for(context.concern)].cursor() as cursor:
        cursor.execute(_INSERT, [context.person_id, str(context.retention), wrapped])


def _unwrapped(context: KeyContext, wrapped: bytes | None, seen_at: float) -> bytes | None:
    """The key of a row, None for a destroyed one; kept for a while, and not unwrapped twice in that time."""
    if wrapped is None:
        _cache.forget(context)
        return None
    cached = _cache.get(context)
    same = cached if cached is not None and cached.wrapped == wrapped else None
    key = same.key if same else key_wrapper().unwrap(wrapped, context)
    committed = not connections[alias_for(context.concern)].in_atomic_block
    _cache.put(context, CachedKey(wrapped=wrapped, key=key, read_at=seen_at, committed=committed))
    return key

"""Checkpoints: the log's head, signed and anchored, at least every minute while the log grows.

An idle log needs none: its last checkpoint covers it whole, and signing the same head again would give the
same bytes.

What is signed is never taken from the database's word. A checkpoint is computed from the one before, whose
note comes out of the anchors, and from the exact bytes of the entries since; so this key never signs a head
that isn't a continuation of what it signed before, whoever has rewritten the database in between.

The anchor is written before the database's row: what the database shows is anchored. A crash between the
two leaves an anchor without a row, which the next call checks like a checkpoint of its own and keeps.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connections, transaction

from audit.anchors import Anchor, AnchorConflict, AnchorStore, anchor_store
from audit.keys import origin, signing_key, verifier_key
from audit.rules.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from audit.rules.merkle import Frontier, GrowingTree, leaf_hash
from audit.selectors.heads import KeptCheckpoint, head, latest_checkpoint
from audit.selectors.raw_log import leaf_rows
from fintech.cells import alias_for, current_cell
from fintech.object_storage import NotLocked
from fintech.observability.metrics import counter

logger = logging.getLogger(__name__)

# Half of the promised minute, so that one that is late or has to be tried again still keeps it.
EVERY: Final = timedelta(seconds=30)
# A checkpoint covers at most so many new entries (read in about a tenth of a second); the next follows at
# once.
MOST_ENTRIES: Final = 10_000

_ONE_AT_A_TIME: Final = 0x63686B70  # "chkp": the advisory lock of whoever signs

taken = counter("fintech_audit_checkpoints_total", "Checkpoints signed, anchored and kept.", ("cell",))
refused = counter(
    "fintech_audit_checkpoints_refused_total",
    "Times a checkpoint wasn't signed, for what was found.",
    ("cell",),
)


class CheckpointRefused(RuntimeError):
    """The log isn't a continuation of what was signed before; it is alerted on, and nothing is signed."""


@dataclass(frozen=True)
class Uncovered:
    """What no checkpoint covers yet: for how long the oldest such entry has waited, and whether one is due."""

    seconds: float
    due: bool


def uncovered() -> Uncovered:
    """How the bound cell's log stands to its last checkpoint."""
    with connections[alias_for("audit")].cursor() as cursor:
        cursor.execute(_UNCOVERED, [MOST_ENTRIES, EVERY.total_seconds()])
        seconds, due = cursor.fetchone()
    return Uncovered(float(seconds), bool(due))


_UNCOVERED: Final = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - first.appended_at), 0),
           h.size > coalesce(c.size, 0) AND (c.size IS NULL OR h.size - c.size >= %s
                                             OR clock_timestamp() - c.signed_at >= make_interval(secs => %s))
      FROM audit_head h
      LEFT JOIN LATERAL (SELECT size, signed_at FROM audit_checkpoint ORDER BY size DESC LIMIT 1) c ON true
      LEFT JOIN audit_entry first ON first.number = coalesce(c.size, 0)
"""


def take_checkpoints() -> list[Checkpoint]:
    """Cover all that the bound cell's log holds now; gives the checkpoints taken, none when nothing is new.

    Raises CheckpointRefused (and counts it) when the log isn't what it was.
    """
    done: list[Checkpoint] = []
    try:
        # What is appended meanwhile is the next call's.
        enough = head().size
        while not done or done[-1].size < enough:
            checkpoint = _take_checkpoint()
            if checkpoint is None:
                break
            done.append(checkpoint)
            taken.labels(cell=current_cell().name).inc()
    except (CheckpointRefused, AnchorConflict, NotLocked, ValueError) as why:
        refused.labels(cell=current_cell().name).inc()
        logger.critical("no checkpoint was signed", extra={"why": str(why)})
        raise CheckpointRefused(str(why)) from why
    return done


def _take_checkpoint() -> Checkpoint | None:
    """Cover the next entries, at most MOST_ENTRIES; None when there are none.

    Raises CheckpointRefused, AnchorConflict, NotLocked, and ValueError for what is no note or no tree.
    """
    alias = alias_for("audit")
    with transaction.atomic(using=alias, durable=True):
        _wait_for_our_turn(alias)
        store = anchor_store()
        kept = latest_checkpoint()
        # Only a later one matters, and listing all of them would take longer with every year.
        anchored = store.latest(after=kept.size if kept else 0)
        start = _start(kept, store)
        if anchored is not None:
            return _keep_anchored(alias, start, anchored)
        now = head()
        if now.size <= start.size:
            return None
        tree = _tree(start, min(now.size, start.size + MOST_ENTRIES))
        if tree.size == now.size and tree != now:
            raise CheckpointRefused(f"the entries up to {now.size} don't give the tree that the log's head shows")
        checkpoint = Checkpoint(origin(), tree.size, tree.root())
        note = sign_checkpoint(checkpoint, signing_key())
        store.put(size=tree.size, note=note)
        _keep(alias, tree, note)
    return checkpoint


def _start(kept: KeptCheckpoint | None, store: AnchorStore) -> Frontier:
    """The tree under the last checkpoint, once its anchor has vouched for it."""
    if kept is None:
        return Frontier()
    anchor = store.get(kept.size)
    if anchor is None:
        raise CheckpointRefused(f"the checkpoint of {kept.size} isn't anchored in {store.describe()}")
    if anchor.note != kept.note:
        raise CheckpointRefused(f"the checkpoint of {kept.size} isn't the one that is anchored")
    signed = open_checkpoint(anchor.note, verifier_key(), origin=origin())
    tree = Frontier(kept.size, kept.frontier)
    if signed.size != kept.size or signed.root != tree.root():
        raise CheckpointRefused(f"the tree kept for the checkpoint of {kept.size} isn't the one that was signed")
    return tree


def _keep_anchored(alias: str, start: Frontier, anchored: Anchor) -> Checkpoint:
    """Keep a checkpoint that was anchored when its row was lost, if the entries still give it."""
    signed = open_checkpoint(anchored.note, verifier_key(), origin=origin())
    now = head()
    if signed.size != anchored.size or now.size < anchored.size:
        raise CheckpointRefused(f"a checkpoint of {anchored.size} is anchored, but the log ends at {now.size}")
    tree = _tree(start, anchored.size)
    if tree.root() != signed.root:
        raise CheckpointRefused(f"the entries up to {anchored.size} aren't those of the anchored checkpoint")
    _keep(alias, tree, anchored.note)
    return signed


def _tree(start: Frontier, end: int) -> Frontier:
    """The tree of `end` entries, from the entries' own bytes."""
    tree = GrowingTree(start)
    for number, leaf, stored_hash in leaf_rows(start.size, end):
        if number != tree.size:
            raise CheckpointRefused(f"entry {tree.size} is missing")
        computed = leaf_hash(leaf)
        if computed != stored_hash:
            raise CheckpointRefused(f"the bytes of entry {number} don't have the hash beside them")
        tree.append(computed)
    if tree.size != end:
        raise CheckpointRefused(f"entry {tree.size} is missing")
    return tree.frontier()


def _keep(alias: str, tree: Frontier, note: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT audit_checkpoint_v1(%s, %s, %s, %s)", [tree.size, tree.root(), list(tree.hashes), note])


def _wait_for_our_turn(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])

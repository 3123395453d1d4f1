"""Verification: the whole log recomputed from its bytes, and compared with everything that was ever signed.

What the database says about itself proves nothing: whoever rules it can rewrite entries, hashes, head and
checkpoints so that they agree. So what counts is the anchors: each checkpoint is read from there, its
signature checked, and its root compared with the one that the entries give.

The order of reading makes it right beside a running log: first the last checkpoint kept, then the last one
anchored, then the head. A checkpoint is anchored after its entries were appended, and kept after it was
anchored; so what was read first must be covered by what was read later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from audit.anchors import Anchor, AnchorStore, anchor_store
from audit.keys import origin
from audit.rules.checkpoint import Checkpoint, NoteRejected, VerifierKey, open_checkpoint
from audit.rules.findings import Code, Disagreement
from audit.rules.merkle import Frontier
from audit.rules.walk import TIME_TOLERANCE, EntryRow, Walk
from audit.selectors.heads import KeptCheckpoint, checkpoint_of, checkpoints, latest_checkpoint
from audit.selectors.raw_log import LogState, entry_rows, log_state
from fintech.cells import current_cell

Progress = Callable[[int, int], None]
Reaches = Mapping[tuple[str, str], tuple[int, int]]

_ENTRIES_PER_REPORT: Final = 10_000
# Between anchoring a checkpoint and keeping its row lies a moment; longer than this it isn't one.
_KEPT_WITHIN_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Verified:
    """What was found right: `entries` of the log's `size` recomputed, all checkpoints compared."""

    origin: str
    size: int
    first: int
    entries: int
    checkpoints: int
    # entries since the last checkpoint: nothing outside the database vouches for them yet
    uncovered: int
    root: str
    seconds: float


@dataclass(frozen=True)
class _Head:
    """What is said to be the head at one size: by the anchors and by the database."""

    size: int
    anchor: Anchor | None
    kept: KeptCheckpoint | None


def verify_log(
    *, keys: Sequence[VerifierKey], from_anchor: int | None = None, progress: Progress | None = None
) -> Verified:
    """Verify the bound cell's log; `from_anchor` takes the entries before that checkpoint on its word.

    Raises Disagreement at the first thing that isn't so. `progress` is told the entries done and to do.
    """
    began = time.monotonic()
    store = anchor_store()
    last_kept = kept.size if (kept := latest_checkpoint()) else 0
    last_anchored = anchor.size if (anchor := store.latest()) else 0
    state = log_state()
    _long_enough(state, last_anchored, last_kept)
    start = _start(store, from_anchor, keys)
    walk = Walk(cell=current_cell().name, start=start)
    rows = entry_rows(start.size, state.size)
    report = _reporter(progress, start.size, state.size)
    compared, pending = 0, []
    before = start.size
    for head in _heads(store, after=start.size, last_anchored=last_anchored, last_kept=last_kept):
        signed = _signed(head, keys, store)
        if head.kept is None:
            pending.append(head.size)
        _walk_to(walk, rows, head.size, report)
        _same_root(walk, signed, before)
        _not_after_its_anchor(walk, head)
        compared, before = compared + 1, head.size
    _walk_to(walk, rows, state.size, report)
    _same_head(walk, state, whole=start.size == 0)
    _all_kept(pending, last_kept)
    return Verified(
        origin=origin(),
        size=state.size,
        first=start.size,
        entries=walk.walked,
        checkpoints=compared,
        uncovered=state.size - max(last_anchored, start.size),
        root=walk.tree.root().hex(),
        seconds=time.monotonic() - began,
    )


def _long_enough(state: LogState, last_anchored: int, last_kept: int) -> None:
    for size, how in ((last_anchored, "anchored"), (last_kept, "kept")):
        if size > state.size:
            raise Disagreement(
                Code.LOG_TOO_SHORT,
                f"a checkpoint of {size} entries is {how}, but the log has {state.size}: entries were "
                f"cut off, or the database was restored from an older copy",
                checkpoint=size,
            )


def _start(store: AnchorStore, size: int | None, keys: Sequence[VerifierKey]) -> Frontier:
    """The tree to go on from: empty, or that of an anchored checkpoint."""
    if size is None:
        return Frontier()
    head = _Head(size, store.get(size), checkpoint_of(size))
    if head.anchor is None or head.kept is None:
        where = "anchored" if head.anchor is None else "kept"
        code = Code.ANCHOR_MISSING if head.anchor is None else Code.CHECKPOINT_MISSING
        raise Disagreement(code, f"no checkpoint of {size} is {where}", checkpoint=size)
    signed = _signed(head, keys, store)
    try:
        tree = Frontier(size, head.kept.frontier)
    except ValueError as error:
        raise Disagreement(Code.CHECKPOINT_DIFFERS, str(error), checkpoint=size) from error
    if tree.root() != signed.root:
        raise Disagreement(
            Code.CHECKPOINT_DIFFERS,
            f"the tree kept for the checkpoint of {size} isn't the one that was signed",
            checkpoint=size,
        )
    return tree


def _heads(store: AnchorStore, *, after: int, last_anchored: int, last_kept: int) -> Iterator[_Head]:
    """All sizes at which a checkpoint is anchored or kept, in order."""
    anchors = store.all(after=after, up_to=last_anchored)
    rows = checkpoints(after=after, up_to=max(last_kept, last_anchored))
    anchor, row = next(anchors, None), next(rows, None)
    while anchor is not None or row is not None:
        size = min(item.size for item in (anchor, row) if item is not None)
        head = _Head(
            size,
            anchor if anchor is not None and anchor.size == size else None,
            row if row is not None and row.size == size else None,
        )
        if head.anchor is not None:
            anchor = next(anchors, None)
        if head.kept is not None:
            row = next(rows, None)
        yield head


def _signed(head: _Head, keys: Sequence[VerifierKey], store: AnchorStore) -> Checkpoint:
    """What was signed for this size: the anchor's note, with which the database's row agrees."""
    size, anchor, kept = head.size, head.anchor, head.kept
    if anchor is None:
        raise Disagreement(
            Code.ANCHOR_MISSING,
            f"the database keeps a checkpoint of {size} that isn't anchored in {store.describe()}",
            checkpoint=size,
        )
    try:
        signed = open_checkpoint(anchor.note, *keys, origin=origin())
    except NoteRejected as why:
        raise Disagreement(Code.NOTE_REJECTED, f"the anchor of {size}: {why}", checkpoint=size) from why
    if signed.size != size:
        raise Disagreement(
            Code.NOTE_REJECTED, f"the anchor of {size} is a checkpoint of {signed.size}", checkpoint=size
        )
    if kept is not None and (kept.note != anchor.note or kept.root != signed.root):
        raise Disagreement(
            Code.CHECKPOINT_DIFFERS,
            f"the checkpoint of {size} isn't the one that is anchored",
            checkpoint=size,
        )
    return signed


def _walk_to(walk: Walk, rows: Iterator[EntryRow], size: int, report: Callable[[int], None]) -> None:
    take, tree = walk.take, walk.tree
    while tree.size < size:
        before = tree.size
        for row in islice(rows, min(size - before, _ENTRIES_PER_REPORT)):
            take(row)
        if tree.size == before:
            raise walk.missing()
        report(tree.size)


def _same_root(walk: Walk, signed: Checkpoint, before: int) -> None:
    if walk.tree.root() != signed.root:
        raise Disagreement(
            Code.ROOT_DIFFERS,
            f"the entries {before} to {signed.size - 1} aren't those that were signed and anchored in the "
            f"checkpoint of {signed.size}",
            checkpoint=signed.size,
        )


def _not_after_its_anchor(walk: Walk, head: _Head) -> None:
    if head.anchor is not None and walk.latest_recorded > head.anchor.anchored_at + TIME_TOLERANCE:
        raise Disagreement(
            Code.TIME,
            f"the checkpoint of {head.size} was anchored at {head.anchor.anchored_at.isoformat()}, but "
            f"covers an entry that says it was recorded at {walk.latest_recorded.isoformat()}",
            checkpoint=head.size,
        )


def _same_head(walk: Walk, state: LogState, *, whole: bool) -> None:
    if walk.tree.frontier().hashes != state.frontier:
        raise Disagreement(
            Code.HEAD_DIFFERS, f"the log's head doesn't show the tree that its {state.size} entries give"
        )
    if whole and walk.reaches() != state.reaches:
        raise _other_reach(walk.reaches(), state.reaches)


def _other_reach(walked: Reaches, said: Reaches) -> Disagreement:
    source = next(key for key in sorted({*walked, *said}) if walked.get(key) != said.get(key))
    (last, entries), (last_said, entries_said) = walked.get(source, (0, 0)), said.get(source, (0, 0))
    return Disagreement(
        Code.HEAD_DIFFERS,
        f"the log has {entries} entries of {source[0]}, up to {last}; it is said to have {entries_said}, "
        f"up to {last_said}",
    )


def _all_kept(pending: Sequence[int], last_kept: int) -> None:
    """Every anchored checkpoint has its row; one that was anchored a moment ago gets it in a moment."""
    deadline = time.monotonic() + _KEPT_WITHIN_SECONDS
    for size in pending:
        while checkpoint_of(size) is None:
            if size < last_kept or time.monotonic() > deadline:
                raise Disagreement(
                    Code.CHECKPOINT_MISSING,
                    f"a checkpoint of {size} is anchored, but the database keeps none",
                    checkpoint=size,
                )
            time.sleep(0.05)


def _reporter(progress: Progress | None, start: int, end: int) -> Callable[[int], None]:
    if progress is None:
        return lambda done: None
    return lambda done: progress(done - start, end - start)

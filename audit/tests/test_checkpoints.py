"""Checkpoints: in time, anchored first, and never of a log that isn't what it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import DatabaseError, connections

from audit import bells
from audit.anchors import anchor_store
from audit.keys import origin, signing_key, verifier_key
from audit.rules.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from audit.selectors.heads import head, latest_checkpoint
from audit.services import checkpoints
from audit.services.checkpoints import CheckpointRefused, take_checkpoints, uncovered
from audit.tasks import take_due_checkpoint
from audit.tests.logs import Log, Superuser
from fintech.cells import Actor, alias_for, cell


def test_a_checkpoint_is_signed_anchored_and_kept(log: Log) -> None:
    log.grow(5)
    (taken,) = take_checkpoints()
    assert taken == Checkpoint("audit.localhost/eu", 5, head().root())
    kept, anchor = latest_checkpoint(), anchor_store().latest()
    assert kept is not None
    assert anchor is not None
    assert kept.note == anchor.note
    assert open_checkpoint(anchor.note, verifier_key(), origin=origin()) == taken


def test_a_growing_log_is_due_within_half_a_minute_and_an_idle_one_never(log: Log, superuser: Superuser) -> None:
    assert not uncovered().due
    log.grow(1)
    assert uncovered().due
    take_checkpoints()
    assert not uncovered().due
    superuser.execute("UPDATE audit_checkpoint SET signed_at = signed_at - interval '1 day'")
    assert not uncovered().due
    assert take_checkpoints() == []
    log.grow(1)
    assert uncovered().due
    superuser.execute("UPDATE audit_checkpoint SET signed_at = clock_timestamp() - interval '29 seconds'")
    assert not uncovered().due


def test_many_new_entries_are_due_at_once_and_covered_in_parts(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MOST_ENTRIES", 10)
    log.grow(1)
    take_checkpoints()
    log.grow(25)
    assert uncovered().due
    assert [taken.size for taken in take_checkpoints()] == [11, 21, 26]
    assert log.verify().checkpoints == 4


def test_how_long_an_entry_has_waited_for_a_checkpoint_is_known(log: Log, superuser: Superuser) -> None:
    assert uncovered().seconds == 0
    log.grow(2)
    superuser.execute("UPDATE audit_entry SET appended_at = appended_at - interval '90 seconds' WHERE number = 0")
    assert 90 < uncovered().seconds < 150
    take_checkpoints()
    assert uncovered().seconds == 0


def test_the_relay_rings_for_a_checkpoint_and_a_worker_takes_it(log: Log) -> None:
    assert bells.ring() == 0
    log.grow(2)
    assert bells.ring() == 1
    # The message itself goes through a broker; what a worker does with it is this.
    take_due_checkpoint.run()
    assert latest_checkpoint() is not None
    assert bells.ring() == 0


def test_two_signers_at_once_make_one_line_of_checkpoints(log: Log) -> None:
    def sign() -> None:
        with cell("eu", actor=Actor.system("test")):
            try:
                take_checkpoints()
            finally:
                connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            signers = [pool.submit(sign) for _ in range(3)]
            log.grow(3)
            for signer in signers:
                signer.result()
    take_checkpoints()
    log.verify()


def test_an_anchor_whose_row_was_lost_in_a_crash_gets_it_back(log: Log) -> None:
    log.grow(3)
    lost = sign_checkpoint(Checkpoint(origin(), 3, head().root()), signing_key())
    anchor_store().put(size=3, note=lost)
    log.grow(2)
    assert [taken.size for taken in take_checkpoints()] == [3, 5]
    assert log.verify().checkpoints == 2


def test_no_checkpoint_follows_an_anchor_of_another_log(log: Log) -> None:
    log.grow(3)
    anchor_store().put(size=2, note=sign_checkpoint(Checkpoint(origin(), 2, b"\x01" * 32), signing_key()))
    with pytest.raises(CheckpointRefused, match="aren't those of the anchored checkpoint"):
        take_checkpoints()


@pytest.fixture
def unsigned_end(ruler: Superuser, anchors: Path) -> Superuser:
    """The log's last ten entries wait for a checkpoint."""
    ruler.execute("DELETE FROM audit_checkpoint WHERE size = 30")
    anchor_of(30, anchors).unlink()
    return ruler


def anchor_of(size: int, anchors: Path) -> Path:
    return anchors / "0000000000000" / f"{size:06}.checkpoint"


def test_no_checkpoint_follows_a_foreign_signature(unsigned_end: Superuser, anchors: Path) -> None:
    anchor = anchor_of(20, anchors)
    forged = anchor.read_text().replace("\n20\n", "\n21\n")
    anchor.unlink()
    anchor.write_text(forged)
    unsigned_end.execute("UPDATE audit_checkpoint SET note = %s WHERE size = 20", forged)
    with pytest.raises(CheckpointRefused, match="signature"):
        take_checkpoints()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE audit_checkpoint SET frontier[1] = sha256('')", "isn't the one that was signed"),
        ("UPDATE audit_checkpoint SET note = note || note", "isn't the one that is anchored"),
        ("UPDATE audit_head SET frontier[1] = sha256('')", "don't give the tree"),
        ("DELETE FROM audit_entry WHERE number = 22", "entry 22 is missing"),
        ("DELETE FROM audit_entry WHERE number = 29", "entry 29 is missing"),
        ("UPDATE audit_entry SET leaf = leaf || ' ' WHERE number = 24", "don't have the hash"),
    ],
)
def test_a_log_that_was_rewritten_gets_no_signature(
    unsigned_end: Superuser, anchors: Path, change: str, why: str
) -> None:
    unsigned_end.execute(change)
    with pytest.raises(CheckpointRefused, match=why):
        take_checkpoints()
    assert not anchor_of(30, anchors).exists()


def test_a_checkpoint_that_lost_its_anchor_is_followed_by_none(unsigned_end: Superuser, anchors: Path) -> None:
    anchor_of(20, anchors).unlink()
    with pytest.raises(CheckpointRefused, match="isn't anchored"):
        take_checkpoints()


@pytest.mark.parametrize(
    ("size", "why"), [(31, "doesn't fit a log of 30"), (29, "is kept already"), (30, "is kept already")]
)
def test_the_database_keeps_no_checkpoint_beside_the_log(signed_log: Log, size: int, why: str) -> None:
    hashes = [b"\x00" * 32] * size.bit_count()
    with connections[alias_for("audit")].cursor() as cursor, pytest.raises(DatabaseError, match=why):
        cursor.execute("SELECT audit_checkpoint_v1(%s, %s, %s, 'note')", [size, b"\x00" * 32, hashes])

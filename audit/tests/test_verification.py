"""Verification finds what a ruler of the database can do to the log, and says precisely where."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.anchors import anchor_store
from audit.keys import signing_key
from audit.rules.checkpoint import SigningKey
from audit.rules.findings import Code
from audit.rules.merkle import root_of
from audit.services.checkpoints import CheckpointRefused, take_checkpoints
from audit.tests.logs import Log, Superuser

FORGER = base64.b64encode(b"\x05" * 32).decode()

Rewrite = Callable[[Superuser], None]


def test_a_log_as_it_was_written_verifies(log: Log) -> None:
    log.with_checkpoints().grow(4)
    verified = log.verify()
    assert (verified.size, verified.entries, verified.checkpoints, verified.uncovered) == (34, 34, 3, 4)
    assert verified.root == root_of([bytes(row["leaf_hash"]) for row in log.rows()]).hex()


def test_an_empty_log_verifies(log: Log) -> None:
    assert log.verify().size == 0


def test_progress_is_told_up_to_the_end(signed_log: Log) -> None:
    told: list[tuple[int, int]] = []
    signed_log.verify(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (30, 30)


def bytes_alone(ruler: Superuser) -> None:
    ruler.rewrite_bytes(13, hashes=False)


def a_column_alone(ruler: Superuser) -> None:
    ruler.execute("UPDATE audit_entry SET subject = 'thing/777' WHERE number = 13")


def a_client_alone(ruler: Superuser) -> None:
    ruler.execute("UPDATE audit_entry SET client_id = NULL WHERE number = 13")


def bytes_and_hash(ruler: Superuser) -> None:
    ruler.rewrite_bytes(13, hashes=True)


def bytes_hash_and_head(ruler: Superuser) -> None:
    bytes_and_hash(ruler)
    ruler.recompute_head()


def everything_but_the_signatures(ruler: Superuser) -> None:
    bytes_hash_and_head(ruler)
    ruler.recompute_checkpoints()


def everything_signed_by_a_forger(ruler: Superuser) -> None:
    bytes_hash_and_head(ruler)
    ruler.recompute_checkpoints(SigningKey.from_seed(name=signing_key().name, seed=FORGER))


def everything_signed_with_the_stolen_key(ruler: Superuser) -> None:
    bytes_hash_and_head(ruler)
    ruler.recompute_checkpoints(signing_key())


def everything_with_the_checkpoints_deleted(ruler: Superuser) -> None:
    bytes_hash_and_head(ruler)
    ruler.execute("DELETE FROM audit_checkpoint")


def an_entry_deleted(ruler: Superuser) -> None:
    ruler.execute("DELETE FROM audit_entry WHERE number = 13")


def an_entry_taken_out_without_a_gap(ruler: Superuser) -> None:
    ruler.remove(13)
    ruler.recompute_head()
    ruler.recompute_checkpoints(signing_key())
    ruler.execute("UPDATE audit_checkpoint SET size = 29 WHERE size = 30")


def the_last_entries_cut_off(ruler: Superuser) -> None:
    ruler.execute("DELETE FROM audit_entry WHERE number >= 25")
    ruler.execute("DELETE FROM audit_checkpoint WHERE size > 25")
    ruler.recompute_head()


def two_entries_exchanged(ruler: Superuser) -> None:
    for old, new in ((13, 1000), (14, 13), (1000, 14)):
        ruler.execute("UPDATE audit_entry SET number = %s WHERE number = %s", new, old)
    ruler.recompute_head()


def the_last_entry_missing_under_an_old_head(ruler: Superuser) -> None:
    ruler.execute("DELETE FROM audit_entry WHERE number = 29")


def a_head_of_another_tree(ruler: Superuser) -> None:
    ruler.execute("UPDATE audit_head SET frontier[1] = sha256('')")


def a_reach_beyond_the_entries(ruler: Superuser) -> None:
    ruler.execute("UPDATE audit_source SET last_source_id = 99")


def a_checkpoint_deleted(ruler: Superuser) -> None:
    ruler.execute("DELETE FROM audit_checkpoint WHERE size = 20")


def the_last_checkpoint_deleted(ruler: Superuser) -> None:
    ruler.execute("DELETE FROM audit_checkpoint WHERE size = 30")


def a_checkpoint_never_anchored(ruler: Superuser) -> None:
    ruler.execute("UPDATE audit_checkpoint SET size = 19, frontier = frontier || frontier[1] WHERE size = 20")


@pytest.mark.parametrize(
    ("rewrite", "code", "entry", "checkpoint"),
    [
        (bytes_alone, Code.BYTES_DIFFER, 13, None),
        (a_column_alone, Code.COLUMNS_DIFFER, 13, None),
        (a_client_alone, Code.COLUMNS_DIFFER, 13, None),
        (bytes_and_hash, Code.ROOT_DIFFERS, None, 20),
        (bytes_hash_and_head, Code.ROOT_DIFFERS, None, 20),
        (everything_but_the_signatures, Code.CHECKPOINT_DIFFERS, None, 20),
        (everything_signed_by_a_forger, Code.CHECKPOINT_DIFFERS, None, 10),
        (everything_signed_with_the_stolen_key, Code.CHECKPOINT_DIFFERS, None, 20),
        (everything_with_the_checkpoints_deleted, Code.ROOT_DIFFERS, None, 20),
        (an_entry_deleted, Code.ENTRY_MISSING, 13, None),
        (an_entry_taken_out_without_a_gap, Code.LOG_TOO_SHORT, None, 30),
        (the_last_entries_cut_off, Code.LOG_TOO_SHORT, None, 30),
        (two_entries_exchanged, Code.SOURCE_ORDER, 14, None),
        (the_last_entry_missing_under_an_old_head, Code.ENTRY_MISSING, 29, None),
        (a_head_of_another_tree, Code.HEAD_DIFFERS, None, None),
        (a_reach_beyond_the_entries, Code.HEAD_DIFFERS, None, None),
        (a_checkpoint_deleted, Code.CHECKPOINT_MISSING, None, 20),
        (the_last_checkpoint_deleted, Code.CHECKPOINT_MISSING, None, 30),
        (a_checkpoint_never_anchored, Code.ANCHOR_MISSING, None, 19),
    ],
)
def test_a_rewrite_by_a_superuser_is_found(
    signed_log: Log,
    ruler: Superuser,
    monkeypatch: pytest.MonkeyPatch,
    rewrite: Rewrite,
    code: Code,
    entry: int | None,
    checkpoint: int | None,
) -> None:
    monkeypatch.setattr("audit.selectors.verification._KEPT_WITHIN_SECONDS", 0.1)
    rewrite(ruler)
    finding = signed_log.finding()
    assert (finding.code, finding.entry, finding.checkpoint) == (code, entry, checkpoint), finding.detail


def test_a_rewrite_says_between_which_checkpoints_it_was(signed_log: Log, ruler: Superuser) -> None:
    bytes_hash_and_head(ruler)
    assert "the entries 10 to 19 aren't those that were signed" in signed_log.finding().detail


def test_a_log_restored_from_an_older_copy_is_noticed_and_not_signed(signed_log: Log, ruler: Superuser) -> None:
    the_last_entries_cut_off(ruler)
    assert "restored from an older copy" in signed_log.finding().detail
    with pytest.raises(CheckpointRefused, match="anchored, but the log ends at 25"):
        take_checkpoints()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, Code.ANCHOR_MISSING),
        (b"audit.localhost/eu\n20\n", Code.NOTE_REJECTED),
        (b"\xff\xfe", Code.NOTE_REJECTED),
    ],
)
def test_an_anchor_that_was_removed_or_damaged_is_found(
    signed_log: Log, anchors: Path, content: bytes | None, code: Code
) -> None:
    anchor = anchors / "0000000000000" / "000020.checkpoint"
    anchor.unlink()
    if content is not None:
        anchor.write_bytes(content)
    finding = signed_log.finding()
    assert (finding.code, finding.checkpoint) == (code, 20)


def test_an_anchor_of_another_size_under_this_name_is_found(signed_log: Log, anchors: Path) -> None:
    folder = anchors / "0000000000000"
    (folder / "000020.checkpoint").unlink()
    (folder / "000020.checkpoint").write_bytes((folder / "000010.checkpoint").read_bytes())
    assert signed_log.finding().code == Code.NOTE_REJECTED


def test_a_verification_can_go_on_from_an_anchor(signed_log: Log, ruler: Superuser) -> None:
    verified = signed_log.verify(from_anchor=20)
    assert (verified.first, verified.entries, verified.checkpoints) == (20, 10, 1)
    ruler.rewrite_bytes(5, hashes=True)
    assert signed_log.verify(from_anchor=20).entries == 10
    ruler.rewrite_bytes(25, hashes=True)
    finding = signed_log.finding(from_anchor=20)
    assert (finding.code, finding.checkpoint) == (Code.ROOT_DIFFERS, 30)


def test_it_goes_on_only_from_what_the_anchor_vouches_for(signed_log: Log, ruler: Superuser) -> None:
    assert signed_log.finding(from_anchor=15).code == Code.ANCHOR_MISSING
    ruler.execute("UPDATE audit_checkpoint SET frontier[1] = sha256('') WHERE size = 20")
    assert signed_log.finding(from_anchor=20).code == Code.CHECKPOINT_DIFFERS


def test_entries_without_a_checkpoint_are_told_and_only_their_source_vouches_for_them(
    log: Log, superuser: Superuser
) -> None:
    log.with_checkpoints().grow(3)
    superuser.rewrite_bytes(32, hashes=True)
    superuser.recompute_head()
    assert log.verify().uncovered == 3
    finding = log.source_finding()
    assert (finding.code, finding.entry) == (Code.SOURCE_ROW_DIFFERS, 32)
    assert "crm.fact 33, which has another data" in finding.detail


def test_the_anchors_of_one_cell_arent_those_of_another(signed_log: Log) -> None:
    assert anchor_store().describe().endswith("/eu")
    assert all(anchor.note.startswith("audit.localhost/eu\n") for anchor in anchor_store().all())

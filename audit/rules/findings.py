"""What a verification can find: each disagreement has a code of its own and says precisely where it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """The kinds of disagreement; the words are stable."""

    # inside the log
    ENTRY_MISSING = "entry-missing"
    BYTES_DIFFER = "bytes-differ"
    COLUMNS_DIFFER = "columns-differ"
    SOURCE_ORDER = "source-order"
    TIME = "time"
    HEAD_DIFFERS = "head-differs"
    # between the log and what was signed
    NOTE_REJECTED = "note-rejected"
    ROOT_DIFFERS = "root-differs"
    ANCHOR_MISSING = "anchor-missing"
    CHECKPOINT_MISSING = "checkpoint-missing"
    CHECKPOINT_DIFFERS = "checkpoint-differs"
    LOG_TOO_SHORT = "log-too-short"
    # between the log and the databases that it follows
    SOURCE_UNKNOWN = "source-unknown"
    SOURCE_ROW_GONE = "source-row-gone"
    SOURCE_ROW_NOT_LOGGED = "source-row-not-logged"
    SOURCE_ROW_DIFFERS = "source-row-differs"


@dataclass(frozen=True)
class Finding:
    """One disagreement; with an entry's number or a checkpoint's size, where it is about one."""

    code: Code
    detail: str
    entry: int | None = None
    checkpoint: int | None = None


class Disagreement(Exception):
    """The verification ended at a finding."""

    def __init__(self, code: Code, detail: str, *, entry: int | None = None, checkpoint: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.finding = Finding(code, detail, entry, checkpoint)

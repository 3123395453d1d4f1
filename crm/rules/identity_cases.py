"""The life of an identity case, and which documents prove what."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

State = Literal["draft", "submitted", "approved", "rejected"]
DocumentKind = Literal["passport", "identity_card", "driving_licence", "proof_of_address"]

TRANSITIONS: Final = frozenset({("draft", "submitted"), ("submitted", "approved"), ("submitted", "rejected")})
"""The only ways on; the database refuses every other one too (`sql/identity_cases_v1.sql`)."""

OPEN: Final = frozenset({"draft", "submitted"})

DOCUMENT_KINDS: Final[tuple[DocumentKind, ...]] = ("passport", "identity_card", "driving_licence", "proof_of_address")

PROOFS_OF_IDENTITY: Final = frozenset({"passport", "identity_card", "driving_licence"})

MOST_DOCUMENTS: Final = 10
"""Documents that one case takes: a client needs no more, and a machine would send thousands."""


def may_become(now: State, then: State) -> bool:
    """Whether a case may go from one state to another."""
    return (now, then) in TRANSITIONS


def is_complete(kinds: Collection[str]) -> bool:
    """Whether documents of these kinds are enough to hand a case in: one of them says who the person is."""
    return bool(PROOFS_OF_IDENTITY & set(kinds))

"""Cursors: where the next page begins, signed, so that nobody builds or carries one elsewhere."""

from __future__ import annotations

from typing import Final

from django.core import signing

from fintech.cells.context import bound_cell
from fintech.http.problems import InvalidParameter

LONGEST: Final = 512


def encode_cursor(last: str, *, scope: str) -> str:
    """A cursor that means "after `last`" in the listing `scope` (its path and order) of the bound cell."""
    return _signer(scope).sign_object(last)


def decode_cursor(cursor: str, *, scope: str) -> str:
    """What the cursor stands after; InvalidParameter when it isn't one of this listing in this cell."""
    if len(cursor) <= LONGEST:
        try:
            last = _signer(scope).unsign_object(cursor)
        except (signing.BadSignature, ValueError, TypeError):
            last = None
        if isinstance(last, str):
            return last
    raise InvalidParameter(
        "cursor",
        rule="unknown-cursor",
        detail="This cursor isn't one of this listing. Begin at its first page.",
    )


def _signer(scope: str) -> signing.Signer:
    bound = bound_cell()
    return signing.Signer(salt=f"fintech.http.cursor:{bound.name if bound else ''}:{scope}")

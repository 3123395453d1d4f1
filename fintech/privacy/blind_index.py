"""Finding a sealed text again without opening any: an index that says nothing without the cell's key."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from fintech.privacy.master_key import key_wrapper


def blind_index(concern: str, text: str, *, column: str = "") -> bytes:
    """HMAC-SHA-256 of the text under a key of this cell, concern and column: 32 bytes, for equality only.

    The text is first brought to one form (Unicode NFKC, case folded, outer white space gone, inner
    white space single), so that "Maria@Example.com " finds "maria@example.com". Equal texts give equal
    indexes, so it's still personal data: its column is declared `never`, and erasure clears it.
    """
    canonical = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    key = key_wrapper().mac_key(f"blind-index/{concern}/{column}")
    return hmac.digest(key, canonical.encode(), hashlib.sha256)

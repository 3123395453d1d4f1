"""Public identifiers: UUID version 7 (RFC 9562), which sort by the time of their making."""

from __future__ import annotations

import uuid

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> uuid.UUID:
    """A new UUIDv7; two made by one process sort in the order of their making."""
    return _uuid7()

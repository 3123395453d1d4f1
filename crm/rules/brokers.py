"""Introducing brokers: their codes, and the chain from a client upward."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

DEEPEST: Final = 32
"""Levels of a hierarchy. No real one comes near; a chain that is longer is a fault and is refused."""

_CODE: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{1,18}[A-Z0-9])")


def canonical_code(code: str) -> str:
    """A code as it is kept: capitals, no outer white space. Clients type it by hand."""
    return code.strip().upper()


def is_code(code: str) -> bool:
    """Whether this is a broker's code in its canonical form: 3 to 20 letters, digits and hyphens."""
    return _CODE.fullmatch(code) is not None


def chain_upward(ib_id: UUID, parents: Mapping[UUID, UUID | None]) -> tuple[UUID, ...]:
    """The broker and everyone above it, nearest first.

    Raises ValueError for a cycle or more than DEEPEST levels: neither may stand in the database.
    """
    chain = [ib_id]
    while (parent := parents.get(chain[-1])) is not None:
        if parent in chain or len(chain) == DEEPEST:
            raise ValueError(f"the hierarchy above {ib_id} has a cycle or more than {DEEPEST} levels")
        chain.append(parent)
    return tuple(chain)

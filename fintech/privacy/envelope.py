"""The form of sealed bytes: what stands in front of every ciphertext. Pure.

    offset  length  what
    0       1       version of this form (1)
    1       1       number of the retention class
    2       16      the person's id
    18      12      nonce
    30      n + 16  ciphertext and GCM tag

Version, retention class and person are in clear: they name the key that opens it. They are
authenticated with the content, together with the cell and the concern (`sealing.py`).
"""

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from fintech.privacy.retention import RETENTION_NUMBERS, RetentionClass, retention_class_by_number

VERSION: Final = 1
HEADER_BYTES: Final = 18
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SHORTEST: Final = HEADER_BYTES + NONCE_BYTES + TAG_BYTES


class NotSealed(ValueError):
    """These bytes are not the output of `seal`: plain text, truncated, or of an unknown version."""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Sealed bytes taken apart; nothing is decrypted or verified yet but the form."""

    person_id: UUID
    retention: RetentionClass
    nonce: bytes
    ciphertext: bytes

    @property
    def header(self) -> bytes:
        """What stands in front of the nonce."""
        return bytes((VERSION, RETENTION_NUMBERS[self.retention])) + self.person_id.bytes

    def to_bytes(self) -> bytes:
        """The stored form."""
        return self.header + self.nonce + self.ciphertext

    @classmethod
    def parse(cls, sealed: bytes) -> Self:
        """Take sealed bytes apart; NotSealed when they don't have the form. Never echoes them."""
        if len(sealed) < SHORTEST:
            raise NotSealed(f"sealed bytes have at least {SHORTEST} bytes, these {len(sealed)}")
        if sealed[0] != VERSION:
            raise NotSealed("the first byte is no known version of sealed bytes")
        try:
            retention = retention_class_by_number(sealed[1])
        except ValueError as unknown:
            raise NotSealed(str(unknown)) from None
        body = HEADER_BYTES + NONCE_BYTES
        return cls(
            person_id=UUID(bytes=bytes(sealed[2:HEADER_BYTES])),
            retention=retention,
            nonce=bytes(sealed[HEADER_BYTES:body]),
            ciphertext=bytes(sealed[body:]),
        )

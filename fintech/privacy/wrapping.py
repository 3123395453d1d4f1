"""How keys of persons are kept: encrypted ("wrapped") by the cell's master key. Imports no Django.

A `KeyWrapper` is the only thing that touches the master key. Here it's a secret of the cell; a
key management service fits the same three methods, with the context as its encryption context.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fintech.privacy.errors import Unreadable
from fintech.privacy.retention import RetentionClass
from fintech.secrets import secret

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_WRAPPED_VERSION: Final = b"\x01"


@dataclass(frozen=True, kw_only=True)
class KeyContext:
    """What a person's key is for. A wrapped key moved to another row, database or cell won't unwrap."""

    cell: str
    concern: str
    person_id: UUID
    retention: RetentionClass

    def authenticated(self) -> bytes:
        """The context as bytes; different contexts never have equal bytes."""
        return bound_together("key", self.cell, self.concern, self.retention) + self.person_id.bytes


class KeyWrapper(Protocol):
    """The master key of one cell, by what may be done with it."""

    def wrap(self, key: bytes, context: KeyContext) -> bytes:
        """The key encrypted under the master key, bound to its context."""
        ...

    def unwrap(self, wrapped: bytes, context: KeyContext) -> bytes:
        """The key again; Unreadable when it was wrapped elsewhere or altered."""
        ...

    def mac_key(self, purpose: str) -> bytes:
        """A 32-byte key for message authentication, the same each time for this cell and purpose."""
        ...


class LocalKeyWrapper:
    """Wraps with AES-256-GCM under keys derived (HKDF, RFC 5869) from the secret `<cell>/kms/master-key`.

    The secret is 32 random bytes in base64. Wrapping and authentication use keys of their own, so
    neither use weakens the other.
    """

    def __init__(self, *, cell: str, secrets: str) -> None:
        """`secrets` is the prefix of the cell's secrets: `eu`, or `production/eu`."""
        self._cell = cell
        self._secret_name = f"{secrets}/kms/master-key"

    def wrap(self, key: bytes, context: KeyContext) -> bytes:
        """The key encrypted: version, nonce, ciphertext with tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return _WRAPPED_VERSION + nonce + self._cipher().encrypt(nonce, key, context.authenticated())

    def unwrap(self, wrapped: bytes, context: KeyContext) -> bytes:
        """The key again; Unreadable when it was wrapped elsewhere or altered."""
        version, nonce, ciphertext = wrapped[:1], wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        if version != _WRAPPED_VERSION:
            raise Unreadable("a person's key is wrapped in a form that isn't known here")
        try:
            return self._cipher().decrypt(nonce, ciphertext, context.authenticated())
        except (InvalidTag, ValueError):
            raise Unreadable("a person's key doesn't open with this cell's master key in this place") from None

    def mac_key(self, purpose: str) -> bytes:
        """A key for message authentication, derived from the master key for this purpose only."""
        return self._derived(bound_together("mac", self._cell, purpose))

    def _cipher(self) -> AESGCM:
        return AESGCM(self._derived(bound_together("wrapping", self._cell)))

    def _derived(self, info: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._master_key())

    def _master_key(self) -> bytes:
        try:
            key = base64.b64decode(secret(self._secret_name), validate=True)
        except binascii.Error:
            raise ValueError(f"the secret {self._secret_name!r} isn't base64") from None
        if len(key) != KEY_BYTES:
            raise ValueError(f"the secret {self._secret_name!r} has {len(key)} bytes, not {KEY_BYTES}")
        return key


def bound_together(*words: str) -> bytes:
    """Words as bytes with their lengths, so that no two different sequences give the same bytes."""
    parts = [b"fintech.privacy.v1"]
    for word in words:
        encoded = word.encode()
        parts.append(len(encoded).to_bytes(2, "big") + encoded)
    return b"".join(parts)

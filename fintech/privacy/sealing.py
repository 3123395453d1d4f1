"""Personal data for the stores that are never erased: encrypted under a key that can be destroyed.

    sealed = seal("crm", person_id=client_id, retention="identity", text="Maria Rossi")
    unseal("crm", sealed)                   # "Maria Rossi"
    destroy_key("crm", person_id=client_id, retention="identity")
    unseal("crm", sealed)                   # raises Erased, for each copy of `sealed` there is

AES-256-GCM with a random nonce (NIST SP 800-38D); the key is the person's own for this retention
class. Cell, concern and header are authenticated with the content, so ciphertext carried to another
cell, database or person doesn't open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fintech.privacy.blind_index import blind_index
from fintech.privacy.envelope import NONCE_BYTES, Envelope, NotSealed
from fintech.privacy.errors import Erased, Unreadable
from fintech.privacy.keys import context_of, destroy_key, key_for_sealing, keys_for_opening
from fintech.privacy.wrapping import KeyContext, bound_together

MAX_DOCUMENT_BYTES: Final = 20 * 1024 * 1024

_TEXT: Final = "text"
_DOCUMENT: Final = "document"


def seal(concern: str, *, person_id: UUID, retention: str, text: str) -> bytes:
    """The text sealed for storage in this concern's database, in the bound cell.

    Raises Erased when this person's data of this class has been forgotten: it takes no more.
    """
    return seal_all(concern, person_id=person_id, retention=retention, texts={"": text})[""]


def seal_all(concern: str, *, person_id: UUID, retention: str, texts: Mapping[str, str]) -> dict[str, bytes]:
    """Several texts of one person, by name, sealed with one look at the key."""
    context = context_of(concern, person_id, retention)
    key = key_for_sealing(context)
    return {name: _encrypted(context, _TEXT, key, text.encode()) for name, text in texts.items()}


def unseal(concern: str, sealed: bytes, *, person_id: UUID | None = None) -> str:
    """The text again. With `person_id`, only if it is this person's.

    Raises Erased when the key was destroyed, Unreadable when the bytes were altered or belong
    elsewhere, NotSealed when they never were sealed.
    """
    return _opened(concern, _TEXT, _expected(sealed, person_id)).decode()


def unseal_all(concern: str, sealed: Sequence[bytes]) -> list[str | None]:
    """Many texts with one look at all keys, for lists; None stands for what has been erased."""
    envelopes = [Envelope.parse(bytes(each)) for each in sealed]
    contexts = [context_of(concern, envelope.person_id, envelope.retention) for envelope in envelopes]
    keys = keys_for_opening(contexts)
    return [
        None if (key := keys[context]) is None else _decrypted(context, _TEXT, key, envelope).decode()
        for context, envelope in zip(contexts, envelopes, strict=True)
    ]


def seal_document(concern: str, *, person_id: UUID, retention: str, content: bytes) -> bytes:
    """A document sealed for storage outside the database; ValueError above MAX_DOCUMENT_BYTES."""
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a document has at most {MAX_DOCUMENT_BYTES} bytes, this one {len(content)}")
    context = context_of(concern, person_id, retention)
    return _encrypted(context, _DOCUMENT, key_for_sealing(context), content)


def unseal_document(concern: str, sealed: bytes, *, person_id: UUID) -> bytes:
    """A document again, only if it is this person's; raises as `unseal` does."""
    return _opened(concern, _DOCUMENT, _expected(sealed, person_id))


def _expected(sealed: bytes, person_id: UUID | None) -> Envelope:
    envelope = Envelope.parse(bytes(sealed))
    if person_id is not None and envelope.person_id != person_id:
        raise Unreadable("these sealed bytes belong to another person")
    return envelope


def _opened(concern: str, kind: str, envelope: Envelope) -> bytes:
    context = context_of(concern, envelope.person_id, envelope.retention)
    key = keys_for_opening([context])[context]
    if key is None:
        raise Erased(f"the key of this person for {envelope.retention} was destroyed")
    return _decrypted(context, kind, key, envelope)


def _encrypted(context: KeyContext, kind: str, key: bytes, content: bytes) -> bytes:
    empty = Envelope(
        person_id=context.person_id,
        retention=context.retention,
        nonce=os.urandom(NONCE_BYTES),
        ciphertext=b"",
    )
    return empty.to_bytes() + AESGCM(key).encrypt(empty.nonce, content, _bound(context, kind, empty))


def _decrypted(context: KeyContext, kind: str, key: bytes, envelope: Envelope) -> bytes:
    try:
        return AESGCM(key).decrypt(envelope.nonce, envelope.ciphertext, _bound(context, kind, envelope))
    except InvalidTag:
        raise Unreadable(f"this isn't a {kind} sealed for {context.concern} in this cell, or it was altered") from None


def _bound(context: KeyContext, kind: str, envelope: Envelope) -> bytes:
    """What is authenticated beside the content: where it belongs, what it is, whose it is."""
    return bound_together("sealed", kind, context.cell, context.concern) + envelope.header


__all__ = [
    "MAX_DOCUMENT_BYTES",
    "Erased",
    "NotSealed",
    "Unreadable",
    "blind_index",
    "destroy_key",
    "seal",
    "seal_all",
    "seal_document",
    "unseal",
    "unseal_all",
    "unseal_document",
]

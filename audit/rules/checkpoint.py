"""Checkpoints: the head of the log as a small signed text that anyone can keep and check.

The text is a C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint): origin, size and root on a line each. The
envelope is a C2SP signed note (c2sp.org/signed-note) with Ed25519 signatures:

    fintech.example/eu
    1234
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — fintech.example/eu Az3grlgtzPICa5OS8npVmf1Myq/5…

It holds hashes only, never personal data, so it may leave the jurisdiction. It has no time in it: the same
head signed twice gives the same bytes. A witness adds a signature line of its own later.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.rules.merkle import HASH_BYTES

KEY_BYTES: Final = 32
# The type of a plain Ed25519 signature among those that signed-note assigns.
_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
# signed-note asks for room for at least 16; more than this is an attempt to waste our time.
_MOST_SIGNATURES: Final = 100

_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_SIZE_LINE = re.compile(r"0|[1-9][0-9]*")
_KEY_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteRejected(ValueError):
    """A note is malformed, or no trusted key has signed it."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name. Its text form, `<name>+<id>+<base64>`, is what is given to regulators."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """ValueError for a name that no signature line could carry, or a key of another length."""
        if not _KEY_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no key name: it has spaces or a plus, or is empty")
        if len(self.public_key) != KEY_BYTES:
            raise ValueError(f"an Ed25519 public key has {KEY_BYTES} bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that find this key's signature in a note; they prove nothing."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A key from its text form; ValueError says what is wrong with it."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise ValueError("a verifier key is <name>+<id>+<base64>")
        name, identity, encoded = parts
        material = _base64(encoded)
        if material[:1] != _ED25519:
            raise ValueError("the key isn't of type 1 (Ed25519)")
        key = cls(name, material[1:])
        if key.key_id.hex() != identity:
            raise ValueError(f"the key's id is {key.key_id.hex()}, its text says {identity}")
        return key

    def __str__(self) -> str:
        encoded = b64encode(_ED25519 + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True)
class SigningKey:
    """A private key with its name."""

    name: str
    _private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, *, name: str, seed: str) -> SigningKey:
        """A key from its seed, base64 of 32 bytes; ValueError, which never shows it, when it isn't one."""
        raw = _base64(seed)
        if len(raw) != KEY_BYTES:
            raise ValueError(f"the seed of signing key {name} isn't {KEY_BYTES} bytes in base64")
        return cls(name, Ed25519PrivateKey.from_private_bytes(raw))

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note: the text, which ends with a newline, and one signature line."""
        _refuse_malformed(text)
        signature = self.verifier.key_id + self._private.sign(text.encode())
        return f"{text}\n— {self.name} {b64encode(signature).decode('ascii')}\n"


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: `size` entries, numbered from 0, with `root` above them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """A checkpoint from its text; lines after the third are left to those who wrote them.

        Raises NoteRejected when it isn't one.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise NoteRejected("a checkpoint has at least three lines, none empty, and ends with a newline")
        origin, size, root = lines[:3]
        if not _SIZE_LINE.fullmatch(size):
            raise NoteRejected(f"{size!r} is no tree size")
        decoded = _base64(root)
        if len(decoded) != HASH_BYTES:
            raise NoteRejected(f"the root hash has {len(decoded)} bytes, not {HASH_BYTES}")
        return cls(origin, int(size), decoded)


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note of a checkpoint."""
    return key.sign(checkpoint.text())


def open_checkpoint(note: str, *keys: VerifierKey, origin: str) -> Checkpoint:
    """The checkpoint in a note, once signature and origin are found right; NoteRejected otherwise."""
    checkpoint = Checkpoint.parse(open_note(note, *keys))
    if checkpoint.origin != origin:
        raise NoteRejected(f"the checkpoint is of {checkpoint.origin!r}, not of {origin!r}")
    return checkpoint


def open_note(note: str, *keys: VerifierKey) -> str:
    """The text of a note that at least one of the keys has signed.

    Signatures of other keys are ignored. Raises NoteRejected for a malformed note, for a signature of a
    known key that doesn't verify, and when none of the keys has signed.
    """
    text, separator, tail = note.rpartition("\n\n")
    text += "\n"
    if not separator or not tail.endswith("\n"):
        raise NoteRejected("a note is a text, an empty line and signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteRejected(f"a note with more than {_MOST_SIGNATURES} signatures isn't read")
    _refuse_malformed(text)
    known = {(key.name, key.key_id): key for key in keys}
    signed = False
    for line in lines:
        name, identity, signature = _signature(line)
        key = known.get((name, identity))
        if key is not None:
            _verify(key, signature, text)
            signed = True
    if not signed:
        raise NoteRejected(f"none of the keys {', '.join(key.name for key in keys) or '(none given)'} has signed")
    return text


def _verify(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise NoteRejected(f"the signature of {key.name} doesn't fit the text") from error


def _signature(line: str) -> tuple[str, bytes, bytes]:
    """Name, key id and signature of a signature line; NoteRejected when it isn't one."""
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteRejected(f"{line!r} is no signature line")
    decoded = _base64(match["signature"])
    if len(decoded) <= _KEY_ID_BYTES:
        raise NoteRejected("a signature is shorter than a key id")
    return match["name"], decoded[:_KEY_ID_BYTES], decoded[_KEY_ID_BYTES:]


def _refuse_malformed(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteRejected("a note's text ends with a newline")
    if _CONTROL.search(text):
        raise NoteRejected("a note has no control characters but newlines")


def _base64(encoded: str) -> bytes:
    """Strict base64: each value has one text, so none can be changed unnoticed. Raises NoteRejected."""
    try:
        decoded = b64decode(encoded, validate=True)
    except (Base64Error, ValueError) as error:
        raise NoteRejected("not base64") from error
    if b64encode(decoded).decode("ascii") != encoded:
        raise NoteRejected("not the one base64 of its value")
    return decoded

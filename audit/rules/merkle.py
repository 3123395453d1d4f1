"""The Merkle tree of RFC 6962, section 2.1: hashes, growth by a frontier, and the two proofs.

A tree of n leaves is never held whole to grow it: its *frontier* suffices, the roots of the perfect
subtrees that n's binary digits name, largest first (n = 6 = 4 + 2 has two). Appending a leaf merges equal
neighbours, like carrying in binary addition; the root folds the frontier from its small end.

Leaves and inner nodes are hashed with different first bytes, so that neither passes for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
# The root of a tree without leaves is the hash of nothing (RFC 6962, 2.1).
EMPTY_ROOT: Final = sha256(b"").digest()

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


class ProofRejected(ValueError):
    """A proof doesn't show what it claims."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of an entry's exact bytes."""
    return sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node above two subtrees."""
    return sha256(_NODE + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """A tree of `size` leaves as the roots of its perfect subtrees, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """ValueError when the hashes can't be those of a tree of this size."""
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has another number of perfect subtrees")
        if any(len(item) != HASH_BYTES for item in self.hashes):
            raise ValueError(f"a hash has {HASH_BYTES} bytes")

    def root(self) -> bytes:
        """The root of the whole tree."""
        return _fold(self.hashes)

    def extended(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """The tree after these leaves have been appended."""
        growing = GrowingTree(self)
        for item in leaf_hashes:
            growing.append(item)
        return growing.frontier()


class GrowingTree:
    """A tree that takes leaves one after the other, quickly; it holds its frontier and nothing else."""

    __slots__ = ("_hashes", "size")

    def __init__(self, start: Frontier | None = None) -> None:
        start = start or Frontier()
        self.size = start.size
        self._hashes = list(start.hashes)

    def append(self, new: bytes) -> None:
        """Append one leaf by its hash."""
        hashes = self._hashes
        carry = self.size
        while carry & 1:
            new = sha256(_NODE + hashes.pop() + new).digest()
            carry >>= 1
        hashes.append(new)
        self.size += 1

    def frontier(self) -> Frontier:
        """The tree as it stands."""
        return Frontier(self.size, tuple(self._hashes))

    def root(self) -> bytes:
        """The root as it stands."""
        return _fold(self._hashes)


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for item in reversed(hashes[:-1]):
        root = node_hash(item, root)
    return root


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over all these leaves."""
    return Frontier().extended(leaf_hashes).root()


def _split(size: int) -> int:
    """The largest power of two smaller than `size`: how many leaves the left subtree has."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of the leaf at `index` (from 0), lowest neighbour first (RFC 6962, 2.1.1).

    Raises IndexError when there is no such leaf.
    """
    size = len(leaf_hashes)
    if not 0 <= index < size:
        raise IndexError(f"there is no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(root_of(leaf_hashes[middle:end]))
            end = middle
        else:
            path.append(root_of(leaf_hashes[start:middle]))
            start = middle
    path.reverse()
    return path


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofRejected unless the leaf (its hash) stands at `index` of the tree of `size` with `root`."""
    if not 0 <= index < size:
        raise ProofRejected(f"there is no leaf {index} in a tree of {size}")
    # Below `inner` the path runs inside a perfect subtree and has a neighbour at each level; above it, at
    # the tree's right edge, only where the index has a 1: the neighbours to the left.
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        raise ProofRejected(f"the proof has {len(proof)} hashes, which can't be for leaf {index} of {size}")
    computed = leaf
    for level, neighbour in enumerate(proof):
        on_the_right = level < inner and not index >> level & 1
        computed = node_hash(computed, neighbour) if on_the_right else node_hash(neighbour, computed)
    if computed != root:
        raise ProofRejected(f"the proof doesn't lead from leaf {index} to the root of {size}")


def consistency_proof(leaf_hashes: Sequence[bytes], first: int) -> list[bytes]:
    """What shows that the tree of the first `first` leaves is a prefix of the whole (RFC 6962, 2.1.2).

    Empty when `first` is 0 or the whole. Raises IndexError when the tree is smaller than `first`.
    """
    size = len(leaf_hashes)
    if not 0 <= first <= size:
        raise IndexError(f"a tree of {size} has no prefix of {first}")
    if first == 0:
        return []
    proof: list[bytes] = []
    start, end, whole = 0, size, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(root_of(leaf_hashes[middle:end]))
            end = middle
        else:
            proof.append(root_of(leaf_hashes[start:middle]))
            start, whole = middle, False
    if not whole:
        proof.append(root_of(leaf_hashes[start:end]))
    proof.reverse()
    return proof


def verify_consistency(*, first: int, first_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofRejected unless the tree of `first` leaves is a prefix of the tree of `size` leaves."""
    if not 0 <= first <= size:
        raise ProofRejected(f"a tree of {size} has no prefix of {first}")
    if first in (0, size):
        expected = EMPTY_ROOT if first == 0 else root
        if proof or first_root != expected:
            raise ProofRejected(f"the tree of {first} isn't a prefix of the tree of {size}")
        return
    # Start at the largest perfect subtree that ends the first tree; when it is the first tree itself, its
    # root is known and not repeated in the proof.
    shift = (first & -first).bit_length() - 1
    hashes = list(proof) if first & (first - 1) else [first_root, *proof]
    index, last = first - 1 >> shift, size - 1 >> shift
    inner = (index ^ last).bit_length()
    if len(hashes) != 1 + inner + (index >> inner).bit_count():
        raise ProofRejected(f"the proof has {len(proof)} hashes, which can't be from {first} to {size}")
    older = newer = hashes[0]
    for level, neighbour in enumerate(hashes[1:]):
        if level < inner and not index >> level & 1:
            newer = node_hash(newer, neighbour)
        else:
            older, newer = node_hash(neighbour, older), node_hash(neighbour, newer)
    if older != first_root or newer != root:
        raise ProofRejected(f"the tree of {first} isn't a prefix of the tree of {size}")

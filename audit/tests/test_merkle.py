"""The tree: RFC 6962's, by the known answers of Certificate Transparency's reference trees."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.rules.merkle import (
    EMPTY_ROOT,
    Frontier,
    GrowingTree,
    ProofRejected,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves that the reference implementations of RFC 6962 test with, and the roots of their prefixes.
LEAVES = [
    leaf_hash(bytes.fromhex(leaf))
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CONSISTENCY = {
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def numbered_leaves(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_trees(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference_trees(index: int, size: int) -> None:
    assert [item.hex() for item in inclusion_proof(LEAVES[:size], index)] == INCLUSION[index, size]


@pytest.mark.parametrize(("first", "size"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference_trees(first: int, size: int) -> None:
    assert [item.hex() for item in consistency_proof(LEAVES[:size], first)] == CONSISTENCY[first, size]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256().digest()


def test_a_leaf_never_passes_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_grown_in_two_parts_is_the_tree_of_the_whole(first: int, more: int) -> None:
    leaves = numbered_leaves(first + more)
    grown = Frontier().extended(leaves[:first]).extended(leaves[first:])
    assert (grown.size, grown.root()) == (len(leaves), root_of(leaves))
    assert GrowingTree(grown).frontier() == grown


@pytest.mark.parametrize(("size", "hashes"), [(3, 1), (4, 2), (0, 1), (-1, 0)])
def test_a_frontier_that_fits_no_tree_is_refused(size: int, hashes: int) -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Frontier(size, tuple(LEAVES[:hashes]))


def test_every_leaf_of_every_small_tree_can_be_shown_and_no_other_in_its_place() -> None:
    for size in range(1, 20):
        leaves = numbered_leaves(size)
        root = root_of(leaves)
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            verify_inclusion(leaf=leaves[index], index=index, size=size, proof=proof, root=root)
            for place, leaf in ((index, b"\x00" * 32), ((index + 1) % size, leaves[index])):
                if (place, leaf) == (index, leaves[index]):
                    continue
                with pytest.raises(ProofRejected):
                    verify_inclusion(leaf=leaf, index=place, size=size, proof=proof, root=root)


def test_every_small_tree_shows_each_of_its_prefixes_and_no_other() -> None:
    for size in range(20):
        leaves = numbered_leaves(size)
        root = root_of(leaves)
        for first in range(size + 1):
            proof = consistency_proof(leaves, first)
            older = root_of(leaves[:first])
            verify_consistency(first=first, first_root=older, size=size, root=root, proof=proof)
            with pytest.raises(ProofRejected):
                verify_consistency(first=first, first_root=b"\x00" * 32, size=size, root=root, proof=proof)
            with pytest.raises(ProofRejected):
                verify_consistency(first=first, first_root=older, size=size, root=root, proof=[*proof, root])


def test_what_isnt_in_the_tree_has_no_proof() -> None:
    for call in (inclusion_proof, consistency_proof):
        with pytest.raises(IndexError):
            call(LEAVES, 9)
    with pytest.raises(ProofRejected):
        verify_inclusion(leaf=LEAVES[0], index=8, size=8, proof=[], root=LEAVES[0])
    with pytest.raises(ProofRejected):
        verify_consistency(first=9, first_root=LEAVES[0], size=8, root=LEAVES[0], proof=[])

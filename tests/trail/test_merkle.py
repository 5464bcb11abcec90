"""RFC 6962: the published vectors of the eight-leaf tree, and every proof over every small tree."""

import hashlib

import pytest

from foundation.trail import merkle

LEAVES = [
    merkle.leaf_hash(bytes.fromhex(leaf))
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
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
MOST = 40
MANY = [merkle.leaf_hash(str(number).encode()) for number in range(MOST)]


def node_of(leaves):
    return lambda level, index: merkle.fold(leaves[index << level : (index + 1) << level])


def by_definition(leaves):
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node_hash(by_definition(leaves[:k]), by_definition(leaves[k:]))


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size):
    tree = merkle.Frontier()
    tree.extend(LEAVES[:size])
    assert tree.root().hex() == ROOTS[size]
    assert merkle.frontier(node_of(LEAVES), size).root().hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_published_inclusion_proofs(index, size, proof):
    assert [one.hex() for one in merkle.inclusion(node_of(LEAVES), index, size)] == proof


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        (1, 1, []),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_published_consistency_proofs(old, new, proof):
    assert [one.hex() for one in merkle.consistency(node_of(LEAVES), old, new)] == proof


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_leaf_of_every_tree_is_proven_and_nothing_else(size):
    root, node = by_definition(MANY[:size]), node_of(MANY)
    for index in range(size):
        proof = merkle.inclusion(node, index, size)
        assert merkle.includes(MANY[index], index, size, proof, root)
        assert not merkle.includes(MANY[index - 1], index, size, proof, root) or size == 1
        assert not merkle.includes(MANY[index], index, size, [*proof, MANY[0]], root)
        assert not merkle.includes(MANY[index], index, size, proof[:-1], root) or not proof
        assert not merkle.includes(MANY[index], index + 1, size, proof, root)
        assert not merkle.includes(MANY[index], index - 1, size, proof, root)
        assert not merkle.includes(MANY[index], index, size, proof, by_definition(MANY[: size - 1]))
    assert not merkle.includes(MANY[0], size, size, [], root)


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_every_pair_of_trees_is_consistent_and_no_other(new):
    roots, node = [by_definition(MANY[:size]) for size in range(new + 1)], node_of(MANY)
    other = merkle.node_hash(MANY[0], MANY[1])
    for old in range(1, new + 1):
        proof = merkle.consistency(node, old, new)
        assert merkle.extends(old, new, proof, roots[old], roots[new])
        assert not merkle.extends(old, new, proof, other if roots[old] != other else MANY[1], roots[new])
        assert not merkle.extends(old, new, proof, roots[old], other if roots[new] != other else MANY[1])
        assert not merkle.extends(old, new, [*proof, other], roots[old], roots[new])
        if proof:
            assert not merkle.extends(old, new, proof[:-1], roots[old], roots[new])
            assert not merkle.extends(old, new, [other, *proof[1:]], roots[old], roots[new])


def test_what_no_tree_has_is_refused():
    node = node_of(MANY)
    for index, size in ((-1, 3), (3, 3), (0, 0)):
        with pytest.raises(ValueError, match="not in a tree"):
            merkle.inclusion(node, index, size)
    for old, new in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match="cannot be the beginning"):
            merkle.consistency(node, old, new)
    assert not merkle.extends(5, 3, [MANY[0]], MANY[0], MANY[1])

"""RFC 6962 trees over leaf hashes: roots, proofs, and checking both. Knows neither database nor settings.

A tree is written as a function `node(level, index)`: the hash of the complete subtree over the leaves
[index << level, (index + 1) << level). Nothing here recurses; a proof takes O(log n) nodes.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

Node = Callable[[int, int], bytes]

EMPTY = sha256(b"").digest()  # the root of a tree without leaves


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over 2**n neighbouring hashes of one level."""
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]


class Frontier:
    """The right edge of a growing tree: the hashes of its complete subtrees, the largest first."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size, self.hashes = size, list(hashes)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        size, hashes = self.size, self.hashes
        for leaf in leaves:
            node, rest = leaf, size
            while rest & 1:  # a complete subtree stands to the left: both become one
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                rest >>= 1
            hashes.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """The root hash at this size."""
        if not self.hashes:
            return EMPTY
        node = self.hashes[-1]
        for left in self.hashes[-2::-1]:
            node = node_hash(left, node)
        return node

    def copy(self) -> "Frontier":
        return Frontier(self.size, self.hashes)


def frontier(node: Node, size: int) -> Frontier:
    """The right edge of the tree as it was at `size`."""
    return Frontier(size, [node(level, index) for level, index in complete(0, size)])


def complete(start: int, end: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that make up the leaves [start, end), left to right.

    `start` is where a subtree of at least that breadth begins, as in every range that a proof names.
    """
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def range_hash(node: Node, start: int, end: int) -> bytes:
    """The hash of the (perhaps ragged) subtree over the leaves [start, end)."""
    return Frontier(end - start, [node(level, index) for level, index in complete(start, end)]).root()


def inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` (RFC 6962, 2.1.1): PATH(index, D[size])."""
    if not 0 <= index < size:
        raise ValueError(f"Leaf {index} is not in a tree of {size}.")
    start, end, siblings = 0, size, []
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return [range_hash(node, *sibling) for sibling in reversed(siblings)]


def consistency(node: Node, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of that of `new` (RFC 6962, 2.1.2)."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {old} cannot be the beginning of one of {new}.")
    start, end, siblings = 0, new, []
    while end != old:
        middle = start + split(end - start)
        if old <= middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    known = [] if start == 0 else [(start, end)]  # the old tree itself is known to whoever checks
    return [range_hash(node, *one) for one in [*known, *reversed(siblings)]]


def split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that this leaf hash is number `index` of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and node == root


def extends(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the proof shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if old in {0, new}:
        return not proof and (old_root == new_root if old == new else old_root == EMPTY)
    if not 0 < old < new or not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    ours = theirs = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            ours, theirs = node_hash(sibling, ours), node_hash(sibling, theirs)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            theirs = node_hash(theirs, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and ours == old_root and theirs == new_root

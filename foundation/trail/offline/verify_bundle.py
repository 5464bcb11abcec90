#!/usr/bin/env python3
"""Verifies an exported bundle of an audit trail, offline. Needs Python 3.9 or later and nothing else.

    python3 verify_bundle.py BUNDLE.zip --key 'NAME+HASH+KEY' --checkpoint EARLIER.txt

--key: the log's public key, which you got by another route than this bundle (in person, by phone).
--checkpoint: one that you received before (by mail, on a PDF). Exit code 0: all holds, 1: not, 2: it cannot be read.
"""

import argparse
import base64
import hashlib
import json
import zipfile

FORMAT = "countersign-trail-bundle/1"
LEAF, NODE, VERB, DETAIL = b"\x00", b"\x01", 6, 11  # prefixes of RFC 6962; places in a leaf (bundle.json: columns)


FIELD, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # of Ed25519 (RFC 8032, 5.1)
CURVE = -121665 * pow(121666, FIELD - 2, FIELD) % FIELD


class Fault(Exception):
    """Something does not hold."""


def point(raw):
    """The point of the curve that 32 bytes name, as (x, y, 1, xy); None for bytes that name none."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    square = (y * y - 1) * pow(CURVE * y * y + 1, FIELD - 2, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if (x * x - square) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if y >= FIELD or (x * x - square) % FIELD or (x == 0 and sign):
        return None
    x = FIELD - x if x & 1 != sign else x
    return x, y, 1, x * y % FIELD


def plus(one, other):
    """The sum of two points in extended coordinates (RFC 8032, 5.1.4)."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % FIELD, (one[1] + one[0]) * (other[1] + other[0]) % FIELD
    c, d = 2 * one[3] * other[3] * CURVE % FIELD, 2 * one[2] * other[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def times(factor, one):
    """A multiple of a point. Everything here is public, so that it need not take the same time for any number."""
    found = (0, 1, 1, 0)
    while factor:
        found = plus(found, one) if factor & 1 else found
        one, factor = plus(one, one), factor >> 1
    return found


BASE = point((4 * pow(5, FIELD - 2, FIELD) % FIELD).to_bytes(32, "little"))


def verified(key, signature, message):
    """Whether an Ed25519 signature of 64 bytes over the message is that of the key of 32 bytes (RFC 8032, 5.1.7)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    left, right = times(s, BASE), plus(r, times(int.from_bytes(digest, "little") % ORDER, a))
    return all((left[at] * right[2] - right[at] * left[2]) % FIELD == 0 for at in (0, 1))


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hashes(texts):
    return [bytes.fromhex(text) for text in texts]


def included(leaf, index, size, proof):
    """The root to which an inclusion proof leads, by the definition (RFC 6962, 2.1.1)."""
    if size == 1 and index == 0 and not proof:
        return leaf
    if not proof or size == 1 or not 0 <= index < size:
        raise Fault("an inclusion proof is too short or too long")
    half = 1 << ((size - 1).bit_length() - 1)
    if index < half:
        return sha(NODE, included(leaf, index, half, proof[:-1]), proof[-1])
    return sha(NODE, proof[-1], included(leaf, index - half, size - half, proof[:-1]))


def grown(old, new, proof, root, whole=True):
    """The roots at both sizes to which a consistency proof leads (RFC 6962, 2.1.2). `root`: the old tree's."""
    if old == new and len(proof) == (not whole):
        return (root, root) if whole else (proof[0], proof[0])
    if not proof or not 0 < old < new:
        raise Fault("a consistency proof is too short or too long")
    half = 1 << ((new - 1).bit_length() - 1)
    if old <= half:
        ours, theirs = grown(old, half, proof[:-1], root, whole)
        return ours, sha(NODE, theirs, proof[-1])
    ours, theirs = grown(old - half, new - half, proof[:-1], root, False)
    return sha(NODE, proof[-1], ours), sha(NODE, proof[-1], theirs)


def checkpoint(note):
    origin, size, root = note.split("\n")[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


def signed(note, key):
    """Whether the note carries a signature of the key “name+hash+key” that holds."""
    name, digest, encoded = key.strip().split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if sha(name.encode(), b"\n", raw)[:4].hex() != digest or raw[:1] != b"\x01":
        raise Fault("the key is not written as name+hash+key")
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        dash, signer, signature = line.split(" ")
        blob = base64.b64decode(signature, validate=True)
        ours = (dash, signer, blob[:4].hex()) == ("—", name, digest)
        if ours and verified(raw[1:], blob[4:], (text + "\n").encode()):
            return True
    return False


class Bundle:
    """The parts of a bundle, and the questions asked of them. Each raises Fault where something does not hold."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.head = json.loads(self.zip.read("bundle.json"))
        if self.head["format"] != FORMAT:
            raise Fault(f"the bundle is not written as {FORMAT}")
        self.origin, self.size, self.root = checkpoint(self.head["checkpoint"])

    def begins_with(self, size, root):
        """The log begins with the tree of this size and root."""
        proof = self.head["consistency"].get(str(size), [])
        if size != self.size and not proof:
            raise Fault(f"the bundle holds no proof from size {size}: ask for it, or for a newer bundle")
        if grown(size, self.size, hashes(proof), root) != (root, self.root):
            raise Fault(f"the log does not begin with the log of size {size}: it was rewritten")

    def signature(self, key):
        """From the trusted key, over each change of keys, to the one that signed the checkpoint, which it returns."""
        for change in self.head["keys"]:
            if not signed(self.head["checkpoint"], key) and signed(change["note"], key):
                _, size, root = checkpoint(change["note"])
                leaf = change["leaf"].encode()
                row = json.loads(leaf)
                proven = included(sha(LEAF, leaf), change["index"], size, hashes(change["proof"])) == root
                if not proven or row[VERB] != "trail.key_rotated":
                    raise Fault("the entry that introduces a key is not in the log")
                self.begins_with(size, root)
                key = json.loads(row[DETAIL])["refs"]["key"]
        if not signed(self.head["checkpoint"], key):
            raise Fault("the checkpoint is not signed by your key, nor by one that your key introduced")
        return key

    def earlier(self, note):
        """The log begins with what a checkpoint received earlier was about; returns its size."""
        origin, size, root = checkpoint(note)
        if origin.rpartition("/")[0] != self.origin.rpartition("/")[0]:
            raise Fault(f"your checkpoint is about another log ({origin!r}) than the bundle ({self.origin!r})")
        start = self.head["start"]
        if start is not None and start < size <= start + len(self.range()):  # no proof is needed: the leaves are here
            if self.grow(size)[1] != root:
                raise Fault(f"the log does not begin with the log of size {size}: it was rewritten")
        else:
            self.begins_with(size, root)
        return size

    def range(self):
        """The leaf hashes of the range are those of the log, none left out; returns them by number."""
        found, root = self.grow()
        self.begins_with(self.head["start"] + len(found), root)
        return found

    def grow(self, end=None):
        """The leaf hashes of the range by number, up to `end`, and the root of the log that ends with them."""
        number, tree, found = self.head["start"], hashes(self.head["left"]), {}
        if len(tree) != bin(number).count("1"):
            raise Fault("the hashes to the left of the range are too many or too few")
        with self.zip.open("leaves.txt") as lines:
            for line in lines:
                if number == end:
                    break
                node, rest = bytes.fromhex(line.decode().strip()), number
                found[number] = node
                while rest & 1:
                    node, rest = sha(NODE, tree.pop(), node), rest >> 1
                tree.append(node)
                number += 1
        root = tree.pop()
        while tree:
            root = sha(NODE, tree.pop(), root)
        return found, root

    def events(self, leaves):
        """Each disclosed entry is its leaf, and its personal part, where given, the one committed to; how many."""
        seen = set()
        with self.zip.open("events.jsonl") as lines:
            for line in lines:
                event = json.loads(line)
                leaf, index, row = event["leaf"].encode(), event["index"], json.loads(event["leaf"])
                if leaves is None:
                    holds = included(sha(LEAF, leaf), index, self.size, hashes(event["proof"])) == self.root
                else:
                    holds = leaves.get(index) == sha(LEAF, leaf)
                if not holds:
                    raise Fault(f"entry {row[1]!r} is not leaf {index} of the log: it was altered, or never sealed")
                private = event.get("private")
                if private is not None and sha(private.encode()).hex() != json.loads(row[DETAIL]).get("private"):
                    raise Fault(f"the personal part of entry {row[1]!r} is not the one that was committed to")
                seen.add(index)
        return len(seen)


def verify(given):
    """Print what holds and what is not proven; raises Fault."""
    bundle = Bundle(given.bundle)
    leaves = None if bundle.head["start"] is None else bundle.range()
    count = bundle.events(leaves)
    print(f"Holds: {count} disclosed entries are in the log {bundle.origin!r} of size {bundle.size}, as they stand.")
    if leaves is None:
        print("Not proven: that these are all entries. A bundle of a period shows how many were withheld.")
    else:
        print(f"Holds: the range has {len(leaves)} entries; {len(leaves) - count} of them are withheld (hash only).")
    if given.key:
        bundle.signature(given.key)
        print("Holds: the checkpoint is signed by your key, or by one that your key introduced.")
    else:
        print("Not proven: who made this. Without --key anybody could have made such a log.")
    for name in given.checkpoint:
        with open(name, encoding="utf-8") as file:
            print(f"Holds: the log begins with the {bundle.earlier(file.read())} entries of {name}, unchanged.")
    if not given.checkpoint:
        print("Not proven: that nothing was rewritten before: only a --checkpoint received earlier can show that.")
    print("Never proven: what was done without leaving an entry, and entries after the newest checkpoint.")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("bundle")
    words.add_argument("--key", help="the log's public key, received by another route")
    words.add_argument("--checkpoint", action="append", default=[], help="a file with a checkpoint received earlier")
    try:
        verify(words.parse_args())
    except Fault as fault:
        raise SystemExit(print(f"DOES NOT HOLD: {fault}.") or 1)
    except (OSError, LookupError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile) as broken:
        raise SystemExit(print(f"CANNOT BE READ: {broken!r}") or 2)

"""Signed notes as golang.org/x/mod/sumdb/note writes them, and checkpoints in them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.trail import notes
from foundation.trail.notes import Checkpoint, Malformed, Note, PublicKey, Signer

# The example of the package's own documentation.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"


@pytest.fixture
def peter():
    return Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(base64.b64decode(SKEY)[1:]))


def test_our_signature_is_byte_for_byte_that_of_the_reference(peter):
    assert str(peter.public) == VKEY
    assert notes.sign(TEXT, [peter]) == f"{TEXT}\n{LINE}"


def test_the_reference_signature_holds():
    assert PublicKey.read(VKEY).signed(Note.read(f"{TEXT}\n{LINE}"))


@pytest.mark.parametrize(
    "note",
    [
        f"{TEXT}\n{LINE}".replace("answer", "question"),
        f"{TEXT}\n{LINE.replace('PeterNeumann', 'EnochRoot')}",
        f"{TEXT}\n{LINE.replace('x08go/ZJ', 'x08go/ZK')}",
        f"{TEXT}\n{LINE.replace('x08go', 'y08go')}",
    ],
)
def test_what_was_altered_is_not_signed(note):
    assert not PublicKey.read(VKEY).signed(Note.read(note))


def test_several_signatures_stand_together_and_unknown_ones_do_no_harm(peter):
    other = Signer("PeterNeumann", Ed25519PrivateKey.generate())
    note = Note.read(notes.sign(TEXT, [other, peter]))
    assert other.public.signed(note)
    assert peter.public.signed(note)
    longer = Note.read(f"{notes.sign(TEXT, [peter])}— else {notes.b64(b'1234' + b'x' * 2420)}\n")  # another algorithm
    assert peter.public.signed(longer)


@pytest.mark.parametrize(
    "note",
    ["", "text\n", f"{TEXT}{LINE}", f"{TEXT}\n{LINE[:-1]}", f"{TEXT}\n{LINE}x\n", f"{TEXT}\n— a b c\n", f"\n\n{LINE}"],
)
def test_what_is_no_note(note):
    with pytest.raises(Malformed):
        PublicKey.read(VKEY).signed(Note.read(note)) or pytest.fail("not signed either")


@pytest.mark.parametrize("end", range(len(VKEY)))
def test_half_a_key_is_none(end):
    with pytest.raises(Malformed):
        PublicKey.read(VKEY[:end])
    with pytest.raises(Malformed):
        PublicKey.read(VKEY[:end] + chr(ord(VKEY[end]) + 1) + VKEY[end + 1 :])


def test_a_checkpoint_reads_back():
    one = Checkpoint("example.com/trail/1", 57, bytes(range(32)), ("sealed now", "previous -"))
    text = str(one)
    assert text.split("\n")[:3] == ["example.com/trail/1", "57", base64.b64encode(bytes(range(32))).decode()]
    assert Checkpoint.read(text) == one
    assert Checkpoint.read(f"{text}\n— a abcd\n") == one
    assert one.told == {"sealed": "now", "previous": "-"}
    assert one.log == ("example.com/trail", 1)


@pytest.mark.parametrize("text", ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\n", "a\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n"])
def test_what_is_no_checkpoint(text):
    with pytest.raises(Malformed):
        Checkpoint.read(text)

"""The sealed format: whatever is done to the bytes, nothing wrong is ever given out."""

import hashlib
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.files.sealed import BLOCK, CHUNK, KEY, PREFIX, TAG, Altered, Sealer, unsealed

KEY_ONE, HEADER = bytes(range(KEY)), b"header of a test"
FRONT = len(HEADER) + PREFIX
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17]


def seal(plain: bytes, key: bytes = KEY_ONE, header: bytes = HEADER, step: int = 50_000) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, key, header)
    for start in range(0, len(plain), step):
        sealer.write(plain[start : start + step])
    sealer.finish()
    assert (sealer.size, sealer.sha256) == (len(plain), hashlib.sha256(plain).hexdigest())
    return out.getvalue()


def opened(sealed: bytes, key: bytes = KEY_ONE, header: bytes = HEADER) -> bytes:
    return b"".join(unsealed(io.BytesIO(sealed), key, header))


def made(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1000, CHUNK, 10 * CHUNK])
def test_what_was_sealed_comes_back(size, step):
    sealed = seal(made(size), step=step)
    assert len(sealed) == len(HEADER) + PREFIX + size + TAG * max(1, -(-size // CHUNK))
    assert opened(sealed) == made(size)
    assert size < 100 or made(size)[:50] not in sealed


def test_a_source_that_hands_over_small_pieces_is_read_whole():
    class Trickle(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 777))

    assert b"".join(unsealed(Trickle(seal(made(3 * CHUNK))), KEY_ONE, HEADER)) == made(3 * CHUNK)


@pytest.mark.parametrize("size", SIZES)
def test_each_flipped_bit_is_refused_before_its_chunk_is_given_out(size):
    plain, sealed = made(size), seal(made(size))
    places = {0, FRONT - 1, FRONT, len(sealed) - 1, len(sealed) - TAG, *random.Random(1).sample(range(len(sealed)), 12)}
    for place in places:
        wrong = bytearray(sealed)
        wrong[place] ^= 1
        got = b""
        with pytest.raises(Altered):  # noqa: PT012 - what came before is looked at
            for chunk in unsealed(io.BytesIO(bytes(wrong)), KEY_ONE, HEADER):
                got += chunk
        assert plain.startswith(got)
        assert len(got) <= max(0, place - FRONT) // BLOCK * CHUNK


@given(cut=st.integers(1, 3 * BLOCK))
def test_a_cut_anywhere_is_refused(cut):
    with pytest.raises(Altered):
        opened(SEALED[: max(0, len(SEALED) - cut)])


SEALED = seal(made(3 * CHUNK - 5))


@pytest.mark.parametrize(
    ("what", "order"),
    [("swapped", [1, 0, 2]), ("repeated", [0, 0, 1, 2]), ("left out", [0, 2]), ("without its end", [0, 1])],
)
def test_chunks_in_another_order_are_refused(what, order):
    blocks = [SEALED[FRONT + n * BLOCK : FRONT + (n + 1) * BLOCK] for n in range(3)]
    with pytest.raises(Altered):
        opened(SEALED[:FRONT] + b"".join(blocks[n] for n in order))


def test_bytes_behind_the_end_are_refused():
    for more in (b"x", SEALED[-40:], SEALED):
        with pytest.raises(Altered):
            opened(SEALED + more)


def test_another_key_or_another_header_opens_nothing():
    with pytest.raises(Altered):
        opened(SEALED, key=bytes(KEY))
    with pytest.raises(Altered):
        opened(SEALED, header=b"header of a best")
    with pytest.raises(Altered):
        opened(b"header of a best" + SEALED[len(HEADER) :], header=b"header of a best")
    with pytest.raises(Altered):
        opened(b"")


def test_the_same_bytes_are_sealed_differently_each_time():
    assert seal(b"x" * 100) != seal(b"x" * 100)

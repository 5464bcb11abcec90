"""What an entry is in bytes. These vectors may never change: every hash that an auditor keeps depends on them."""

import hashlib
import hmac
from types import SimpleNamespace

import pytest

from foundation.trail import leaf

ENTRY = {
    "id": 7,
    "at": 1_795_311_082_000_001,
    "actor_kind": "user",
    "actor_id": 3,
    "via": "page",
    "verb": "control.status_updated",
    "object_type": "controls.control",
    "object_id": "12",
    "outcome": "ok",
    "request_id": "9f",
    "detail": '{"reason":"Grün"}',
}
LEAF = (
    '[1,7,1795311082000001,"user",3,"page","control.status_updated","controls.control","12","ok","9f",'
    '"{\\"reason\\":\\"Grün\\"}"]'
)


def test_leaf_is_the_literal_text():
    assert leaf.leaf_of(SimpleNamespace(**ENTRY)) == LEAF


def test_leaf_hash_vector():
    found = leaf.leaf_hash(SimpleNamespace(**ENTRY))
    assert found == hashlib.sha256(b"\x00" + LEAF.encode()).digest()
    assert found.hex() == "6924c98a180c4363a497cb824e04ff8c4bdb3544dd0da813991c198f13150b71"  # printf … | sha256sum


def test_mac_covers_the_leaf_without_its_number(settings):
    settings.TRAIL_MAC_KEY = "k" * 32
    body = LEAF.replace("[1,7,", "[1,", 1).encode()
    assert leaf.mac_of(SimpleNamespace(**ENTRY)) == hmac.new(b"k" * 32, body, hashlib.sha256).hexdigest()
    assert leaf.mac_of(SimpleNamespace(**ENTRY)) == leaf.mac_of(SimpleNamespace(**{**ENTRY, "id": 8}))


@pytest.mark.parametrize("column", [name for name in leaf.COLUMNS if name != "id"])
def test_every_column_is_in_leaf_and_mac(column):
    before = SimpleNamespace(**ENTRY)
    after = SimpleNamespace(**{**ENTRY, column: 4 if isinstance(ENTRY[column], int) else "x"})
    assert leaf.leaf_hash(before) != leaf.leaf_hash(after)
    assert leaf.mac_of(before) != leaf.mac_of(after)


def test_mac_needs_the_key(settings):
    with_one = leaf.mac_of(SimpleNamespace(**ENTRY))
    settings.TRAIL_MAC_KEY = "another key of more than thirty-two letters"
    assert leaf.mac_of(SimpleNamespace(**ENTRY)) != with_one


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"ü": "\u2028é\n\x00"}, '{"ü":"\u2028é\\n\\u0000"}'),
        ([-5, 2**70], "[-5,1180591620717411303424]"),
    ],
)
def test_canonical_text(value, text):
    assert leaf.canonical(value) == text


@pytest.mark.parametrize("value", [1.5, [0.0], {"a": {"b": 2.0}}, {1: "a"}, {"a": object()}, b"x"])
def test_canonical_refuses_what_two_writers_could_spell_differently(value):
    with pytest.raises(TypeError):
        leaf.canonical(value)

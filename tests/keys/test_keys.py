"""Sealing under the master key, and its rotation."""

import pytest

from foundation import keys


@pytest.fixture(autouse=True)
def _old_and_new(settings):
    settings.MASTER_KEY, settings.MASTER_KEY_FALLBACKS = "the key of today, which is long enough", []


def test_what_is_sealed_can_be_read_again():
    sealed = keys.seal("mfa", "JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert keys.unseal("mfa", sealed) == "JBSWY3DPEHPK3PXP"


def test_another_purpose_cannot_read_it():
    with pytest.raises(keys.Unreadable):
        keys.unseal("files", keys.seal("mfa", "secret"))


def test_an_altered_text_is_refused():
    sealed = keys.seal("mfa", "secret")
    flipped = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    with pytest.raises(keys.Unreadable):
        keys.unseal("mfa", flipped)


def test_after_a_rotation_the_old_key_still_reads_and_can_then_go(settings):
    sealed = keys.seal("mfa", "secret")
    settings.MASTER_KEY_FALLBACKS, settings.MASTER_KEY = [settings.MASTER_KEY], "the key of tomorrow, long enough too"
    assert keys.unseal("mfa", sealed) == "secret"
    anew = keys.reseal("mfa", sealed)
    settings.MASTER_KEY_FALLBACKS = []
    assert keys.unseal("mfa", anew) == "secret"
    with pytest.raises(keys.Unreadable):
        keys.unseal("mfa", sealed)


def test_a_key_is_named_without_telling_it():
    one, other = keys.ring("files")[0], keys.ring("mfa")[0]
    assert len(keys.key_id(one)) == 16
    assert keys.key_id(one) != keys.key_id(other)
    assert keys.key_id(one) not in one.hex()

"""Bundles, verified as an auditor would: by the shipped script, in a process of its own, without our code."""

import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from foundation.trail import anchors, bundle, merkle, seal
from foundation.trail.ceremonies import acknowledge_restore, replace_lost, rotate
from foundation.trail.erase import erase
from foundation.trail.log import Anchor, Block, Key, Tile
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint, Note, b64, unb64
from foundation.trail.origin import origin

pytestmark = pytest.mark.django_db

ALWAYS = (0, 2**62)


@pytest.fixture
def sealed(log):
    with origin(via="page", ip="203.0.113.9", user_agent="Firefox of Petra"):
        for count in (3, 1, 5, 2):
            log.block(count)
    return log


def made(log, *, period=ALWAYS, ids=None, **options):
    path = log.folder / "bundle.zip"
    with path.open("wb") as file:
        if ids is None:
            bundle.export_period(file, *period, **options)
        else:
            bundle.export_entries(file, ids, **options)
    return path


def check(path, *, key=None, earlier=()):
    """What the script says of a bundle, taken out of the bundle itself and run without Django in reach."""
    script = path.parent / "taken" / "verify_bundle.py"
    with zipfile.ZipFile(path) as opened:
        script.parent.mkdir(exist_ok=True)
        script.write_bytes(opened.read("verify_bundle.py"))
    words = ["--key", key] if key else []
    for number, note in enumerate(earlier):
        (path.parent / f"earlier-{number}.txt").write_text(note)
        words += ["--checkpoint", str(path.parent / f"earlier-{number}.txt")]
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(path), *words], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def altered(path, name, change):
    """A copy of the bundle with one of its files changed."""
    copy = path.with_name("altered.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for part in old.namelist():
            text = old.read(part).decode()
            new.writestr(part, change(text) if part == name else text)
    return copy


def head(path, **changes):
    return altered(path, "bundle.json", lambda text: json.dumps(json.loads(text) | changes))


def key():
    return Key.objects.order_by("id").first().text


def test_the_script_is_short_and_needs_nothing_of_ours():
    text = bundle.SCRIPT.read_text()
    assert len(text.splitlines()) < 260
    assert "django" not in text.lower()
    assert "foundation" not in text


@pytest.mark.parametrize("private", [False, True])
def test_a_period_verifies_with_key_and_earlier_checkpoint(sealed, private):
    earlier = Block.objects.get(pk=2).note
    path = made(sealed, earlier=[Checkpoint.read(earlier)], private=private)
    code, said = check(path, key=key(), earlier=[earlier])
    assert (code, said.count("Holds:")) == (0, 4)
    assert "12 disclosed entries" in said
    assert "0 of them are withheld" in said
    assert said.count("ot proven") == 0 or "Not proven" not in said
    assert ("Firefox" in zipfile.ZipFile(path).read("events.jsonl").decode()) is private


def test_what_cannot_be_proven_is_said(sealed):
    code, said = check(made(sealed))
    assert code == 0
    assert "Not proven: who made this" in said
    assert "only a --checkpoint received earlier" in said


def test_a_part_of_the_log_says_how_much_is_withheld(sealed):
    for at, entry in enumerate(Entry.objects.order_by("id")):
        assert entry.at > at
    middle = sorted(Entry.objects.values_list("at", flat=True))[5]
    path = made(sealed, period=(middle, middle + 1))
    code, said = check(path, key=key())
    assert code == 0
    assert "1 disclosed entries" in said
    assert "the range has 5 entries; 4 of them are withheld" in said


@pytest.mark.parametrize("which", [0, 3, 4, 11])
def test_single_entries_verify(sealed, which):
    number = sorted(Entry.objects.values_list("pk", flat=True))[which]
    code, said = check(made(sealed, ids=[number]), key=key())
    assert code == 0
    assert "1 disclosed entries" in said
    assert "Not proven: that these are all entries" in said


def test_every_checkpoint_that_was_mailed_is_provable_without_being_asked_for(sealed):
    old = Block.objects.get(pk=1)
    Anchor.objects.create(kind="mail", size=old.size, sha256="0" * 64, at=1)
    assert check(made(sealed), earlier=[old.note])[0] == 0
    single = [Entry.objects.earliest("id").pk]
    assert check(made(sealed, ids=single), earlier=[old.note])[0] == 0
    code, said = check(made(sealed, ids=single), earlier=[Block.objects.get(pk=3).note])
    assert code == 1
    assert "no proof from size" in said


def test_a_period_proves_every_checkpoint_that_it_holds_the_leaves_of(sealed):
    path = made(sealed)
    for block in Block.objects.all():
        code, said = check(path, key=key(), earlier=[block.note])
        assert (code, f"begins with the {block.size} entries" in said) == (0, True), said
        forged = block.note.replace(b64(block.checkpoint.root), b64(bytes(32)))
        code, said = check(path, earlier=[forged])
        assert (code, "rewritten" in said) == (1, True), said


def test_erased_values_leave_bundles_provable(sealed, admin):
    erase(Entry.objects.filter(pk__lte=Entry.objects.first().pk), actor=admin, reason="Request 12")
    assert check(made(sealed, private=True), key=key())[0] == 0


# ---- what was altered is rejected ------------------------------------------------------------------------------------


def first_event(change):
    def changed(text):
        first, *rest = text.splitlines(keepends=True)
        event = json.loads(first)
        change(event)
        return "".join([json.dumps(event) + "\n", *rest])

    return changed


ALTERATIONS = {
    "an edited entry": (
        "events.jsonl",
        first_event(lambda event: event.update(leaf=event["leaf"].replace("ok", "no"))),
    ),
    "another index": ("events.jsonl", first_event(lambda event: event.update(index=event["index"] + 1))),
    "another personal part": ("events.jsonl", first_event(lambda event: event.update(private='{"ip":"1.2.3.4"}'))),
    "a leaf too few": ("leaves.txt", lambda text: "".join(text.splitlines(keepends=True)[:-1])),
    "a leaf too many": ("leaves.txt", lambda text: text + text.splitlines(keepends=True)[0]),
    "an altered leaf": ("leaves.txt", lambda text: "00" + text[2:]),
    "two leaves swapped": ("leaves.txt", lambda text: "".join(sorted(text.splitlines(keepends=True)))),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_period_is_rejected(sealed, name):
    path = made(sealed, private=True)
    code, said = check(altered(path, *ALTERATIONS[name]), key=key())
    assert (code, "DOES NOT HOLD" in said) == (1, True), said


@pytest.mark.parametrize("name", list(ALTERATIONS)[:3])
def test_an_altered_single_entry_is_rejected(sealed, name):
    path = made(sealed, ids=[Entry.objects.first().pk], private=True)
    assert check(altered(path, *ALTERATIONS[name]))[0] == 1


@pytest.mark.parametrize(
    "change", [lambda proof: proof[:-1], lambda proof: [*proof, "00" * 32], lambda proof: proof[::-1]]
)
def test_a_short_long_or_shuffled_proof_is_rejected(sealed, change):
    path = made(sealed, ids=[Entry.objects.first().pk])
    wrong = altered(path, "events.jsonl", first_event(lambda event: event.update(proof=change(event["proof"]))))
    assert check(wrong)[0] == 1
    old = Block.objects.get(pk=2)
    path = made(sealed, ids=[Entry.objects.first().pk], earlier=[old.checkpoint])
    assert check(path, earlier=[old.note])[0] == 0
    proofs = {str(old.size): change([one.hex() for one in merkle.consistency(bundle.Proofs().node, old.size, 12)])}
    assert check(head(path, consistency=proofs), earlier=[old.note])[0] == 1


def test_a_changed_size_or_root_or_key_is_rejected(sealed):
    path, note = made(sealed), Block.objects.latest("id").note
    size, root = Checkpoint.read(note).size, Checkpoint.read(note).root
    assert check(head(path, checkpoint=note.replace(f"\n{size}\n", f"\n{size + 1}\n")), key=key())[0] == 1
    assert check(head(path, checkpoint=note.replace(b64(root), b64(bytes(32)))), key=key())[0] == 1
    later = note.replace("sealed 2", "sealed 1")
    assert check(head(path, checkpoint=later))[0] == 0  # the time is not in the tree…
    assert check(head(path, checkpoint=later), key=key())[0] == 1  # …but it is signed
    other = "else+" + key().split("+", 1)[1]
    assert check(path, key=other)[0] == 1
    assert check(path, key="nonsense")[0] == 2


def test_an_earlier_checkpoint_of_another_log_is_rejected(sealed):
    path, old = made(sealed), Block.objects.get(pk=2)
    path = made(sealed, earlier=[old.checkpoint])
    forged = old.note.replace(b64(old.checkpoint.root), b64(bytes(32)))
    code, said = check(path, earlier=[forged])
    assert code == 1
    assert "rewritten" in said
    code, said = check(path, earlier=[old.note.replace(old.checkpoint.origin, "example.org/trail/1")])
    assert code == 1
    assert "another log" in said


def test_what_is_no_bundle_cannot_be_read(sealed):
    path = made(sealed)
    assert check(altered(path, "bundle.json", lambda _: "{}"))[0] == 2
    assert check(head(path, format="else"))[0] == 1


# ---- keys, restores --------------------------------------------------------------------------------------------------


def test_the_old_key_leads_to_the_new_one(sealed):
    old = key()
    rotate(reason="Yearly")
    sealed.block()
    rotate(reason="Again")
    sealed.block(2)
    path = made(sealed)
    code, said = check(path, key=old)
    assert code == 0, said
    assert check(path, key=Key.objects.order_by("id").last().text)[0] == 0
    forged = json.loads(zipfile.ZipFile(path).read("bundle.json"))["keys"]
    forged[0]["leaf"] = forged[0]["leaf"].replace("trail.key_rotated", "trail.key_stolen")
    assert check(head(path, keys=forged), key=old)[0] == 1
    assert check(head(path, keys=[]), key=old)[0] == 1


def test_what_replaced_a_lost_key_must_be_told_and_keeps_earlier_checkpoints_provable(sealed):
    old, earlier = key(), Block.objects.latest("id").note
    for path in sealed.keys.glob("*.pem"):
        path.unlink()
    replace_lost(reason="The disk with the keys failed")
    sealed.block()
    rotate(reason="Yearly")
    path = made(sealed, earlier=[Checkpoint.read(earlier)])
    new = Key.objects.order_by("id")[1].text
    code, said = check(path, key=new, earlier=[earlier])
    assert (code, said.count("Holds:")) == (0, 4)
    code, said = check(path, key=old, earlier=[earlier])
    assert (code, "is not signed by your key" in said) == (1, True)


def test_a_bundle_cannot_write_on_the_auditors_screen(sealed):
    path = made(sealed)
    note = json.loads(zipfile.ZipFile(path).read("bundle.json"))["checkpoint"]
    code, said = check(head(path, checkpoint=f"\x1b[2J\r{note}"))
    assert code == 0  # nobody's key was asked for
    assert "\x1b" not in said


def test_after_a_restore_what_was_kept_is_provable_and_what_was_lost_is_not(sealed):
    kept = Block.objects.latest("id").note
    with sealed.forgotten():
        lost = sealed.block(3).note
    acknowledge_restore(reason="Disk failed")
    sealed.block()
    path = made(sealed, earlier=[Checkpoint.read(kept)])
    assert check(path, earlier=[kept])[0] == 0
    assert check(path, earlier=[lost])[0] == 1


# ---- what must not be exported ---------------------------------------------------------------------------------------


def test_what_is_not_sealed_cannot_be_proven(sealed):
    [number] = sealed.add()
    with pytest.raises(bundle.NotSealed):
        made(sealed, ids=[number])
    with pytest.raises(bundle.NotSealed):
        made(sealed, period=(1, 2))


def test_altered_tiles_prove_nothing(sealed):
    good = Tile.objects.get(level=0)
    Tile.objects.update(data=b"\x00" * len(good.data))
    with pytest.raises(seal.SealRefused):
        made(sealed)


def test_an_earlier_checkpoint_that_is_not_ours_is_refused(sealed):
    old = Block.objects.get(pk=2).checkpoint
    with pytest.raises(seal.SealRefused):
        made(sealed, earlier=[Checkpoint(old.origin, old.size, bytes(32))])


def test_leaves_are_numbered_across_late_entries(sealed):
    ids = [number for block in Block.objects.all() for number in seal.ids_of(block)]
    assert [bundle.index_of(number) for number in ids] == list(range(len(ids)))


# ---- the command -----------------------------------------------------------------------------------------------------


def test_prove_and_export_write_bundles_and_say_so_on_the_trail(sealed):
    number, out = Entry.objects.first().pk, sealed.folder / "out.zip"
    said = io.StringIO()
    call_command("trail", "prove", str(number), "--out", str(out), "--private", stdout=said)
    assert out.stat().st_mode & 0o077 == 0
    assert check(out, key=key())[0] == 0
    assert "1 entries, each with its proof" in said.getvalue()
    with pytest.raises(CommandError, match="exists"):
        call_command("trail", "prove", str(number), "--out", str(out), stdout=said)
    today = f"{Entry.objects.first().moment:%Y-%m-%d}"
    earlier = sealed.folder / "mine.txt"
    earlier.write_text(Block.objects.get(pk=2).note)
    out.unlink()
    call_command(
        "trail", "export", "--from", today, "--to", today, "--out", str(out), "--earlier", str(earlier), stdout=said
    )
    assert check(out, key=key(), earlier=[earlier.read_text()])[0] == 0
    told = [entry.facts["refs"] for entry in Entry.objects.filter(verb="trail.exported").order_by("pk")]
    assert told == [{"entries": [number]}, {"from": today, "to": today}]
    out.unlink()
    with pytest.raises(CommandError, match="No entry of this period"):
        call_command("trail", "export", "--from", "2001-01-01", "--to", "2001-01-02", "--out", str(out), stdout=said)
    assert not out.exists()


def test_a_tlog_proof_is_text_that_other_tools_read(sealed):
    number = Entry.objects.order_by("pk")[4].pk
    said = io.StringIO()
    call_command("trail", "prove", str(number), stdout=said)
    text, _, note = said.getvalue().partition("\n\n")
    first, index, *proof = text.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert note == anchors.newest()[1]  # type: ignore[index]
    assert Key.objects.get().public.signed(Note.read(note))
    entry, one = Entry.objects.get(pk=number), Checkpoint.read(note)
    at = int(index.removeprefix("index "))
    assert merkle.includes(entry.leaf_hash(), at, one.size, [unb64(part) for part in proof], one.root)


# ---- under an earlier checkpoint, and showing a part ---------------------------------------------------------------


def test_a_bundle_under_a_named_checkpoint_is_the_same_whatever_followed(sealed):
    under = Block.objects.get(pk=3)
    ids = sorted(Entry.objects.values_list("pk", flat=True))[: under.size]
    period, single = (made(sealed, under=under).read_bytes(), made(sealed, under=under, ids=ids).read_bytes())
    sealed.block(4)
    Anchor.objects.create(kind="mail", size=Block.objects.latest("id").size, sha256="0" * 64, at=1)
    assert made(sealed, under=under).read_bytes() == period
    again = made(sealed, under=under, ids=ids)
    assert again.read_bytes() == single
    code, said = check(again, key=key())
    assert (code, f"of size {under.size}" in said) == (0, True), said


def test_an_entry_sealed_after_the_named_checkpoint_is_refused(sealed):
    last = Entry.objects.latest("id").pk
    with pytest.raises(bundle.NotSealed):
        made(sealed, under=Block.objects.get(pk=2), ids=[last])


def test_what_is_not_shown_is_withheld_and_counted(sealed):
    odd = [pk for pk in Entry.objects.values_list("pk", flat=True) if pk % 2]
    path = made(sealed, shown=lambda ids: set(ids) & set(odd))
    code, said = check(path, key=key())
    assert code == 0
    assert f"{len(odd)} disclosed entries" in said
    assert f"{12 - len(odd)} of them are withheld" in said


def offline():
    loaded = importlib.util.spec_from_file_location("verify_bundle", bundle.SCRIPT)
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    return module


def test_signatures_hold_by_the_script_as_by_the_library():
    script = offline()
    for size in range(0, 90, 9):
        private, message = Ed25519PrivateKey.generate(), os.urandom(size)
        public, signature = private.public_key().public_bytes_raw(), private.sign(message)
        assert script.verified(public, signature, message)
        for at in (0, 31, 32, 63):
            wrong = bytearray(signature)
            wrong[at] ^= 1
            assert not script.verified(public, bytes(wrong), message)
        more = int.from_bytes(signature[32:], "little") + script.ORDER  # the same number once round
        assert not script.verified(public, signature[:32] + more.to_bytes(32, "little"), message)
        assert not script.verified(public, signature, message + b"x")
        assert not script.verified(public[:31], signature, message)
        assert not script.verified(b"\xff" * 32, signature, message)

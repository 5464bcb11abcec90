"""Verification: whole logs hold; each attack is found and named, or, where only an anchor can tell, with the anchor."""

import datetime
import io
import itertools
import shutil

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F

from foundation.accounts.models import User
from foundation.organisation.models import Holiday
from foundation.trail import anchors, guards, leaf, notes, seal, signing, verify
from foundation.trail.ceremonies import acknowledge_restore, rotate
from foundation.trail.erase import erase
from foundation.trail.keep import save
from foundation.trail.log import Anchor, Block, Gap, Key, Tile
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint
from foundation.trail.origin import origin
from foundation.trail.rebuild import rebuild
from foundation.trail.record import SYSTEM, draft, record
from foundation.trail.tiles import Tiles
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed(log):
    """Ten entries in five blocks, with addresses and history rows among them."""
    with origin(via="page", ip="203.0.113.9", user_agent="Firefox"):
        person = UserFactory(name="Petra Person", email="petra@example.com")
        log.block(2)
        person.title = "Engineer"
        save(person, actor=person, verb="user.updated")
        log.block(1)
    for _ in range(3):
        log.block(2)
    return log


def faults(**options):
    return verify.verify(**options).faults


def run(sql, *values):
    """What somebody does who may do everything in the database."""
    with guards.lifted(connection), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


def ids():
    return [number for block in Block.objects.all() for number in seal.ids_of(block)]


def without_anchor():
    anchors.path().unlink()
    run("DELETE FROM trail_anchor")


# ---- what holds ----------------------------------------------------------------------------------------------------


def test_a_whole_log_holds(sealed):
    report = verify.verify()
    assert report.faults == []
    assert report.entries == report.sealed == Entry.objects.count() == report.checkpoint.size
    assert report.anchors == Block.objects.count() == 5
    assert report.histories == 2
    assert report.since == Block.objects.get(pk=1)


def test_an_empty_log_holds_and_says_that_nothing_is_outside(log):
    report = verify.verify()
    assert (report.faults, report.entries, report.checkpoint) == ([], 0, None)
    assert any("No checkpoint outside" in note for note in report.notes)


def test_a_whole_company_holds(world, log):
    seal.seal_all()
    report = verify.verify()
    assert report.faults == []
    assert report.histories > 100


def test_small_batches_find_the_same(sealed, monkeypatch):
    from foundation.trail import walk

    monkeypatch.setattr(walk, "BLOCKS", 2)
    assert faults() == []


def test_erased_values_break_nothing(sealed, admin):
    erase(Entry.objects.filter(object_type="accounts.user"), actor=admin, reason="Request 12")
    assert faults() == []
    seal.seal_all()
    assert faults() == []


def test_a_personal_part_that_is_gone_without_an_erasure_is_a_fault(sealed):
    told = Entry.objects.filter(verb="user.updated").get()
    Entry.objects.filter(pk=told.pk).update(private=None, ip=None)
    assert f"Entry {told.pk} has lost its personal part, and no erasure tells of it." in faults()


def test_with_an_older_mac_key_among_the_fallbacks_all_holds(sealed, settings):
    old = settings.TRAIL_MAC_KEY
    settings.TRAIL_MAC_KEY = "another key that only ever authenticates entries"
    assert any("MAC" in fault for fault in faults())
    settings.TRAIL_MAC_KEY_FALLBACKS = [old]
    assert faults() == []
    sealed.block()
    assert faults() == []


def test_what_waits_is_no_fault_for_a_minute(sealed, monkeypatch):
    [number] = sealed.add()
    assert faults() == []
    monkeypatch.setattr(verify, "PATIENCE", -1)
    assert faults() == [f"Entry {number} has waited for sealing for more than a minute: is the worker running?"]


# ---- the tamper matrix (trail design 2.5) ---------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["at", "actor_id", "verb", "object_id", "outcome", "detail"])
def test_an_edited_row_is_named(sealed, column):
    number = ids()[3]
    value = {"at": 5, "actor_id": 7}.get(column, '{"reason":"another"}' if column == "detail" else "another")
    run(f"UPDATE trail_entry SET {column} = %s WHERE id = %s", value, number)
    assert f"Entry {number} was changed after it was sealed." in faults()
    assert any(fault.startswith(f"Entry {number} does not carry this installation's MAC") for fault in faults())


def test_what_no_entry_can_hold_is_named(sealed):
    number = ids()[3]
    run("UPDATE trail_entry SET detail = '{' WHERE id = %s", number)
    assert f"Entry {number} holds what no entry can hold." in faults()


def test_a_deleted_row_is_named(sealed):
    number = ids()[4]
    run("DELETE FROM trail_entry WHERE id = %s", number)
    assert f"Entry {number} was sealed and is gone." in faults()


def test_many_deleted_rows_are_one_sentence(sealed):
    gone = ids()[2:6]
    run(f"DELETE FROM trail_entry WHERE id IN ({', '.join(map(str, gone))})")
    assert any(f"{gone[0]}-{gone[-1]} were sealed and are gone." in fault for fault in faults())


def test_swapped_rows_are_named(sealed):
    """Each keeps a true MAC, which is over everything but the number."""
    one, other = ids()[3], ids()[5]
    run("UPDATE trail_entry SET id = -1 WHERE id = %s", one)
    run("UPDATE trail_entry SET id = %s WHERE id = %s", one, other)
    run("UPDATE trail_entry SET id = %s WHERE id = -1", other)
    assert f"Entries {one}, {other} were changed after they were sealed." in faults()


def test_a_backdated_forgery_is_named(sealed):
    """Somebody without the MAC key writes an entry into the past."""
    entry = draft("demo.loaded", SYSTEM)
    entry.at, entry.mac = 1_000_000, "0" * 64
    entry.save(force_insert=True)
    found = faults()
    assert any(fault.startswith(f"Entry {entry.pk} does not carry this installation's MAC") for fault in found)
    assert any(fault.startswith(f"Entry {entry.pk} has waited") for fault in found)
    assert seal.seal().block is None


def test_a_copied_row_is_named(sealed):
    number = ids()[3]
    names = ", ".join(str(field.column) for field in Entry._meta.concrete_fields if field.column != "id")
    run(f"INSERT INTO trail_entry ({names}) SELECT {names} FROM trail_entry WHERE id = %s", number)
    copy = Entry.objects.latest("id").pk
    assert f"Entries {number}, {copy} carry each other's MAC: some are copies." in faults()


def test_two_checkpoints_deleted_in_a_row_are_named(sealed):
    run("DELETE FROM trail_block WHERE id IN (2, 3)")
    found = faults()
    assert "Checkpoint 2-3 is gone." in found
    assert any("anchor file's checkpoint" in fault for fault in found)


def test_a_replaced_note_is_named(sealed):
    block = Block.objects.get(pk=3)
    key = signing.signer_of(Key.objects.get())
    run("UPDATE trail_block SET note = %s WHERE id = 3", notes.sign(str(Block.objects.get(pk=2).checkpoint), [key]))
    assert "Checkpoint 3 says something else in its row than in its signed note." in faults()
    other = Checkpoint(block.checkpoint.origin, block.size, bytes(32), block.more())
    run("UPDATE trail_block SET note = %s WHERE id = 3", notes.sign(str(other), [key]))
    found = faults()
    assert any(fault.startswith("Checkpoint 3: entries") for fault in found)
    assert any("Checkpoint 4 does not name the one before it" in fault for fault in found)


def test_a_note_that_nobody_can_read_is_named(sealed):
    run("UPDATE trail_block SET note = 'nothing' WHERE id = 3")
    assert "Checkpoint 3 cannot be read: its note was altered." in faults()


@pytest.mark.parametrize("column", ["ids", "count", "size", "min_id", "sealed_at", "previous"])
def test_an_altered_block_is_found(sealed, column):
    value = "1-999999999999" if column == "ids" else "x" if column == "previous" else 1
    run(f"UPDATE trail_block SET {column} = %s WHERE id = 3", value)
    found = faults()
    if column == "min_id":  # a hint for lookups, said by `ids` too
        assert found == ["Checkpoint 3 says other bounds than its entries have: its row was altered."]
    assert any("3" in fault for fault in found)


def test_an_entry_sealed_twice_is_found(sealed):
    block = Block.objects.get(pk=5)
    run("UPDATE trail_block SET ids = %s WHERE id = 5", Block.objects.get(pk=4).ids)
    assert any(f"Checkpoint {block.pk} seals entries" in fault and "second time" in fault for fault in faults())


def reseal(sealed, signer):
    """Make the whole log anew over what stands in the rows now, signed by `signer`."""
    frontier, before = verify.Walk(verify.Faults(), None, lambda _: None).tree, ""
    Tile.objects.all().delete()
    tiles = Tiles()
    for block in Block.objects.all():
        hashes = [leaf.leaf_hash(Entry.objects.get(pk=number)) for number in seal.ids_of(block)]
        tiles.append(frontier.size, hashes)
        frontier.extend(hashes)
        block.previous = notes.digest(before) if before else ""
        before = notes.sign(
            str(Checkpoint(block.checkpoint.origin, block.size, frontier.root(), block.more())), [signer]
        )
        run("UPDATE trail_block SET note = %s, previous = %s WHERE id = %s", before, block.previous, block.pk)


def test_resealing_without_the_key_is_named(sealed, settings, tmp_path):
    number = ids()[3]
    run("UPDATE trail_entry SET verb = 'page.read' WHERE id = %s", number)
    settings.TRAIL_KEYS_DIR = tmp_path / "attacker"
    other = signing.make("attacker")
    settings.TRAIL_KEYS_DIR = sealed.keys
    without_anchor()
    reseal(sealed, other)
    assert any("is not signed by the key that was valid" in fault for fault in faults())


def test_resealing_with_another_key_in_the_table_is_named(sealed, settings, tmp_path):
    settings.TRAIL_KEYS_DIR = tmp_path / "attacker"
    other = signing.make("attacker")
    settings.TRAIL_KEYS_DIR = sealed.keys
    without_anchor()
    run("UPDATE trail_key SET text = %s", str(other.public))
    reseal(sealed, other)
    found = faults()
    assert any("is not among those in TRAIL_KEYS_DIR" in fault for fault in found)
    assert any("was not introduced" in fault for fault in found)


def with_true_mac(number):
    """What a stolen MAC key allows."""
    run("UPDATE trail_entry SET mac = %s WHERE id = %s", leaf.mac_of(Entry.objects.get(pk=number)), number)


def test_an_edit_resealed_with_the_stolen_key_is_found_by_the_mac_and_by_the_anchor(sealed):
    number = ids()[6]
    run("UPDATE trail_entry SET verb = 'page.read' WHERE id = %s", number)
    reseal(sealed, signing.signer_of(Key.objects.get()))
    found = faults()
    assert any(fault.startswith(f"Entry {number} does not carry") for fault in found)
    assert any("is not on this log" in fault for fault in found)
    with_true_mac(number)
    found = faults()
    assert found
    assert all("is not on this log" in fault or "anchor file" in fault for fault in found)
    without_anchor()
    assert faults() == []  # with both keys stolen and no copy outside, nothing could tell


def cut_off(sealed):
    """The last two blocks and their entries are gone, as if they had never been."""
    last = ids()[Block.objects.get(pk=3).size :]
    run("DELETE FROM trail_block WHERE id > 3")
    run("DELETE FROM trail_anchor WHERE size > %s", Block.objects.get(pk=3).size)
    run(f"DELETE FROM trail_entry WHERE id IN ({', '.join(map(str, last))})")
    Gap.objects.all().delete()
    if connection.vendor == "sqlite":
        run("UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM trail_entry) WHERE name = 'trail_entry'")
    rebuild()


def test_a_cut_off_end_is_found_with_the_anchor(sealed):
    outside = Checkpoint.read(sealed.newest).size
    cut_off(sealed)
    found = faults()
    size = Block.objects.get(pk=3).size
    assert found
    assert any(f"of size {outside} (signed by our key), and the database ends at {size}" in fault for fault in found)
    with pytest.raises(seal.SealRefused):
        sealed.block()
    without_anchor()
    assert faults() == []


def test_an_old_copy_that_was_continued_is_found_with_the_anchor(sealed):
    said = anchors.path().read_text()
    cut_off(sealed)
    without_anchor()
    for _ in range(4):
        sealed.block(3)
    assert faults() == []
    anchors.path().write_text(said)
    found = faults()
    assert any("is not on this log: sealed entries were rewritten, or another copy" in fault for fault in found)
    with pytest.raises(seal.SealRefused):
        sealed.block()


def test_an_unsealed_row_that_was_edited_is_found_by_its_mac(sealed):
    [number] = sealed.add()
    run("UPDATE trail_entry SET verb = 'page.read' WHERE id = %s", number)
    assert any(fault.startswith(f"Entry {number} does not carry this installation's MAC") for fault in faults())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="On PostgreSQL a gap looks like a rollback")
def test_an_unsealed_row_that_was_removed_is_found_on_sqlite(sealed):
    number, _ = sealed.add(2)
    run("DELETE FROM trail_entry WHERE id = %s", number)
    seal.seal()
    assert faults() == [
        f"Entry {number} is missing and was never sealed: on SQLite no number is left out, so it was removed."
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="On PostgreSQL a gap is no fault anyway")
def test_gaps_that_were_brought_from_postgresql_are_no_fault_on_sqlite(sealed):
    number, last = sealed.add(2)
    run("DELETE FROM trail_entry WHERE id = %s", number)
    with transaction.atomic():
        record("backup.restored", SYSTEM, reason="Moving", refs={"database": "postgresql", "last_entry": [last, "00"]})
    gone, _ = sealed.add(2)
    run("DELETE FROM trail_entry WHERE id = %s", gone)  # after the move: nothing explains this one
    seal.seal()
    report = verify.verify()
    assert [fault.split(" and was never")[0] for fault in report.faults] == [f"Entry {gone} is missing"]
    assert any(f"1 numbers have no entry ({number})" in note for note in report.notes)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite leaves no gaps")
def test_a_gap_is_mentioned_on_postgresql(sealed):
    with sealed.forgotten(), transaction.atomic():
        record("demo.loaded", SYSTEM)
    sealed.block()
    report = verify.verify()
    assert report.faults == []
    assert any("1 numbers have no entry" in note for note in report.notes)


def test_a_corrupt_tile_does_no_harm_to_verification_and_can_be_made_anew(sealed):
    Tile.objects.update(data=b"x" * 32)
    assert faults() == []
    with pytest.raises(seal.SealRefused):
        sealed.block()
    assert rebuild() == Block.objects.latest("id").size
    sealed.block()
    assert faults() == []


def test_a_corrupt_tile_beside_an_edited_row_hides_only_which_one(sealed):
    block = Block.objects.get(pk=2)
    number = seal.ids_of(block)[0]
    run("UPDATE trail_entry SET verb = 'page.read' WHERE id = %s", number)
    with_true_mac(number)
    Tile.objects.update(data=b"x" * 32)
    assert f"Checkpoint 2: entries {block.ids} do not give its root, and the stored hashes don't either." in faults()
    with pytest.raises(seal.SealRefused, match="do not give its root"):
        rebuild()


# ---- guards (2.6), keys, anchors, personal parts, history ------------------------------------------------------------


@pytest.mark.parametrize("table", ["trail_entry", "trail_block", "trail_key", "trail_anchor"])
def test_a_missing_guard_is_named(sealed, table):
    with connection.cursor() as cursor:
        cursor.execute(guards.Guard(table, "DELETE", "").drop(connection.vendor))
    assert faults() == [
        f"The database guard guard_{table}_delete is missing or altered: `manage.py migrate` puts it back."
    ]


def test_a_rotation_verifies_exactly_at_its_size(sealed):
    at = rotate(reason="Yearly")
    assert faults() == []
    after = sealed.block()
    assert faults() == []
    old, new = (signing.signer_of(key) for key in Key.objects.order_by("id"))
    only_new = notes.sign(str(at.checkpoint), [new])
    run("UPDATE trail_block SET note = %s WHERE id = %s", only_new, at.pk)
    assert f"Checkpoint {at.pk} is not signed by the key that was valid at size {at.size}." in faults()
    run("UPDATE trail_block SET note = %s WHERE id = %s", at.note, at.pk)
    run("UPDATE trail_block SET note = %s WHERE id = %s", notes.sign(str(after.checkpoint), [old]), after.pk)
    assert f"Checkpoint {after.pk} is not signed by the key that was valid at size {after.size}." in faults()


def test_a_lost_key_is_replaced_and_verification_says_so_for_good(sealed):
    before = Block.objects.latest("id")
    said, satisfied = manage("keys", "rotate", "--lost", "--reason", "To be sure")
    assert (satisfied, "is not lost" in said) == (False, True)
    for path in sealed.keys.iterdir():
        path.unlink()
    waiting = sealed.add(2)
    with pytest.raises(signing.KeyLost):
        seal.seal()
    said, satisfied = manage("keys", "rotate", "--lost", "--reason", "The disk with the keys failed")
    assert (satisfied, "Tell it to everybody" in said) == (True, True)
    old, new = Key.objects.order_by("id")
    told = Entry.objects.get(verb="trail.key_replaced")
    assert (told.facts["refs"], new.valid_from) == ({"key": new.text}, before.size)
    sealed.block()
    assert set(waiting) <= set(ids())
    rotate(reason="Yearly")
    report = verify.verify()
    assert report.faults == []
    words = f"Key {new.public.id.hex()} took a lost key's place at size {before.size}"
    assert sum(note.startswith(words) for note in report.notes) == 1
    assert signing.known().count(old.public) == 1


def test_a_key_cannot_pass_for_one_that_replaced_a_lost_one(sealed):
    other = signing.make("somebody")
    Key.objects.create(text=str(other.public), valid_from=Block.objects.latest("id").size - 1, since=1)
    with transaction.atomic():
        record("trail.key_replaced", SYSTEM, refs={"key": str(other.public)})  # sealed by nobody
    assert any(f"Key {other.public.id.hex()} was not introduced" in fault for fault in faults())


def test_a_key_that_nobody_introduced_is_named(sealed):
    other = signing.make("somebody")
    Key.objects.create(text=str(other.public), valid_from=Block.objects.latest("id").size, since=1)
    assert any(f"Key {other.public.id.hex()} was not introduced" in fault for fault in faults())


def test_an_anchor_file_that_was_shortened_is_named(sealed):
    sealed.block()
    kept = sealed.anchors[-1]
    anchors.path().write_text(kept)
    assert any("lacks" in fault and "shortened or replaced" in fault for fault in faults())


def test_a_checkpoint_outside_that_nobody_signed_is_named(sealed):
    last = Checkpoint.read(sealed.newest)
    other = Checkpoint(last.origin, last.size + 5, bytes(32))
    anchors.write(f"{other}\n— nobody {notes.b64(b'x' * 68)}\n")
    assert any("signed by no key of ours" in fault for fault in faults())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("private = '{}'", "has another personal part than it had."),
        ("private = 'x'", "has another personal part than it had."),
        ("ip = '198.51.100.7'", "is found by another address than its personal part holds."),
        ("ip = NULL", "is found by another address than its personal part holds."),
    ],
)
def test_an_altered_personal_part_is_named(sealed, change, sentence):
    told = Entry.objects.filter(verb="user.updated").get()
    run(f"UPDATE trail_entry SET {change} WHERE id = %s", told.pk)
    assert f"Entry {told.pk} {sentence}" in faults()


def test_an_altered_history_row_is_named(sealed):
    told = Entry.objects.filter(verb="user.updated").get()
    User.history.filter(pk=told.facts["history"]["id"]).update(title="Director")
    assert faults()[0] == f"Entry {told.pk} tells of a history row that is not as it was."
    assert faults(history=False) == []


def test_a_missing_history_row_is_named(sealed):
    told = Entry.objects.filter(verb="user.updated").get()
    User.history.filter(pk=told.facts["history"]["id"]).delete()
    assert faults()[0] == f"Entry {told.pk} tells of a history row that is gone."


def test_a_history_row_that_no_entry_tells_of_is_named(sealed):
    row = User.history.first()
    row.pk, row.title = None, "Director"
    row.save(force_insert=True)
    assert faults()[0] == f"No entry tells of these rows of {row._meta.db_table}: {row.pk}."


def test_a_live_row_that_was_changed_past_the_program_is_named(sealed):
    person = User.objects.get()
    run("UPDATE accounts_user SET role = %s WHERE id = %s", "administrator", person.pk)
    assert faults() == [f"These rows of accounts_user are not as they were saved last: {person.pk}."]
    assert faults(history=False) == []


def test_a_live_row_whose_unrecorded_values_changed_is_as_it_was(sealed):
    run("UPDATE accounts_user SET password = %s", "!")
    assert faults() == []


def test_a_live_row_that_was_removed_is_named(sealed):
    holiday = save(Holiday(day=datetime.date(2027, 1, 1), name="New Year"), actor=SYSTEM, verb="holiday.created")
    run("DELETE FROM organisation_holiday WHERE id = %s", holiday.pk)
    assert faults() == [f"These rows of organisation_holiday are gone, and nothing is ever deleted: {holiday.pk}."]


def test_after_an_acknowledged_restore_all_holds_and_the_loss_is_said(sealed):
    with sealed.forgotten():
        sealed.block(3)
        sealed.block(2)
    assert any("its end was cut off, or an older copy" in fault for fault in faults())
    acknowledge_restore(reason="Disk failed")
    sealed.block()
    report = verify.verify()
    assert report.faults == []
    assert any(
        "2 checkpoints of the anchor file are about entries that a restore lost" in note for note in report.notes
    )


def test_a_second_restore_can_be_acknowledged_too(sealed):
    for _ in range(2):
        with sealed.forgotten():
            sealed.block(3)
        acknowledge_restore(reason="Disk failed")
        sealed.block()
    assert Block.objects.latest("id").checkpoint.log[1] == 3
    assert faults() == []


def test_a_restore_cannot_be_acknowledged_over_a_cut_that_went_deeper(sealed):
    with sealed.forgotten():
        sealed.block(3)
    acknowledge_restore(reason="Disk failed")
    last = Checkpoint.read(sealed.newest)
    other = Checkpoint(last.origin, last.size + 50, bytes(32))
    anchors.write(f"{other}\n— nobody {notes.b64(b'x' * 68)}\n")
    assert any("its end was cut off" in fault for fault in faults())


# ---- the command -----------------------------------------------------------------------------------------------------


def manage(*words):
    """What `manage.py trail …` prints, and whether it was satisfied."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("trail", *words, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue() + err.getvalue() + str(error), False
    except SystemExit:
        return out.getvalue() + err.getvalue(), False
    return out.getvalue() + err.getvalue(), True


def test_the_commands_say_what_they_did(sealed):
    sealed.add(3)
    assert manage("seal") == (f"Sealed 3 entries. {last_in_words()}\n", True)
    assert manage("seal") == ("Nothing waits to be sealed.\n", True)
    said, fine = manage("verify")
    assert fine
    assert "All of it holds." in said
    assert manage("checkpoint") == (Block.objects.latest("id").note, True)
    assert manage("anchor") == ("It stands there already.\n", True)
    without_anchor()
    assert manage("anchor")[1]
    said, fine = manage("keys", "rotate", "--reason", "Yearly")
    assert fine
    assert said.count("+") >= 4  # both keys
    assert not manage("keys", "rotate")[1]
    assert not manage("restore-ack", "--reason", "To be sure")[1]
    said, fine = manage("erase", "--subject", str(User.objects.get().pk), "--reason", "Request 12")
    assert (said.split(";")[0], fine) == ("Erased the personal parts of 2 entries", True)
    assert manage("verify")[1]


def last_in_words():
    block = Block.objects.latest("id")
    return f"Checkpoint {block.pk}: {block.size} leaves, sealed {block.moment:%Y-%m-%d %H:%M:%S} UTC."


def test_verify_says_a_sentence_for_each_fault_and_fails(sealed):
    number = ids()[3]
    run("DELETE FROM trail_entry WHERE id = %s", number)
    said, fine = manage("verify")
    assert not fine
    assert f"Entry {number} was sealed and is gone.\n" in said


def test_seal_names_what_it_left_out(sealed):
    [number] = sealed.add()
    run("UPDATE trail_entry SET verb = 'page.read' WHERE id = %s", number)
    said, fine = manage("seal")
    assert not fine
    assert f"entries {number}." in said


def test_the_doctor_names_what_is_wrong(sealed, settings):
    said, fine = manage("doctor")
    assert not fine
    assert "on the same disk as the data" in said  # in a test it is
    shutil.rmtree(sealed.keys)
    assert "does not hold the private key" in manage("doctor")[0]
    Tile.objects.all().delete()
    assert f"made anew from {Block.objects.latest('id').size} entries" in manage("doctor", "--rebuild")[0]


def test_after_each_attack_the_log_is_as_before_when_it_is_undone(sealed):
    """So that each test above shows its own attack and nothing else."""
    number = ids()[3]
    run("UPDATE trail_entry SET at = at + 1 WHERE id = %s", number)
    assert faults()
    Entry.objects.none()
    run("UPDATE trail_entry SET at = at - 1 WHERE id = %s", number)
    assert faults() == []
    assert [block.size for block in Block.objects.order_by(F("id"))] == sorted(
        itertools.accumulate(block.count for block in Block.objects.all())
    )
    assert Anchor.objects.count() == Block.objects.count() - 1

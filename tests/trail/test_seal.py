"""Sealing: every entry becomes a leaf once, whatever commits when, and nothing is signed over what is wrong."""

import itertools
import stat

import pytest
from django.db import connection, transaction

from foundation.trail import anchors, guards, leaf, merkle, notes, seal, signing
from foundation.trail.ceremonies import acknowledge_restore, rotate
from foundation.trail.log import Anchor, Block, Gap, Key, Tile, read_ranges, write_ranges
from foundation.trail.models import Entry
from foundation.trail.notes import Checkpoint, Note
from foundation.trail.record import SYSTEM, draft, record
from foundation.trail.tiles import Tiles

pytestmark = pytest.mark.django_db


def sealed():
    """The ids of all blocks, in leaf order."""
    return [number for block in Block.objects.all() for number in seal.ids_of(block)]


def insert(pk):
    """An entry that took its number earlier and commits only now."""
    entry = draft("demo.loaded", SYSTEM)
    entry.pk = pk
    entry.save(force_insert=True)


def root_of(ids):
    """The root over these entries' leaves, by the definition's own code."""
    tree = merkle.Frontier()
    tree.extend(leaf.leaf_hash(Entry.objects.get(pk=pk)) for pk in ids)
    return tree.root()


def test_the_first_sealing_makes_a_key_and_seals_what_is_there(log):
    ids = log.add(3)
    block = seal.seal().block
    assert (block.id, block.size, block.count) == (1, 4, 4)
    told = Entry.objects.get(verb="trail.key_introduced")
    assert seal.ids_of(block) == [*ids, told.pk] == sealed()
    key = Key.objects.get()
    assert told.facts["refs"] == {"key": key.text}
    assert key.public.signed(Note.read(block.note))
    assert block.checkpoint.root == root_of(sealed())
    assert block.checkpoint.size == 4
    assert block.checkpoint.told == {"sealed": notes.stamp(block.sealed_at), "previous": "-"}


def test_keys_are_files_that_only_we_can_read(log):
    log.block()
    assert stat.S_IMODE(log.keys.stat().st_mode) == 0o700
    [pem] = log.keys.glob("*.pem")
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    assert "PRIVATE KEY" in pem.read_text()
    assert signing.known() == [Key.objects.get().public]
    assert signing.loose() == []
    pem.chmod(0o644)
    assert len(signing.loose()) == 1


def test_no_part_of_the_private_key_is_in_the_database(log):
    log.block()
    [pem] = log.keys.glob("*.pem")
    body = pem.read_text().split("\n")[1]
    rows = [*Entry.objects.values_list(), *Key.objects.values_list(), *Block.objects.values_list()]
    assert body not in str(rows)


def test_each_block_names_the_one_before_and_every_pair_is_consistent(log):
    blocks = [log.block(count) for count in (1, 2, 1, 5, 300, 7)]
    for before, after in itertools.pairwise(blocks):
        assert after.previous == notes.digest(before.note)
        assert after.start == before.size
    node = Tiles().node
    for old, new in itertools.combinations(blocks, 2):
        proof = merkle.consistency(node, old.size, new.size)
        assert merkle.extends(old.size, new.size, proof, old.checkpoint.root, new.checkpoint.root)
    for block in blocks:
        assert block.checkpoint.root == root_of(sealed()[: block.size])


def test_every_leaf_has_a_proof_from_the_tiles(log):
    log.block(600)
    last, node = log.block(5), Tiles().node
    ids = sealed()
    for index in (0, 1, 255, 256, 511, 512, last.size - 1):
        proof = merkle.inclusion(node, index, last.size)
        hashed = leaf.leaf_hash(Entry.objects.get(pk=ids[index]))
        assert merkle.includes(hashed, index, last.size, proof, last.checkpoint.root)


def test_blocks_have_a_limit_and_sealing_goes_on_until_nothing_is_left(log, monkeypatch):
    monkeypatch.setattr(seal, "MOST", 10)
    log.add(25)
    assert [one.block.count for one in seal.seal_all() if one.block] == [10, 10, 6]
    assert sorted(sealed()) == sorted(Entry.objects.values_list("pk", flat=True))
    assert seal.seal().block is None


def test_nothing_new_makes_no_block(log):
    log.block()
    assert not seal.pending()
    assert seal.seal() == seal.Sealed()
    assert Block.objects.count() == 1


# ---- late commits --------------------------------------------------------------------------------------------------


def test_an_entry_that_commits_late_becomes_a_later_leaf(log):
    log.block()
    top = Entry.objects.latest("id").pk
    for number in (top + 2, top + 5, top + 6):
        insert(number)
    seal.seal()
    assert gaps(top) == [(1, 1), (3, 4)]
    insert(top + 4)
    insert(top + 1)
    insert(top + 7)
    block = seal.seal().block
    assert seal.ids_of(block) == [top + 1, top + 4, top + 7]
    assert gaps(top) == [(3, 3)]
    assert block.checkpoint.root == root_of(sealed())


def gaps(top):
    """The open gaps above `top`, counted from it (on PostgreSQL the sequence starts anywhere)."""
    found = Gap.objects.filter(first__gt=top).order_by("first")
    return [(gap.first - top, gap.last - top) for gap in found]


def test_a_wide_gap_costs_one_row_and_keeps_its_age(log):
    log.block()
    top = Entry.objects.latest("id").pk
    insert(top + 1_000_000)
    seal.seal()
    [gap] = Gap.objects.filter(first__gt=top)
    insert(top + 500)
    seal.seal()
    assert gaps(top) == [(1, 499), (501, 999_999)]
    assert set(Gap.objects.filter(first__gt=top).values_list("since", flat=True)) == {gap.since}


def test_a_gap_is_open_for_an_hour_and_a_sweep_finds_what_comes_later(log):
    log.block()
    top = Entry.objects.latest("id").pk
    insert(top + 3)
    seal.seal()
    Gap.objects.update(since=1)
    insert(top + 4)
    seal.seal()
    assert not Gap.objects.exists()
    insert(top + 2)
    assert seal.seal().block is None
    assert seal.sweep() == 1
    assert seal.sweep() == 0  # it waits already
    assert seal.ids_of(seal.seal().block) == [top + 2]
    assert seal.unsealed() == []


def test_what_others_sealed_in_between_is_not_sealed_again(log):
    log.add(3)
    first = seal.seal(most=2).block
    second = seal.seal(most=2).block
    assert sorted(sealed()) == sorted(set(sealed()))
    assert second.start == first.size


@pytest.mark.parametrize(
    ("told", "holes", "again"),
    [
        ([(1, 5)], [], []),
        ([(3, 5)], [(1, 2)], []),
        ([(3, 5), (8, 9), (1, 1)], [(2, 2), (6, 7)], []),
        ([(5, 9), (1, 4)], [], []),
        ([(1, 5), (5, 6)], [], [(5, 5)]),
        ([(1, 5), (8, 9), (4, 12)], [], [(4, 5), (8, 9)]),
        ([(10, 10), (2, 3), (5, 6), (1, 8)], [(9, 9)], [(2, 3), (5, 6)]),
    ],
)
def test_holes(told, holes, again):
    found = seal.Holes()
    assert [one for pair in told for one in found.fill(*pair)] == again
    assert found.ranges == holes


@pytest.mark.parametrize("text", ["", "x", "3-1", "1-2,2-3", "4,1", "1,2,", " 1", "01"])
def test_what_is_no_list_of_ids(text):
    with pytest.raises(ValueError, match=r"ranges|invalid"):
        read_ranges(text)


def test_ids_are_kept_as_ranges():
    assert write_ranges([(1, 4096), (4098, 4098)]) == "1-4096,4098"
    assert read_ranges("1-4096,4098") == [(1, 4096), (4098, 4098)]


# ---- what is wrong is not signed -----------------------------------------------------------------------------------


def test_an_entry_whose_mac_does_not_hold_is_left_out_and_named(log, caplog):
    good = log.block()
    [bad] = log.add()
    with guards.lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE trail_entry SET verb = 'page.read' WHERE id = %s", [bad])
    [fine] = log.add()
    done = seal.seal()
    assert done.altered == [bad]
    assert f"MAC does not hold: entries {bad}" in caplog.text
    assert seal.ids_of(done.block) == [fine]
    assert bad not in sealed()
    assert seal.unsealed() == [bad]
    assert done.block.start == good.size


def forge(*numbers):
    """Rows that somebody wrote past the program."""
    forged = [draft("demo.loaded", SYSTEM) for _ in numbers]
    for entry, number in zip(forged, numbers, strict=True):
        entry.pk, entry.mac = number, "0" * 64
    Entry.objects.bulk_create(forged)


def test_many_forged_rows_hold_no_genuine_one_up(log, monkeypatch):
    monkeypatch.setattr(seal, "MOST", 10)
    log.block()
    top = Entry.objects.latest("id").pk
    forge(*range(top + 1, top + 26))
    insert(top + 30)
    done = seal.seal()
    assert (seal.ids_of(done.block), len(done.altered)) == ([top + 30], 25)
    insert(top + 28)  # late, behind the forged rows, which lie in the same gap
    insert(top + 31)
    assert seal.ids_of(seal.seal().block) == [top + 28, top + 31]
    assert seal.seal().block is None
    assert seal.unsealed() == list(range(top + 1, top + 26))


def test_an_older_mac_key_still_counts(log, settings):
    log.add()
    settings.TRAIL_MAC_KEY_FALLBACKS = [settings.TRAIL_MAC_KEY]
    settings.TRAIL_MAC_KEY = "another key that only ever authenticates entries"
    log.add()
    assert seal.seal().altered == []
    settings.TRAIL_MAC_KEY_FALLBACKS = []
    log.add()
    assert seal.seal().altered == []


@pytest.mark.parametrize("level", [0, 1])
def test_over_an_altered_tile_nothing_is_signed(log, level):
    log.block(600)
    tile = Tile.objects.filter(level=level).order_by("-index").first()
    data = bytes(tile.data)
    Tile.objects.filter(pk=tile.pk).update(data=bytes([data[0] ^ 1]) + data[1:])
    log.add()
    with pytest.raises(seal.SealRefused, match="altered"):
        seal.seal()
    Tile.objects.filter(pk=tile.pk).update(data=data[:-1])
    with pytest.raises(seal.SealRefused, match="shorter"):
        seal.seal()
    Tile.objects.filter(pk=tile.pk).update(data=data)
    assert seal.seal().block.count == 1


def test_without_its_key_nothing_is_signed(log):
    log.block()
    for path in log.keys.glob("*.pem"):
        path.unlink()
    log.add()
    with pytest.raises(signing.KeyLost):
        seal.seal()
    assert Block.objects.count() == 1


# ---- anchors -------------------------------------------------------------------------------------------------------


def test_every_checkpoint_is_copied_outside_once(log):
    blocks = [log.block(), log.block(), log.block()]
    seal.seal()
    assert log.anchors == [block.note for block in blocks]
    assert Checkpoint.read(log.newest) == blocks[-1].checkpoint
    assert stat.S_IMODE(anchors.path().stat().st_mode) == 0o600
    assert [(anchor.kind, anchor.size) for anchor in Anchor.objects.order_by("id")] == [
        ("file", block.size) for block in blocks[:-1]
    ]


def test_a_crash_between_commit_and_anchor_is_made_good(log):
    first = log.block()
    said = anchors.path().read_text()
    second = log.block()
    anchors.path().write_text(said + "\n" + second.note[:70])  # cut off in the middle
    seal.seal()
    assert log.anchors == [first.note, second.note]
    third = log.block()
    assert log.anchors == [first.note, second.note, third.note]


def test_the_newest_anchor_is_found_in_a_long_file(log, monkeypatch):
    monkeypatch.setattr(anchors, "TAIL", 1500)
    blocks = [log.block() for _ in range(12)]
    assert Checkpoint.read(log.newest) == blocks[-1].checkpoint
    assert len(log.anchors) == 12


def test_behind_its_anchor_nothing_is_signed(log):
    """The database was put back to an earlier state, or its end was cut off."""
    log.block()
    with log.forgotten():
        log.block()
    log.add()
    with pytest.raises(seal.SealRefused, match=r"restore-ack"):
        seal.seal()
    assert Block.objects.count() == 1


def test_beside_its_anchor_nothing_is_signed(log):
    """Another copy of the database was continued and anchored: same size, other entries."""
    log.block()
    said = anchors.path().read_text()
    with log.forgotten():
        log.block(2)
        other = anchors.path().read_text()
    anchors.path().write_text(said)
    log.block(2)
    anchors.path().write_text(other)
    log.add()
    with pytest.raises(seal.SealRefused, match="not on this log"):
        seal.seal()


# ---- the two ceremonies --------------------------------------------------------------------------------------------


def test_a_new_key_is_introduced_by_the_old_one(log):
    log.block()
    block = rotate(reason="Yearly")
    old, new = Key.objects.order_by("id")
    told = Entry.objects.get(verb="trail.key_rotated")
    assert (told.facts["refs"], told.facts["reason"]) == ({"key": new.text}, "Yearly")
    assert seal.ids_of(block) == [told.pk]
    assert (new.valid_from, new.public.name) == (block.size, old.public.name)
    assert old.public.signed(Note.read(block.note))
    after = Note.read(log.block().note)
    assert new.public.signed(after)
    assert not old.public.signed(after)


def test_a_new_key_needs_a_reason(log):
    with pytest.raises(ValueError, match="reason"):
        rotate(reason=" ")
    assert not Key.objects.exists()


def restored(log):
    """A database that was put back by one block, with an entry that waited in the backup."""
    log.block()
    with log.forgotten():
        log.block(3)
    log.add()


def test_after_an_acknowledged_restore_another_log_goes_on(log):
    restored(log)
    before, lost = seal.head(), log.newest
    block = acknowledge_restore(reason="Disk failed on Tuesday")
    told = Entry.objects.get(verb="trail.restore_acknowledged")
    assert seal.ids_of(block) == [told.pk]
    assert told.facts["refs"] == {
        "checkpoint": lost,
        "origin": block.checkpoint.origin,
        "restored_size": before.size,
        "lost_size": Checkpoint.read(lost).size,
    }
    assert block.checkpoint.log == (before.checkpoint.log[0], 2)
    after = log.block()
    assert after.checkpoint.origin == block.checkpoint.origin
    assert sorted(sealed()) == sorted(Entry.objects.values_list("pk", flat=True))
    assert Checkpoint.read(log.newest) == after.checkpoint


def test_nothing_is_acknowledged_that_did_not_happen(log):
    log.block()
    with pytest.raises(ValueError, match="Nothing is to be acknowledged"):
        acknowledge_restore(reason="To be sure")
    restored(log)
    with pytest.raises(ValueError, match="reason"):
        acknowledge_restore(reason="")
    assert Block.objects.count() == 2


def test_a_database_that_was_rewritten_cannot_be_acknowledged_away(log):
    log.block()
    said = log.newest
    wrong = Checkpoint.read(said)
    anchors.path().write_text(said.replace(notes.b64(wrong.root), notes.b64(bytes(32))))
    with pytest.raises(seal.SealRefused, match="rewritten"):
        acknowledge_restore(reason="It was like that")


def test_an_empty_database_beside_old_anchors_needs_the_acknowledgement(log):
    with log.forgotten():
        log.block(3)
    log.add()
    with pytest.raises(seal.SealRefused, match="no checkpoint at all"):
        seal.seal()
    block = acknowledge_restore(reason="Everything was lost")
    assert block.checkpoint.log[1] == 2
    assert log.block().checkpoint.origin == block.checkpoint.origin
    assert sorted(sealed()) == sorted(Entry.objects.values_list("pk", flat=True))


# ---- guards --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["trail_block", "trail_key", "trail_anchor"])
def test_the_database_refuses_to_rewrite_the_log(log, table):
    log.block()
    log.block()
    columns = ", ".join(columns_of(table))
    attacks = [f"UPDATE {table} SET id = id + 100", f"DELETE FROM {table}"]
    if connection.vendor == "sqlite":
        rest = columns.replace("id, ", "", 1)
        attacks += [
            f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}",
            f"INSERT OR REPLACE INTO {table} (rowid, {rest}) SELECT rowid, {rest} FROM {table}",
        ]
    else:
        attacks.append(f"TRUNCATE {table}")
    for attack in attacks:
        with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)
    assert guards.missing(connection) == []


def columns_of(table):
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def test_a_record_is_sealed_with_what_it_says(log):
    with transaction.atomic():
        record("demo.loaded", SYSTEM, refs={"text": "ä € 😀 \u2028 \x00".replace("\x00", "")}, private={"a": "b"})
    block = seal.seal().block
    assert block.checkpoint.root == root_of(sealed())

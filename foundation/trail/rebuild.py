"""Making the tiles anew from the entries, held against every signed root on the way."""

from django.db import transaction

from foundation.trail import leaf, merkle, seal
from foundation.trail.log import Block, Tile, numbers, read_ranges
from foundation.trail.seal import SealRefused
from foundation.trail.tiles import Tiles
from foundation.trail.walk import fetch


def rebuild() -> int:
    """Replace all tiles; return their leaves. Raises SealRefused where entries don't give a signed root."""
    with transaction.atomic(durable=True):
        seal.lock()
        Tile.objects.all().delete()
        tree, tiles = merkle.Frontier(), Tiles()
        for block in Block.objects.order_by("id").iterator(chunk_size=100):
            hashes = _leaves(block)
            tiles.append(tree.size, hashes)
            tree.extend(hashes)
            if tree.size != block.size or tree.root() != block.checkpoint.root:
                raise SealRefused(
                    f"The entries of checkpoint {block.id} do not give its root: `manage.py trail verify` names them. "
                    "Nothing was changed."
                )
        return tree.size


def _leaves(block: Block) -> list[bytes]:
    ranges = read_ranges(block.ids)
    rows = fetch(ranges)
    found = [rows[number] for number in numbers(ranges) if number in rows]
    return [merkle.leaf_hash(leaf.bodies(row[: len(leaf.COLUMNS)])[0]) for row in found]

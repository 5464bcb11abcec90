"""Draw a sample from a population again, without Countersign. Python 3.9 or later, nothing else to install.

Give it the population's CSV as downloaded from its page, and the seed, size and method that the sample's page shows:

    python3 draw_sample.py population.csv --size 25 --seed 3f9c... [--method random|systematic]

It prints the SHA-256 of the file, to be compared with the one on the population's page, and the chosen keys, each
with its position. The order of the rows in the file makes no difference.

random:     every key is ranked by HMAC-SHA256(seed, key); the lowest ones are the sample, lowest first.
systematic: the rows are put in order of day, then key; from a start, HMAC-SHA256(seed, "start") mod N, every k-th row
            is taken, going round at the end, where k = N // size.
"""

import argparse
import csv
import hashlib
import hmac
import io
import pathlib
import sys

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def unguarded(cell: str) -> str:
    """Take off the apostrophe that keeps spreadsheets from running a cell that begins like a formula."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(SIGNS) else cell


def mac(seed: str, text: str) -> str:
    """HMAC-SHA256 of the text under the seed, both in UTF-8, as hex."""
    return hmac.new(seed.encode("utf-8"), text.encode("utf-8"), hashlib.sha256).hexdigest()


def keys_of(data: bytes) -> list[str]:
    """The keys of a population's CSV in canonical order: by day, then by key. The first two columns are key and day."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    if not rows or rows[0][:2] != ["key", "day"]:
        raise SystemExit("The first line must begin with: key,day")
    cells = [(row[1], unguarded(row[0])) for row in rows[1:] if row]
    return [key for day, key in sorted(cells)]


def draw(keys: list[str], size: int, seed: str, method: str = "random") -> list[tuple[int, str]]:
    """The sample as a list of (position, key); `keys` in canonical order, positions count from 1."""
    total = len(keys)
    if not 1 <= size <= total:
        raise SystemExit(f"The size must be between 1 and {total}.")
    if method == "random":
        ranked = sorted((mac(seed, key), key, position) for position, key in enumerate(keys, 1))
        return [(position, key) for _, key, position in ranked[:size]]
    start, step = int(mac(seed, "start"), 16) % total, total // size
    places = [(start + number * step) % total for number in range(size)]
    return [(place + 1, keys[place]) for place in places]


def main() -> None:
    """Read the command line and print the sample."""
    parser = argparse.ArgumentParser(description="Draw a sample from a population's CSV again.")
    parser.add_argument("population", help="the CSV of the population")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--method", choices=("random", "systematic"), default="random")
    asked = parser.parse_args()
    data = pathlib.Path(asked.population).read_bytes()
    keys = keys_of(data)
    sys.stderr.write(f"SHA-256 {hashlib.sha256(data).hexdigest()}, {len(keys)} rows\n")
    for position, key in draw(keys, asked.size, asked.seed, asked.method):
        sys.stdout.write(f"{position}\t{key}\n")


if __name__ == "__main__":
    main()

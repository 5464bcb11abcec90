"""Cuts Inter down to what the product writes, once for each version of it: one file for browsers, three for paper."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

SOURCE = ("fontpkg_inter", "files/Inter[opsz,wght].ttf")
# What people's names and policies are written in: Latin with Vietnamese, Greek, Cyrillic; and the signs our pages use.
RANGES = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x218, 0x21B), (0x1EA0, 0x1EF9), (0x370, 0x3FF), (0x400, 0x45F), (0x490, 0x491),
    (0x2010, 0x2044), (0x20AC, 0x20AC), (0x2122, 0x2122), (0x2190, 0x2193), (0x2212, 0x2212), (0x2248, 0x2248),
    (0x2260, 0x2265), (0x25CF, 0x25CF), (0x2713, 0x2717),
)  # fmt: skip
FEATURES = ("kern", "liga", "ccmp", "locl", "mark", "mkmk", "tnum")
OPTICAL_SIZE = 14  # pinned: one drawing for all sizes saves a third of the file
# Paper gets fixed weights: shaping a variable font costs a sixth of a PDF's time (benchmarks/pdf.py).
PAPER_WEIGHTS = (400, 600, 700)


def make_fonts(folder: Path) -> bool:
    """Write fonts/inter.woff2 (all weights) and fonts/inter-400.ttf … into `folder`; False when they are there."""
    target = folder / "fonts"
    stamp = target / "inter.txt"
    wanted = f"{version('fontpkg-inter')} {RANGES} {FEATURES} {OPTICAL_SIZE} {PAPER_WEIGHTS}"
    if stamp.exists() and stamp.read_text() == wanted:
        return False

    from fontTools import subset, ttLib  # a second to load, and only the first start needs it
    from fontTools.varLib import instancer

    target.mkdir(parents=True, exist_ok=True)
    font = ttLib.TTFont(str(files(SOURCE[0]).joinpath(SOURCE[1])))
    cutter = subset.Subsetter(subset.Options(layout_features=list(FEATURES), notdef_outline=True, hinting=False))
    cutter.populate(unicodes=[point for first, last in RANGES for point in range(first, last + 1)])
    cutter.subset(font)
    font = instancer.instantiateVariableFont(font, {"opsz": OPTICAL_SIZE})
    for weight in PAPER_WEIGHTS:
        instancer.instantiateVariableFont(font, {"wght": weight}).save(target / f"inter-{weight}.ttf")
    font.flavor = "woff2"
    font.save(target / "inter.woff2")
    stamp.write_text(wanted)
    return True

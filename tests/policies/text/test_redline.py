"""Two texts compared: what is shown gives both texts back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.redline import Part, Row, folded, lines, rows, steps
from tests.factories.texts import KINDS, hard_pair

pytestmark = pytest.mark.any_database


def side(found, *kinds):
    """The lines that one side shows."""
    drawn = {"old": {"equal", "deleted", "changed"}, "new": {"equal", "inserted", "changed"}}[kinds[0]]
    wanted = {"equal", "deleted" if kinds[0] == "old" else "inserted"}
    return ["".join(part.text for part in row.parts if part.kind in wanted) for row in found if row.kind in drawn]


def marks(row):
    signs = {"equal": "{}", "deleted": "[-{}-]", "inserted": "[+{}+]"}
    return "".join(signs[part.kind].format(part.text) for part in row.parts)


def test_a_change_within_a_line_is_shown_by_its_words():
    found = rows(
        "# Access\n\nThe owner reviews access every 30 days for the head.\nOld line\nsame",
        "# Access\n\nThe system owner reviews access every 90 days for the lead.\nBrand new words\nsame\nmore",
    )
    assert [(row.kind, row.old, row.new, marks(row)) for row in found] == [
        ("equal", 1, 1, "# Access"),
        ("equal", 2, 2, ""),
        ("changed", 3, 3, "The [+system +]owner reviews access every [-30-][+90+] days for the [-head-][+lead+]."),
        ("deleted", 4, None, "[-Old line-]"),
        ("inserted", None, 4, "[+Brand new words+]"),
        ("equal", 5, 5, "same"),
        ("inserted", None, 6, "[+more+]"),
    ]  # fmt: skip


def test_chinese_is_compared_sign_by_sign():
    (row,) = rows("本政策适用于所有员工。", "本政策适用于所有承包商。")
    assert marks(row) == "本政策适用于所有[-员工-][+承包商+]。"


def test_arabic_is_compared_word_by_word():
    (row,) = rows("يجب على المالك مراجعة الوصول", "يجب على المدير مراجعة الوصول")
    assert marks(row) == "يجب على [-المالك-][+المدير+] مراجعة الوصول"


def test_words_of_one_place_are_not_torn_apart():
    (row,) = rows(
        "Keys are kept by the owner of a system at all times.", "Keys are changed with no word to one at all times."
    )
    assert marks(row).count("[+") == 1


def test_equal_texts_have_only_equal_rows():
    assert {row.kind for row in rows("a\nb\n", "a\r\nb\r\n")} == {"equal"}
    assert rows("", "") == []


def test_a_text_from_nothing_is_all_new():
    assert rows("", "a") == [Row("inserted", (Part("inserted", "a"),), None, 1)]
    assert rows("a", "") == [Row("deleted", (Part("deleted", "a"),), 1, None)]


def test_far_lines_are_folded():
    old = "\n".join(f"Line {number}" for number in range(100))
    found = folded(rows(old, old.replace("50", "fifty")), around=2)
    assert [(row.kind, row.count) for row in found] == [
        ("fold", 48), ("equal", 0), ("equal", 0), ("changed", 0), ("equal", 0), ("equal", 0), ("fold", 47),
    ]  # fmt: skip
    assert folded(rows("a", "a")) == [Row("fold", count=1)]


TEXTS = st.lists(
    st.sampled_from(["a", "b ", "the owner", " ", "\n", "\n\n", "政策", "30", ".", "\r\n", "é", "مرحبا"]), max_size=30
)


@given(TEXTS.map("".join), TEXTS.map("".join))
def test_both_texts_can_be_read_from_it(old, new):
    found = rows(old, new)
    assert side(found, "old") == lines(old)
    assert side(found, "new") == lines(new)
    assert [row.old for row in found if row.old] == list(range(1, len(lines(old)) + 1))
    assert [row.new for row in found if row.new] == list(range(1, len(lines(new)) + 1))
    for row in found:
        kinds = {part.kind for part in row.parts if part.text}
        assert row.kind == "changed" or kinds <= {row.kind}


@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_as_much_stays_as_can(old, new):
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for one, left in enumerate(old):
        for other, right in enumerate(new):
            both = table[one][other] + 1
            table[one + 1][other + 1] = both if left == right else max(table[one][other + 1], table[one + 1][other])
    assert sum(count for kind, count in steps(old, new) if kind == "equal") == table[-1][-1]


@pytest.mark.parametrize("kind", KINDS)
def test_huge_texts_are_given_back_whole(kind):
    """What comparing 200 KB with 200 KB costs, and how that grows: benchmarks/policies.py."""
    old, new = hard_pair(kind, 200_000)
    found = rows(old, new)
    assert side(found, "old") == lines(old)
    assert side(found, "new") == lines(new)

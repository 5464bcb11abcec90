"""Files as they come: every encoding, separator and trouble has one literal answer, and the line it is on."""

import csv
import datetime as dt
import io
import os
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.pages.imports.reading import read
from foundation.pages.imports.table import MOST_BYTES, Table, Unreadable
from foundation.pages.sheets import plain


def rows(table: Table) -> list[tuple[int, list[str]]]:
    return [(row.line, list(row.cells)) for row in table.rows]


def refused(data: bytes, *, encoding: str = "") -> str:
    with pytest.raises(Unreadable) as caught:
        read(data, encoding=encoding)
    return str(caught.value)


def workbook(*lines: Sequence[object], sheets: Sequence[str] = ("Controls",)) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheets[0]
    for line in lines:
        page.append(list(line))
    for name in sheets[1:]:
        book.create_sheet(name).append(["Other", name])
        book[name].append(["1", "2"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_mark_are_recognised(encoding: str) -> None:
    table = read("id,name\nA-1,Größe 🔐\n".encode(encoding))
    assert table.header == ["id", "name"]
    assert rows(table) == [(2, ["A-1", "Größe 🔐"])]


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_both_byte_orders_of_utf_16(mark: bytes) -> None:
    order = "utf-16-le" if mark == b"\xff\xfe" else "utf-16-be"
    assert rows(read(mark + "id;name\r\nA-1;é\r\n".encode(order))) == [(2, ["A-1", "é"])]


def test_western_bytes_are_only_read_as_such_when_a_person_says_so() -> None:
    data = "id,name\nA-1,plain\nA-2,Größe\n".encode("cp1252")
    assert refused(data) == (
        "Line 3: 0xF6 is not UTF-8. Save the file as “CSV UTF-8”, or upload it again and choose "
        "Western European (Windows-1252) as its encoding."
    )
    assert rows(read(data, encoding="cp1252"))[1] == (3, ["A-2", "Größe"])
    assert refused(b"id,name\nA-1,x\x81\n", encoding="cp1252").startswith("Line 2: 0x81 is no character")


def test_broken_bytes_name_their_line_whatever_ends_the_lines() -> None:
    assert refused(b"id,name\r\nA-1,a\r\nA-2,b\xff\r\n").startswith("Line 3: 0xFF is not UTF-8")
    assert refused(b"id,name\rA-1,a\rA-2,b\xff\r").startswith("Line 3: 0xFF")
    assert refused("id,name\nA,b".encode("utf-16") + b"\x00").startswith("Line 2:")


def test_lone_surrogates_are_refused_in_every_encoding() -> None:
    assert refused(b"id,name\nA-1,\xed\xa0\x80\n").startswith("Line 2: 0xED is not UTF-8")
    assert refused(b"\xff\xfe" + "id,name\nA-1,".encode("utf-16-le") + b"\x00\xd8\n\x00").startswith("Line 2:")


def test_nul_is_no_text() -> None:
    assert refused(b"id,name\nA-1,a\x00b\n").startswith("Line 2 holds a NUL character")
    assert refused("id,name\nA-1,b\n".encode("utf-16-le")).startswith("Line 1 holds a NUL character")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_recognised(separator: str) -> None:
    text = f'id{separator}name{separator}"a, b; c"\nA-1{separator}x{separator}y\n'
    table = read(text.encode())
    assert table.header == ["id", "name", "a, b; c"]
    assert rows(table) == [(2, ["A-1", "x", "y"])]


def test_a_spreadsheets_own_separator_line_is_obeyed_and_counted() -> None:
    assert rows(read(b"sep=;\nid;name\nA-1;x,y\n")) == [(3, ["A-1", "x,y"])]


def test_lines_are_counted_as_a_person_sees_them() -> None:
    data = b'id,name\n"A-1","two\nlines"\n\n,\nA-2,"x\r\ny"\nA-3,z'
    assert rows(read(data)) == [(2, ["A-1", "two\nlines"]), (6, ["A-2", "x\r\ny"]), (8, ["A-3", "z"])]


def test_an_open_quote_does_not_swallow_the_rest_of_the_file() -> None:
    assert refused(b'id,name\nA-1,"never closed\nA-2,b\nA-3,c\n') == "Line 2: a quote opens here and never closes."
    assert refused(b'id,name\nA-1,"a"b\n').startswith("Line 2: a quote stands in the middle of a cell.")


def test_short_rows_are_filled_and_long_ones_refused() -> None:
    assert rows(read(b"id,name,note\nA-1\nA-2,b,,,\n")) == [(2, ["A-1", "", ""]), (3, ["A-2", "b", ""])]
    assert refused(b"id,name\nA-1,b\nA-2,b,c\n").startswith("Line 3 has 3 cells and the header 2.")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\n \n,,\n", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b"id,name\n", "The file has headings and no rows below them."),
        (b"id,Name,name\n1,2,3\n", "Columns 2 and 3 are both called “name”. Rename one of them."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "This is a PNG picture. Choose a CSV or XLSX file."),
        (b"%PDF-1.7\n", "This is a PDF. Choose a CSV or XLSX file."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "This is an old Excel file (.xls); save it as .xlsx."),
        (b"PK\x03\x04 not really an archive", "The workbook is damaged or no XLSX file."),
    ],
)
def test_what_is_no_table_says_what_it_is(data: bytes, words: str) -> None:
    assert refused(data).startswith(words)


def test_headings_without_a_name_get_their_number() -> None:
    assert list(read(b"id,,note,,\nA-1,x,y\n").header) == ["id", "Column 2", "note"]


def test_limits_are_literal_and_name_the_line() -> None:
    assert refused(b"id,name\nA-1," + b"x" * 1_000_000 + b"\n").startswith("Line 2")
    assert (
        refused(b"id,name\nA-1," + b"x" * 40_000 + b"\n")
        == "Line 2, column 2: the cell has more than 32,767 characters."
    )
    assert refused(b"id\n" + b"x\n" * 10_001).startswith("The file has more than 10,000 rows.")
    assert refused(b",".join(b"c%d" % n for n in range(201)) + b"\n1\n").startswith("The file has 201 columns")
    assert refused(b",".join(b"c%d" % n for n in range(200)) + b"\n" + b"1\n" * 2_501).startswith(
        "The file has more than 500,000 cells."
    )
    assert refused(b"x" * (MOST_BYTES + 1)) == "The file is larger than 10 MB."
    assert len(read(b"id\n" + b"x\n" * 10_000).rows) == 10_000


def test_our_own_export_comes_back_as_it_was() -> None:
    assert rows(read("\ufeffRef,Name\r\nA-1,'=1+1\r\nA-2,'quoted'\r\n".encode())) == [
        (2, ["A-1", "=1+1"]),
        (3, ["A-2", "'quoted'"]),
    ]


def test_naughty_strings_are_only_text() -> None:
    naughty = [
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "\u202egnp.exe",
        "👩🏽‍🚀",
        "{{ 7*7 }}",
        "Robert'); DROP",
    ]
    out = io.StringIO()
    csv.writer(out).writerows([["id", "name"], *[[str(number), text] for number, text in enumerate(naughty)]])
    assert [row.cells[1] for row in read(out.getvalue().encode()).rows] == naughty


cells = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.just("key"), cells, cells), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_whatever_a_csv_writer_writes_is_read_back(body: list[tuple[str, str, str]], encoding: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["id", "name", "note"], *body])
    table = read(out.getvalue().encode(encoding))
    assert [list(row.cells) for row in table.rows] == [[plain(cell) for cell in row] for row in body]


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"id,name\n"]))
def test_any_bytes_are_read_or_refused_in_words(data: bytes, start: bytes) -> None:
    table = None
    with suppress(Unreadable):  # any other exception fails here
        table = read(start + data)
    assert table is None or all(len(row.cells) == len(table.header) for row in table.rows)


# ---- XLSX ----------------------------------------------------------------------------------------------------------


def test_a_workbook_reads_as_its_csv_would() -> None:
    table = read(
        workbook(
            ["id", "day", "moment", "number", "share", "yes"],
            ["A-1", dt.date(2026, 11, 21), dt.datetime(2026, 11, 21, 14, 5), 3, 0.5, True],  # noqa: DTZ001 (Excel knows no zone)
            [None] * 6,
            ["A-2", None, None, 4.0, None, False],
        )
    )
    assert list(table.header) == ["id", "day", "moment", "number", "share", "yes"]
    assert rows(table) == [
        (2, ["A-1", "2026-11-21", "2026-11-21 14:05:00", "3", "0.5", "yes"]),
        (4, ["A-2", "", "", "4", "", "no"]),
    ]


def test_formulas_are_not_calculated() -> None:
    """What a spreadsheet program stored as a result is read; a formula without one is refused, not taken for empty."""
    data = workbook(["id", "name"], ["A-1", "Plain"], ["A-2", "=1+1"])
    with pytest.raises(Unreadable, match="Line 3, column 2: this formula has no stored result"):
        read(data)
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"<f>1+1</f><v></v>" in sheet
    stored = sheet.replace(b"<v></v>", b"<v>2</v>")
    assert rows(read(repacked(data, xl__worksheets__sheet1=stored))) == [(2, ["A-1", "Plain"]), (3, ["A-2", "2"])]
    empty = sheet.replace(b'<c r="B3">', b'<c r="B3" t="str">')  # ="" has a result: no text
    assert empty != sheet
    assert rows(read(repacked(data, xl__worksheets__sheet1=empty))) == [(2, ["A-1", "Plain"]), (3, ["A-2", ""])]


def test_sheets_can_be_chosen() -> None:
    data = workbook(["id"], ["A-1"], sheets=("First", "Second"))
    assert read(data).sheets == ("First", "Second")
    assert read(data).sheet == "First"
    assert list(read(data, sheet="Second").header) == ["Other", "Second"]
    assert read(data, sheet="gone").sheet == "First"


def test_merged_cells_keep_their_value_in_the_first() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in (["id", "name"], ["A-1", "both"], ["A-2", None]):
        page.append(line)
    page.merge_cells("B2:B3")
    out = io.BytesIO()
    book.save(out)
    assert rows(read(out.getvalue())) == [(2, ["A-1", "both"]), (3, ["A-2", ""])]


def repacked(data: bytes, **members: bytes) -> bytes:
    """The workbook with members replaced or added (their names with / for __)."""
    replaced = {name.replace("__", "/") + ".xml": content for name, content in members.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, replaced.pop(name, old.read(name)))
        for name, content in replaced.items():
            new.writestr(name, content)
    return out.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked(workbook(["id"], ["A-1"]), xl__media__bomb=b"0" * 30_000_000)
    assert len(bomb) < 100_000
    assert refused(bomb).startswith("The workbook unpacks to 29 MB")


def test_a_workbook_too_large_to_unpack_is_refused_even_if_it_is_no_bomb() -> None:
    block = os.urandom(6_000) + bytes(59_536)  # farther apart than deflate looks back, so it packs to a tenth
    large = repacked(workbook(["id"], ["A-1"]), xl__worksheets__sheet1=block * 1_050)
    assert 6_000_000 < len(large) < MOST_BYTES
    assert refused(large).startswith("The workbook unpacks to 66 MB")


def test_an_entity_bomb_ends_in_words() -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 9))
    body = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{lines}]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&e8;</t></is></c></row></sheetData></worksheet>'
    )
    assert refused(repacked(workbook(["id"], ["A-1"]), xl__worksheets__sheet1=body.encode())).startswith(
        "The workbook is"
    )


def test_an_outside_entity_is_not_fetched() -> None:
    body = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY out SYSTEM "file:///etc/hostname">]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>[&out;]</t></is></c></row></sheetData></worksheet>'
    )
    data = repacked(workbook(["id"], ["A-1"]), xl__worksheets__sheet1=body.encode())
    assert refused(data).startswith("The workbook is damaged")


@pytest.mark.parametrize("member", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_a_workbook_without_a_part_is_damaged(member: str) -> None:
    whole = workbook(["id"], ["A-1"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
    assert refused(out.getvalue()).startswith("The workbook")


def test_a_workbook_cut_off_is_damaged() -> None:
    whole = workbook(["id"], ["A-1"])
    for length in range(10, len(whole), 400):
        assert refused(whole[:length]).startswith("The workbook is damaged")


def test_a_sheet_that_claims_a_million_rows_is_read_by_what_is_there() -> None:
    whole = workbook(["id"], ["A-1"])
    with zipfile.ZipFile(io.BytesIO(whole)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    lied = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', sheet)
    assert lied != sheet
    assert rows(read(repacked(whole, xl__worksheets__sheet1=lied))) == [(2, ["A-1"])]

"""CSV going out: cells no spreadsheet runs, and a stream that a machine reads back as it was."""

import csv
import datetime as dt
import io
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from foundation.organisation.models import Organisation, zone
from foundation.pages.sheets import file_name, json_file, plain, safe, stream
from foundation.trail.keep import save
from foundation.trail.record import SYSTEM


@pytest.fixture(autouse=True)
def _an_organisation(db: None) -> None:
    """Its demo mark is in the name of every download."""


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Backups are restored yearly", "Backups are restored yearly"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-5", "'-5"),
        (-5, "-5"),
        (Decimal("-5.50"), "-5.50"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1+1", "'＝1+1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("a=b", "a=b"),
        ("", ""),
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (dt.date(2026, 11, 21), "2026-11-21"),
        (dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC), "2026-11-21T14:05:00+00:00"),
    ],
)
def test_safe_cell(value: object, cell: str) -> None:
    assert safe(value) == cell


@given(st.text())
def test_plain_gives_back_what_safe_was_given(text: str) -> None:
    assert plain(safe(text)) == text
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_download_reads_once_what_each_row_asks() -> None:
    rows = ([zone()] for _ in range(30))
    with CaptureQueriesContext(connection) as captured:
        assert len(stream("Controls", ["Zone"], [rows]).getvalue().splitlines()) == 31
    assert len(captured) <= 2  # the organisation: for the file's name, and for the rows


def test_stream_is_rfc_4180_with_a_bom() -> None:
    response = stream("Controls", ["Ref", "Name"], [[["A-1", 'Say "no", twice\nor more']], [["A-2", "Ünïcode 🔐"]]])
    data = b"".join(response)
    assert data == ('\ufeffRef,Name\r\nA-1,"Say ""no"", twice\nor more"\r\nA-2,Ünïcode 🔐\r\n'.encode())
    assert response["Content-Type"].startswith("text/csv; charset=utf-8")
    assert response["Content-Disposition"] == 'attachment; filename="controls.csv"'
    assert response["X-Content-Type-Options"] == "nosniff"


def test_stream_without_rows_is_the_header() -> None:
    assert b"".join(stream("x", ["Ref", "=Name"], [])) == "\ufeffRef,'=Name\r\n".encode()


def test_demo_exports_say_so_in_their_name() -> None:
    save(Organisation(name="Invented Ltd", is_demo=True), actor=SYSTEM, verb="organisation.created")
    response = stream("controls", ["Ref"], [])
    assert response["Content-Disposition"] == 'attachment; filename="DEMO-controls.csv"'
    assert file_name("controls", "pdf") == "DEMO-controls.pdf"


def test_file_name_cannot_leave_its_header_or_folder() -> None:
    assert file_name('../../etc/x"\r\nSet-Cookie: a=b', "csv") == "etcx-set-cookie-ab.csv"
    assert file_name("…", "pdf") == "export.pdf"


def test_lone_surrogate_does_not_break_off_the_download() -> None:
    assert b"".join(stream("x", ["Ref"], [[["a\ud800b"], ["next"]]])).endswith(b"a?b\r\nnext\r\n")


def test_stream_keeps_one_chunk_in_memory() -> None:
    def chunks() -> Iterator[list[list[str]]]:
        for number in range(50):
            yield [[f"{number}-{row}", "words " * 50] for row in range(1000)]

    tracemalloc.start()
    size = sum(len(part) for part in stream("x", ["Ref", "Words"], chunks()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 15_000_000
    assert peak < 6_000_000


def test_a_machine_reads_back_the_same_rows() -> None:
    rows = [["A-1", "a,b;c\td"], ["A-2", "line\nbreak"], ["A-3", "'"]]
    text = b"".join(stream("x", ["Ref", "Words"], [rows])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == rows


def test_json_goes_out_as_the_very_bytes_to_be_kept_and_not_shown() -> None:
    pieces = [f"{number}\n".encode() for number in range(2500)]
    response = json_file("R-1 list", pieces)
    sent = list(response)
    assert b"".join(sent) == b"".join(pieces)
    assert len(sent) == 3
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="r-1-list.json"'
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "private, no-store")

"""Laying out a PDF fetches nothing: a real server stands ready to be asked, and is not."""

import datetime
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings

from foundation.accounts.models import User
from foundation.organisation.models import organisation
from foundation.pages.paper import PaperFailed, cover_for, html_for, paper_for, pdf_for
from tests.factories.controls import ControlFactory

WAYS = (
    '<img src="{url}/a.png" alt="x">',
    '<img src="{path}/a.png" alt="x">',  # //host
    '<img srcset="{url}/a.png 2x" src="{url}/b.png" alt="x">',
    '<link rel="stylesheet" href="{url}/a.css">',
    '<style>@import url("{url}/a.css");</style>',
    '<style>@font-face {{ font-family: f; src: url("{url}/a.woff2") }} p {{ font-family: f }}</style><p>x</p>',
    '<style>p {{ background: url("{url}/a.png") }}</style><p>x</p>',
    '<style>li {{ list-style-image: url("{url}/a.png") }}</style><ul><li>x</li></ul>',
    '<style>p::before {{ content: url("{url}/a.png") }}</style><p>x</p>',
    '<p style="background: url({url}/a.png)">x</p>',
    '<object data="{url}/a.svg"></object>',
    '<embed src="{url}/a.svg">',
    '<iframe src="{url}/"></iframe>',
    '<a rel="attachment" href="{url}/a.txt">x</a>',
    '<link rel="attachment" href="{url}/a.txt">',
    '<svg width="9" height="9"><image href="{url}/a.png" width="9" height="9"/></svg>',
    '<svg width="9" height="9"><use href="{url}/a.svg#x"/></svg>',
    '<base href="{url}/"><img src="a.png" alt="x">',
    '<meta http-equiv="refresh" content="0; url={url}/">',
    '<script src="{url}/a.js"></script>',
    '<video src="{url}/a.mp4" poster="{url}/a.png"></video>',
)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server on this machine that remembers what it was asked for."""
    asked: list[str] = []

    class Remembers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing to the terminal."""

    found = ThreadingHTTPServer(("127.0.0.1", 0), Remembers)
    found.asked = asked
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_no_way_to_name_a_file_asks_a_server(server: ThreadingHTTPServer, db: None):
    """All of them in documents of their own: each is refused or made without what it names."""
    host = f"127.0.0.1:{server.server_port}"
    made_at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for way in WAYS:
        body = way.format(url=f"http://{host}", path=f"//{host}")
        with suppress(PaperFailed):  # refused, or made without what it names: both are fine
            pdf_for(f'<html lang="en"><title>T</title><body>{body}</body></html>', made_at, organisation())
    assert server.asked == []
    urllib.request.urlopen(f"http://{host}/asked").close()
    assert server.asked == ["/asked"]  # it would have remembered


def test_what_people_type_names_no_file(server: ThreadingHTTPServer, compliance: User):
    """A record whose name is markup prints as words; nothing is asked for, on this machine or on its disk."""
    url = f"http://127.0.0.1:{server.server_port}"
    ControlFactory(ref="A-1", name=f'<img src="{url}/a.png"><link rel="stylesheet" href="{url}/a.css">')
    ControlFactory(ref="A-2", name=f'<object data="{(settings.BASE_DIR / "LICENSE").as_uri()}">')
    cover = cover_for(compliance)
    html = html_for(paper_for("/controls/", compliance), cover)
    assert "&lt;img src=" in html
    assert pdf_for(html, cover.made_at, organisation()).startswith(b"%PDF-")
    assert server.asked == []

"""The child process that turns one HTML document into a PDF. It reads an order from stdin, knows no Django, database or
network, and opens no file but our own style sheets and fonts.
"""

import base64
import gc
import json
import resource
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pydyf
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

# 6,000 rows take about 1 GB; with 3 GB of addresses (most of them never touched) there is room for fonts and libraries,
# and a document that runs away ends here and not in the machine's memory.
MEMORY = 3 * 1024**3
# Twenty times what the longest list takes: a document that never ends costs ten minutes of one core, not a day.
CPU_SECONDS = 600
KINDS = {".css": "text/css", ".woff2": "font/woff2", ".ttf": "font/ttf", ".svg": "image/svg+xml", ".png": "image/png"}


# Our scheme resolves relative addresses (a font beside its style sheet) as https does.
urllib.parse.uses_relative.append("static")
urllib.parse.uses_netloc.append("static")


def page_references(pdf: pydyf.PDF) -> tuple[bytes, ...]:
    """What pydyf's property of this name gives, made once for each number of pages instead of once for each tag.

    WeasyPrint asks for it at every one of 40 tags a row; on 250 pages that was a third of a tagged PDF's time.
    """
    pages = pdf.pages["Kids"][::3]
    kept: tuple[bytes, ...] = getattr(pdf, "_kept_references", ())
    if len(kept) != len(pages):
        kept = tuple(b"%d 0 R" % number for number in pages)
        pdf._kept_references = kept  # noqa: SLF001 (ours, on an object of this process alone)
    return kept


pydyf.PDF.page_references = property(page_references)


class Written(pydyf.Object):
    """An object of a finished PDF in its bytes: pydyf asks for them twice, to write them and to hash them."""

    def __init__(self, original: pydyf.Object) -> None:
        self.number, self.offset = original.number, original.offset
        self.generation, self.free = original.generation, original.free
        self.bytes, self.packed = original.data, original.compressible

    @property
    def data(self) -> bytes:
        return self.bytes

    @property
    def compressible(self) -> bool:
        return self.packed


def finish(document: object, pdf: pydyf.PDF) -> None:
    """The last hook before a PDF is written: from here on nothing in it changes."""
    pdf.objects[:] = [one if one.free == "f" else Written(one) for one in pdf.objects]


class Refused(FatalURLFetchingError):
    """The document asked for something that is not ours to give: no PDF at all, rather than one with a hole in it."""


class OwnFiles(URLFetcher):
    """Hands out what a document refers to: `static:css/print.css` from our folders, and the files in its order."""

    def __init__(self, roots: list[str], files: dict[str, str]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self.roots = [Path(root).resolve() for root in roots]
        self.files = {address: base64.b64decode(content) for address, content in files.items()}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The answer to one address. Raises Refused for every other scheme, folder and kind of file."""
        if url in self.files:
            return URLFetcherResponse(url, self.files[url])
        path = self.find(url)
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": KINDS[path.suffix]})

    def find(self, url: str) -> Path:
        """The file behind a `static:` address."""
        parts = urllib.parse.urlsplit(url)
        name = urllib.parse.unquote(parts.path).lstrip("/")
        if parts.scheme != "static" or parts.netloc:
            raise Refused(f"Only our own static files, not {url[:100]}")
        for root in self.roots:
            path = (root / name).resolve()
            if path.is_relative_to(root) and path.suffix in KINDS and path.is_file():
                return path
        raise Refused(f"No such static file: {url[:100]}")


def bound() -> None:
    """Take away from this process what one document never needs."""
    limit(resource.RLIMIT_CPU, CPU_SECONDS)
    limit(resource.RLIMIT_CORE, 0)  # a crash must not write what was printed to the disk
    if sys.platform == "linux":  # macOS has the constant and refuses to set it
        limit(resource.RLIMIT_AS, MEMORY)


def limit(kind: int, most: int) -> None:
    """Lower a limit of this process; one that is already lower stays."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def render(order: dict[str, Any]) -> bytes:
    """The PDF of an order: {html, identifier, roots, files}, tagged as PDF/UA asks. Raises Refused.

    hints, True or left out: whether attributes such as the `start` of a list are followed.
    """
    page = HTML(string=order["html"], base_url="static:///", url_fetcher=OwnFiles(order["roots"], order["files"]))
    name = order["identifier"].encode()
    pdf: bytes = page.write_pdf(
        pdf_variant="pdf/ua-1", pdf_identifier=name, finisher=finish, presentational_hints=order.get("hints", False)
    )
    return pdf


def main() -> int:
    """Read the order, write the PDF."""
    bound()
    # Layout makes millions of objects and no cycles worth collecting: a third of the time for 4% more memory.
    gc.disable()
    order = json.load(sys.stdin.buffer)
    try:
        pdf = render(order)
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())

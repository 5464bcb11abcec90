"""A real Chromium before a real server: pages for desktop, phone and dark, an accessibility check, pictures."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    ViewportSize,
    sync_playwright,
)

from tests.everywhere.world import World, build

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",  # as root, and in containers, Chromium has no sandbox to offer; it opens nothing but our own pages
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
]
VIEWPORTS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
PICTURES = Path(settings.BASE_DIR) / ".cache" / "pictures"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield running
    running.close()


def named(url: str, host: str) -> str:
    """The server's address under another of its names."""
    return url.replace("127.0.0.1", host)


@pytest.fixture
def open_page(browser: Browser, live_server) -> Iterator[OpenPage]:
    """`open_page(viewport="desktop", dark=False, user=None, javascript=True)`: a tab of its own, signed in as `user`.

    `host="localhost"` opens the site by a name, for which browsers keep passkeys.

    At the end of the test no page may have asked another machine for anything, or have logged an error: a violation of
    the content security policy is one. Refusals that a test provokes (4xx) are not errors of the page.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            complaints.append(f"{message.text} ({message.location.get('url')})")

    def watch(request: Request) -> None:
        ours = (live_server.url, named(live_server.url, "localhost"), "data:", "blob:", "about:")
        if not request.url.startswith(ours):
            complaints.append(f"asked for {request.url}")

    def open_it(viewport="desktop", *, dark=False, user=None, javascript=True, host="127.0.0.1") -> Page:
        context = browser.new_context(
            base_url=named(live_server.url, host),
            viewport=VIEWPORTS[viewport],
            is_mobile=viewport == "phone",
            has_touch=viewport == "phone",
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale="en-GB",
            timezone_id="UTC",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", watch)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def world(transactional_db: None) -> World:
    """The world, written for a server in another thread."""
    return build()


@pytest.fixture
def page(open_page) -> Page:
    return open_page()


@pytest.fixture
def phone(open_page) -> Page:
    return open_page("phone")


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """axe-core finds nothing against WCAG 2.2 A and AA on the page as it stands, and nothing scrolls sideways."""

    def check(page: Page) -> None:
        found = Axe().run(page, options=WCAG)
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{page.url} is {wide} px wide in a window of {window} px"

    return check


@pytest.fixture
def shoot() -> Callable[[Page, str], Path]:
    """`shoot(page, "matrix-dark")` keeps a picture of the whole page in .cache/pictures for people to look at."""

    def take(page: Page, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        target = PICTURES / f"{name}.png"
        page.screenshot(path=target, full_page=True)
        return target

    return take

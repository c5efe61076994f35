"""Chromium against a real portal. Other hosts are out of reach, and asking for one fails the test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.support.server import Server

ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream"
)
# What is in order is neither looked into further nor handed over: that takes longer than the check itself.
AXE = (
    f"async function () {{ {AXE_SCRIPT};"
    " return {violations: (await axe.run(document, arguments[0])).violations} }"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
PAGE = "/dla-studentow/mlegitymacja"

# Each width and each language; how wide a window is and what its words are have little to do with each other.
everywhere = pytest.mark.parametrize(("width", "locale"), [(1280, "en-GB"), (320, "pl-PL")])

expect.set_options(timeout=15_000)  # the machine may be busy with other tests


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("browser") / "instance")
    server.prepare()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("PORTAL_TEST_CHROMIUM") or None, args=ARGS.split()
        )
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """One browser window, which minds what it meets: other hosts, console errors, blocked content."""

    context: BrowserContext
    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on("request", self._asked)

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and "status of 4" not in text:
            self.problems.append(f"console: {text}")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.problems.append(f"another host: {parts.netloc}")

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def log_in(self, login: str, password: str = "student") -> None:
        self.open("/logowanie")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", password)
        self.press("main button")

    def press(self, what: str | Locator) -> None:
        """What leads to another page; waits until that is there."""
        with self.page.expect_navigation():
            (self.page.locator(what) if isinstance(what, str) else what).click()

    def order_afresh(self) -> None:
        """End whatever order there is, and order; waits for the button that reveals the codes."""
        self.end_the_order()
        self.page.click("#place-order")
        self.page.wait_for_selector("#show-codes")

    def end_the_order(self) -> None:
        """Leaves the order page open, where one can order."""
        self.open(PAGE)
        for ending in ("#cancel-order", "#revoke-card"):
            if self.page.locator(ending).count():
                self.page.click(ending)
                self.page.click("main form button")
                break

    def check(self, where: str) -> None:
        """axe finds nothing, and nothing runs off the side of the window."""
        found = AxeResults(self.page.evaluate(AXE, AXE_OPTIONS))
        assert found.violations_count == 0, f"{where}: {found.generate_report()}"
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(overflow) <= 0, f"{where} scrolls sideways"


def visit(browser: Browser, server: Server, **options: object) -> Iterator[Visitor]:
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 900}, "locale": "pl-PL", **options}
    )
    visitor = Visitor(context, context.new_page(), server.url)
    visitor.watch()
    yield visitor
    met = list(visitor.problems)
    close(context)
    assert not met, met


def close(context: BrowserContext) -> None:
    """Chromium never answers where a page was just about to go elsewhere, so first all stand still."""
    for page in context.pages:
        for _try in range(5):
            with suppress(Error):  # another address came between
                page.goto("about:blank")
                break
    context.close()


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    yield from visit(browser, server)


@pytest.fixture
def small_visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    yield from visit(browser, server, viewport={"width": 320, "height": 640})


@pytest.fixture
def plain_visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    """A browser without scripts."""
    yield from visit(browser, server, java_script_enabled=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            # One worker, one browser, one server: they are the costly part.
            item.add_marker(pytest.mark.xdist_group("browser"))

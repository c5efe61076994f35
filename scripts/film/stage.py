"""A fresh demonstration whose orders are processed when the play says so, and the browser windows in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from portal import create_app
from portal.orders import issuance
from portal.settings import load
from scripts.film.notes import Notes
from scripts.film.watcher import Watcher
from scripts.film.way import Device
from tests.support.server import Server

ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --font-render-hinting=none"
)
PHONE = {
    "viewport": {"width": 360, "height": 640},
    "has_touch": True,
    "is_mobile": True,
    "permissions": ["camera"],
}


@dataclass(frozen=True)
class Stage:
    server: Server
    browser: Browser

    def process_orders(self) -> None:
        """What the server's own thread does elsewhere, at once."""
        app = create_app(load(self.server.environ))
        with app.app_context():
            issuance.issue_due()

    @contextmanager
    def device(self, watcher: Watcher, notes: Notes, **options: object) -> Iterator[Device]:
        """A browser window, Polish unless `options` (Playwright's for a context) say otherwise."""
        context = self.browser.new_context(
            **{"locale": "pl-PL", "reduced_motion": "reduce", "color_scheme": "light", **options}
        )
        yield Device(context.new_page(), self.server.url, watcher, notes)
        context.close()


@contextmanager
def demonstration(directory: Path) -> Iterator[Server]:
    server = Server(directory / "instance", PORTAL_ISSUANCE_THREAD="0")
    server.prepare()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def stage() -> Iterator[Stage]:
    """Nothing of it is left at the end."""
    with (
        TemporaryDirectory() as directory,
        demonstration(Path(directory)) as server,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(
            executable_path=os.environ.get("PORTAL_TEST_CHROMIUM") or None, args=ARGS.split()
        )
        yield Stage(server, browser)
        browser.close()

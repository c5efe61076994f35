"""The way from log-in to the card, as the instruction has it, played in a browser scene by scene.

The scenes are those of `portal.pages.films`. The selectors are what the help and the film show: if one is
gone, playing fails, and `tests/browser/test_help_pictures.py` with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from scripts.film.lens import Lens
from scripts.film.notes import Notes
from scripts.film.watcher import Watcher

MENU = ".side a[href='/dla-studentow/mlegitymacja']"
PIN = "482915"
A_KEY = 0.14
"""Seconds that one typed character is looked at."""


@dataclass
class Device:
    """A browser window in somebody's hands."""

    page: Page
    url: str
    watcher: Watcher
    notes: Notes

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def looks(self, seconds: float) -> None:
        self.watcher.looks(self.page, seconds)

    def screen(self, name: str, *selectors: str) -> None:
        self.notes.take(self.page, name, *selectors)
        self.watcher.screen(self.page, name)

    def press(self, selector: str, then: float = 1.0) -> None:
        """Press it, and look at what comes of it for `then` seconds."""
        element = self._reach(selector)
        self.watcher.presses(self.page)
        element.click()
        self.page.wait_for_load_state()
        self.looks(then)

    def write(self, selector: str, text: str) -> None:
        element = self._reach(selector)
        self.watcher.presses(self.page)
        element.click()
        for character in text:
            element.press_sequentially(character)
            self.looks(A_KEY)

    def scroll_to(self, selector: str) -> Locator:
        """Bring the element to the middle of the window, at a pace that eyes can follow."""
        element = self.page.locator(selector).first
        element.wait_for(state="visible")
        middle = "e => e.getBoundingClientRect().top + e.offsetHeight / 2 - innerHeight / 2"
        way = element.evaluate(middle) if not self._in_sight(element) else 0
        begin = self.page.evaluate("scrollY")
        for step in range(1, 13) if way else ():
            eased = (step / 12) ** 2 * (3 - 2 * step / 12)
            # By whole pixels, which a film takes as one shift.
            self.page.evaluate("top => scrollTo({ top, behavior: 'instant' })", round(begin + way * eased))
            self.looks(0)
        return element

    def _reach(self, selector: str) -> Locator:
        element = self.scroll_to(selector)
        self.watcher.points(self.page, element)
        return element

    def _in_sight(self, element: Locator) -> bool:
        """With room to spare, so that nothing that matters stands at the edge."""
        inside = (
            "e => { const b = e.getBoundingClientRect(); return b.top > 40 && b.bottom < innerHeight - 90; }"
        )
        return bool(element.evaluate(inside))


@dataclass(frozen=True)
class Codes:
    text: str
    activation: str
    picture: bytes
    """Of the QR code, as the computer shows it."""


def on_the_portal(computer: Device, album: str, engine: Callable[[], None]) -> Codes:
    """Chapter 3 of the instruction; `engine` is called when the order shall be processed."""
    _logs_in(computer, album)
    computer.watcher.scene("for_students")
    computer.press(".menu a[href='/dla-studentow']", then=1.6)
    computer.watcher.scene("menu")
    computer.screen("menu", ".menu a[href='/dla-studentow']", "#side-heading", MENU)
    computer.press(MENU, then=1.6)
    computer.watcher.scene("order")
    computer.screen("order", "#order h2", "#place-order")
    computer.looks(0.8)
    computer.press("#place-order", then=0.2)
    _waits(computer, engine)
    return _sees_the_codes(computer)


def _logs_in(computer: Device, album: str) -> None:
    computer.watcher.scene("start")
    computer.open("/")
    computer.looks(1.8)
    computer.screen("start", "main a[href='/logowanie']")
    computer.press("main a[href='/logowanie']", then=0.6)
    computer.watcher.scene("log_in")
    computer.screen("log_in", "label[for=login]", "label[for=password]", "main form button")
    computer.write("input[name=login]", album)
    computer.write("input[name=password]", "student")
    computer.press("main form button", then=1.2)


def _waits(computer: Device, engine: Callable[[], None]) -> None:
    computer.watcher.scene("status")
    computer.scroll_to("#order h2")
    computer.looks(2.6)
    computer.screen("status", ".rows dt", ".status--waiting", ".order__news")
    engine()
    computer.page.wait_for_selector("#show-codes")
    computer.looks(2.0)
    computer.watcher.scene("ready")
    computer.screen("ready", ".status--ready", "#show-codes")
    computer.looks(1.2)
    computer.press("#show-codes", then=0.2)


def _sees_the_codes(computer: Device) -> Codes:
    computer.watcher.scene("codes")
    computer.scroll_to(".qr")
    computer.screen("codes", ".qr", "#activation-code")
    computer.looks(1.2)
    computer.watcher.points(computer.page, computer.page.locator(".qr"))
    computer.looks(1.2)
    computer.watcher.points(computer.page, computer.page.locator("#activation-code"))
    computer.looks(1.6)
    code = computer.page.locator("#activation-code [aria-hidden]").inner_text().replace(" ", "")
    text = computer.page.locator("#qr-text").text_content() or ""
    # Of the page, not of the element: that is another one after each poll.
    box = computer.page.locator(".qr").bounding_box()
    return Codes(text, code, computer.page.screenshot(clip=box))


def on_the_phone(phone: Device, codes: Codes) -> None:
    """Chapter 5 of the instruction, with Kieszonka in the place of mObywatel."""
    _opens_the_app(phone)
    _reads_the_terms(phone)
    _scans(phone, codes)
    phone.watcher.scene("activate")
    phone.screen("activate", "main dl.rows dd", "label[for=code]", "main form button")
    phone.looks(1.6)
    phone.write("main input[name=code]", codes.activation)
    phone.press("main form button", then=0)
    phone.watcher.scene("card")
    phone.page.wait_for_selector(".pass")
    phone.looks(1.6)
    phone.scroll_to(".pass__state")
    phone.screen("card", ".pass__kind", ".pass__state strong")
    phone.looks(2.4)


def _opens_the_app(phone: Device) -> None:
    phone.watcher.scene("pin")
    phone.open("/portfel")
    phone.watcher.enters(phone.page)
    phone.looks(1.4)
    phone.screen("pin", "label[for=pin]", "label[for=repeated]", "main form button")
    phone.write("main input[type=password] >> nth=0", PIN)
    phone.write("main input[type=password] >> nth=1", PIN)
    phone.press("main form button", then=1.0)
    phone.watcher.scene("add")
    phone.screen("documents", "main a[href='/portfel/dodaj']")
    phone.press("main a[href='/portfel/dodaj']", then=1.0)
    phone.screen("choose", "main a[href='/portfel/dodaj/regulamin']")
    phone.press("main a[href='/portfel/dodaj/regulamin']", then=0.8)


def _reads_the_terms(phone: Device) -> None:
    phone.watcher.scene("terms")
    for chapter in (1, 2, 3):
        phone.scroll_to(f".prose h2 >> nth={chapter}")
        phone.looks(0.4)
    phone.screen("terms", "main label", "main form button")
    phone.press("main input[type=checkbox]", then=0.4)
    phone.press("main form button", then=0.8)


def _scans(phone: Device, codes: Codes) -> None:
    phone.watcher.scene("scan")
    lens = Lens(codes.text, codes.picture)
    lens.put_before(phone.page)
    phone.screen("scan", "main .ways a >> nth=2")
    phone.press("main .ways a >> nth=2", then=0.6)
    phone.screen("camera", "#camera-on")
    phone.press("#camera-on", then=0)
    phone.page.wait_for_selector("#camera-view")
    phone.scroll_to("#camera-view")
    phone.watcher.records(phone.page, 2.4)
    lens.sharpen(phone.page)
    phone.page.wait_for_url("**/portfel/oferta")
    phone.page.wait_for_load_state()
    phone.looks(0.4)


def back_at_the_computer(computer: Device) -> None:
    """Chapter 3 again: nobody touched the page, and it has changed."""
    computer.watcher.scene("collected")
    computer.page.wait_for_selector(".status--collected", timeout=30_000)
    computer.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    computer.scroll_to(".status--collected")
    computer.looks(2.0)
    computer.screen("collected", ".status--collected", ".order__news")
    computer.watcher.points(computer.page, computer.page.locator(".status--collected"))
    computer.looks(3.0)

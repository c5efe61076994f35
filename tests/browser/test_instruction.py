"""The instruction that students follow, sentence by sentence: from log-in to a green inspector's page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PAGE, Visitor, visit
from tests.support.server import Server

PIN = "482915"
ALBUM = "100005"
NAME = "Olena Polna-Stepowa"


class Phone:
    """Another browser: the student's phone, with Kieszonka in the place of mObywatel."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page

    def install_and_log_in(self) -> None:
        """„Pobierz i zainstaluj aplikację mObywatel a następnie zaloguj się.”"""
        self.visitor.open("/portfel")
        self.enter_the_pin()

    def enter_the_pin(self) -> None:
        for field in self.page.locator("main input[type=password]").all():
            field.fill(PIN)
        self.page.click("main form button")

    def choose_the_document(self) -> None:
        """„W panelu «Wybór dokumentu» kliknij na «Legitymacja Studencka».”"""
        self.page.get_by_role("link", name="Dodaj dokument").first.click()
        expect(self.page.locator("h1")).to_have_text("Wybór dokumentu")
        self.page.locator("main").get_by_role("link", name="Legitymacja studencka").click()

    def read_the_terms(self) -> None:
        """„… zapoznaj się z regulaminem”: nothing goes on before that."""
        expect(self.page.locator("h1")).to_contain_text("Regulamin")
        self.page.get_by_role("checkbox").check()
        self.page.click("main form button")

    def scan(self, picture: Path) -> None:
        """„Zeskanuj kod QR”: from a picture, since this phone's camera looks at nothing."""
        self.page.locator("main").get_by_role("link", name="Zdjęcie").click()
        self.page.set_input_files("input[type=file]", picture)
        self.page.get_by_role("button", name="Odczytaj kod").click()
        self.page.wait_for_load_state()

    def activate(self, code: str) -> None:
        """„… i potwierdź kodem aktywacyjnym …, po czym naciśnij «Aktywuj».”"""
        expect(self.page.locator("main")).to_contain_text("Politechnika Przykładowa")
        self.page.locator("main input[inputmode=numeric]").fill(code)
        self.page.get_by_role("button", name="Aktywuj").click()
        expect(self.page.locator(".pass--valid strong")).to_have_text("WAŻNA")

    def show_to(self, inspector: Inspector) -> None:
        self.visitor.open("/portfel/kod")
        self.scan(inspector.qr())
        expect(self.page.locator("main")).to_contain_text("127.0.0.1")
        self.page.get_by_role("button", name="Zgadzam się").click()
        self.page.wait_for_load_state()


class Inspector:
    """A third browser, of somebody who checks cards and has no account."""

    def __init__(self, visitor: Visitor, folder: Path) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.folder = folder

    def ask(self) -> None:
        """As a conductor who looks at a discount ticket."""
        self.visitor.open("/weryfikacja")
        self.page.click("#begin-carrier")
        self.page.wait_for_selector(".qr")

    def ask_again(self) -> None:
        self.page.click("#next-check")
        self.page.wait_for_selector(".qr")

    def qr(self) -> Path:
        picture = self.folder / "inspector.png"
        self.page.locator(".qr").screenshot(path=picture)
        return picture

    def sees(self, verdict: str) -> None:
        """The page changes by itself, and shows whose card it is."""
        expect(self.page.locator(".verdict")).to_have_text(verdict, timeout=15_000)
        expect(self.page.locator(".person__name")).to_have_text(NAME)
        # A function: text would be evaluated in the page, which its content security policy forbids.
        self.page.wait_for_function("() => document.querySelector('.person img').naturalWidth === 300")


@pytest.mark.parametrize("width", [1280, 360])
def test_every_sentence_of_the_instruction_works_and_an_inspector_sees_a_valid_card_until_it_is_revoked(
    browser: Browser, server: Server, tmp_path: Path, width: int
) -> None:
    size = {"width": width, "height": 900}
    for student in visit(browser, server, viewport=size):
        for held in visit(browser, server, viewport=size):
            for looking in visit(browser, server, viewport=size):
                phone, inspector = Phone(held), Inspector(looking, tmp_path)
                code = order(student, tmp_path / "order.png")
                phone.install_and_log_in()
                phone.choose_the_document()
                phone.read_the_terms()
                phone.scan(tmp_path / "order.png")
                phone.activate(code)
                expect(student.page.locator(".status--collected")).to_be_visible(timeout=15_000)
                inspector.ask()
                phone.show_to(inspector)
                inspector.sees("WAŻNA")
                revoke(student)
                inspector.ask_again()
                phone.show_to(inspector)
                inspector.sees("NIEWAŻNA")


def order(student: Visitor, picture: Path) -> str:
    """Chapter 3: log in, „Dla studentów”, „mLegitymacja”, „Zamów”, wait. The QR as a picture; the code."""
    student.log_in(ALBUM)
    student.page.get_by_role("link", name="Dla studentów").first.click()
    menu = student.page.get_by_role("navigation", name="Moje studia")
    menu.get_by_role("link", name="mLegitymacja").click()
    student.order_afresh()
    student.page.click("#show-codes")
    student.page.locator(".qr").screenshot(path=picture)
    return student.page.locator("#activation-code [aria-hidden]").inner_text().replace(" ", "")


def revoke(student: Visitor) -> None:
    """Chapter 6: „Student może w dowolnym momencie unieważnić mLegitymację.”"""
    student.open(PAGE)
    student.page.click("#revoke-card")
    student.page.click("main form button")
    expect(student.page.locator("#order")).to_contain_text("Unieważnione")


def test_on_the_same_device_one_button_takes_the_place_of_the_scan(visitor: Visitor, tmp_path: Path) -> None:
    """From the codes straight to what is offered; the PIN and the terms come in between and lose nothing."""
    code = order(visitor, tmp_path / "unused.png")
    visitor.page.click("#open-stand-in")
    phone = Phone(visitor)
    phone.enter_the_pin()
    phone.read_the_terms()
    phone.activate(code)

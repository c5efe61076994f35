"""The inspector's page in a browser: it changes by itself, wide and narrow, in both languages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PAGE, Visitor, everywhere, visit
from tests.support.inspected import Phone
from tests.support.server import Server
from tests.support.wallet import RequestsHttp, Wallet

START = "/weryfikacja"


@pytest.fixture(scope="module")
def phone(browser: Browser, server: Server) -> Phone:
    """A student's phone with a card that stays good."""
    for student in visit(browser, server):
        student.log_in("100006")
        student.order_afresh()
        student.page.click("#show-codes")
        text = student.page.locator("#qr-text").inner_text()
        code = student.page.locator("#activation-code [aria-hidden]").inner_text()
        wallet = Wallet(RequestsHttp())
        return Phone(wallet, wallet.collect(text, code.replace(" ", "")))
    raise AssertionError("no browser")


def begin(visitor: Visitor, preset: str = "library") -> str:
    """A new check; the QR code's text."""
    visitor.open(START)
    visitor.page.click(f"#begin-{preset}")
    return waiting(visitor)


def waiting(visitor: Visitor) -> str:
    text = visitor.page.locator("#qr-text")
    text.wait_for(state="attached")
    return text.text_content() or ""


def test_the_page_changes_by_itself_to_the_answer(visitor: Visitor, phone: Phone) -> None:
    phone.show(begin(visitor))
    expect(visitor.page.locator(".verdict")).to_have_text("WAŻNA")
    assert visitor.page.title().startswith("WAŻNA – weryfikacja")
    expect(visitor.page.locator("#inspection-live")).to_contain_text("Legitymacja jest ważna.")
    photo = visitor.page.locator(".person img")
    expect(photo).to_be_visible()
    assert photo.evaluate("image => image.naturalWidth") > 0


def test_the_verdict_can_be_read_from_afar(visitor: Visitor, phone: Phone) -> None:
    phone.show(begin(visitor))
    word = visitor.page.locator(".verdict span")
    expect(word).to_be_visible()
    assert float(word.evaluate("word => parseFloat(getComputedStyle(word).fontSize)")) >= 80


def test_the_next_check_is_one_press_away(visitor: Visitor, phone: Phone) -> None:
    phone.refuse(begin(visitor))
    visitor.page.click("#next-check")
    phone.show(waiting(visitor))
    expect(visitor.page.locator(".verdict")).to_have_text("WAŻNA")


def test_the_open_page_loses_the_data_by_itself(visitor: Visitor, phone: Phone, server: Server) -> None:
    qr = begin(visitor)
    phone.show(qr)
    visitor.page.wait_for_selector(".verdict")
    let_pass(server, 294)
    visitor.page.reload()
    expect(visitor.page.locator(".verdict")).to_be_visible()
    expect(visitor.page.locator("#inspection-heading")).to_have_text("Dane zostały usunięte", timeout=25_000)
    assert "Numer albumu" not in visitor.page.content()


def let_pass(server: Server, seconds: int) -> None:
    """As if every answer had come so many seconds earlier."""
    with sqlite3.connect(server.instance / "portal.sqlite", timeout=10) as connection:
        connection.execute(
            "UPDATE inspections SET answered_at = strftime('%Y-%m-%d %H:%M:%f', answered_at, ?)",
            (f"-{seconds} seconds",),
        )


def test_without_scripts_a_link_tells_how_it_stands(plain_visitor: Visitor, phone: Phone) -> None:
    phone.show(begin(plain_visitor))
    plain_visitor.page.click("#check-status")
    expect(plain_visitor.page.locator(".verdict")).to_have_text("WAŻNA")


@everywhere
def test_every_state_is_accessible(
    browser: Browser, server: Server, phone: Phone, width: int, locale: str
) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        visitor.open(START)
        visitor.check("the kinds of check")
        qr = begin(visitor)
        visitor.page.click("#same-device summary")
        visitor.check("waiting")
        for name, state in answers(visitor, phone, server, qr):
            expect(visitor.page.locator(state)).to_be_visible()
            visitor.check(name)


def answers(visitor: Visitor, phone: Phone, server: Server, qr: str) -> Iterator[tuple[str, str]]:
    """Each way in which a check ends, one after the other."""
    phone.show(qr)
    yield "valid", ".verdict--valid"
    put(server, "verdict = 'unconfirmed', reason = 'list_unreachable'")
    visitor.page.reload()
    yield "not confirmed", ".verdict--unconfirmed"
    put(server, "verdict = 'invalid', reason = 'revoked'")
    visitor.page.reload()
    yield "revoked", ".verdict--invalid"
    asked = phone.read(begin(visitor))
    phone.send(asked, phone.present(asked, nonce="another"))
    yield "proves nothing", ".verdict--invalid"
    phone.refuse(begin(visitor))
    yield "refused", "#next-check"
    begin(visitor)
    put(server, "expires_at = created_at")
    yield "expired", "#next-check"
    phone.show(begin(visitor))
    visitor.page.wait_for_selector(".verdict")
    put(server, "status = 'forgotten'")
    visitor.page.reload()
    yield "forgotten", "#next-check"


def put(server: Server, values: str) -> None:
    """As if the latest check had gone otherwise."""
    with sqlite3.connect(server.instance / "portal.sqlite", timeout=10) as connection:
        connection.execute(f"UPDATE inspections SET {values} WHERE id = (SELECT max(id) FROM inspections)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_code_is_black_on_white_in_the_dark_too(browser: Browser, server: Server, scheme: str) -> None:
    for visitor in visit(browser, server, color_scheme=scheme):
        begin(visitor)
        ground = visitor.page.locator(".qr").evaluate("qr => getComputedStyle(qr).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        visitor.check(f"waiting, {scheme}")


def test_the_menu_leads_to_it_from_everywhere(visitor: Visitor) -> None:
    visitor.log_in("100006")
    visitor.open(PAGE)
    visitor.page.get_by_role("navigation").get_by_text("Weryfikacja").click()
    expect(visitor.page.locator("h1")).to_have_text("Weryfikacja legitymacji")

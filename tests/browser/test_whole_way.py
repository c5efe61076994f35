"""From log-in to a card in a wallet that nobody here wrote the checks of, and to its revocation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PAGE, Visitor, visit
from tests.support.server import ROOT, Server


def wallet(*arguments: str | Path) -> dict[str, object]:
    """The wallet's report; it runs in a process of its own and knows nothing but what it is given."""
    command = [sys.executable, "-m", "tests.support.take_card", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("width", [1280, 360])
def test_the_whole_way_from_log_in_to_a_revoked_card(
    browser: Browser, server: Server, tmp_path: Path, width: int
) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 900}):
        visitor.log_in("100001")
        visitor.page.get_by_role("link", name="Dla studentów").first.click()
        visitor.page.get_by_role("navigation", name="Moje studia").get_by_role(
            "link", name="mLegitymacja"
        ).click()
        visitor.order_afresh()
        report = collect(visitor, tmp_path)
        visitor.page.wait_for_selector(".status--collected", timeout=15_000)
        assert visitor.page.title().startswith("Odebrana")
        assert (report["status"], report["key_bound"]) == (0, True)
        assert {"pesel", "student_number", "picture", "date_of_expiry"} <= set(report["claims"])  # type: ignore[call-overload]
        revoke(visitor)
        assert wallet("--check", tmp_path / "card.json") == {"status": 1}


def collect(visitor: Visitor, folder: Path) -> dict[str, object]:
    """The wallet scans the QR from a screenshot; the student types the activation code."""
    visitor.page.click("#show-codes")
    picture = folder / "screen.png"
    visitor.page.locator(".qr").screenshot(path=picture)
    code = visitor.page.locator("#activation-code [aria-hidden]").inner_text()
    return wallet("--screenshot", picture, "--code", code, "--keep", folder / "card.json")


def revoke(visitor: Visitor) -> None:
    visitor.page.click("#revoke-card")
    visitor.page.click("main form button")
    assert "Unieważnione" in visitor.page.locator("#order").inner_text()
    assert "najpóźniej do" in visitor.page.locator("#order").inner_text()


def test_a_qr_scanned_in_dark_mode_reads_the_same(browser: Browser, server: Server, tmp_path: Path) -> None:
    from tests.support.take_card import read_qr

    for visitor in visit(browser, server, color_scheme="dark"):
        visitor.log_in("100002")
        visitor.order_afresh()
        visitor.page.click("#show-codes")
        visitor.page.locator(".qr").screenshot(path=tmp_path / "dark.png")
        assert read_qr(tmp_path / "dark.png") == visitor.page.locator("#qr-text").inner_text()


def test_a_wrong_code_costs_a_try_and_the_page_goes_on(visitor: Visitor, tmp_path: Path) -> None:
    from tests.support.wallet import RequestsHttp, Wallet

    visitor.log_in("100003")
    visitor.order_afresh()
    visitor.page.click("#show-codes")
    text = visitor.page.locator("#qr-text").inner_text()
    phone = Wallet(RequestsHttp())
    offer = phone.read_offer(text)
    for _try in range(5):
        assert phone.token(offer, "00000000").error == "invalid_grant"
    visitor.page.wait_for_function(
        "old => document.getElementById('qr-text')?.textContent !== old", arg=text, timeout=15_000
    )
    assert "pięć razy" in visitor.page.locator("#order").inner_text()
    assert visitor.page.url.endswith(PAGE + "/kody#codes")

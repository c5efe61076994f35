"""The page that changes by itself, as a student with a browser meets it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PAGE, Visitor

READY = "Twoja mLegitymacja jest gotowa. Możesz dodać ją do aplikacji."
WATCH_LIVE_REGION = """
() => {
  window.said = [];
  new MutationObserver(() => {
    const text = document.getElementById("order-live").textContent.trim();
    if (text) window.said.push(text);
  }).observe(document.getElementById("order-live"), {childList: true, characterData: true, subtree: true});
}
"""


def test_the_page_becomes_ready_by_itself_and_says_so_once_a_change(visitor: Visitor) -> None:
    visitor.log_in("100001")
    visitor.open(PAGE)
    visitor.page.add_init_script(f"addEventListener('DOMContentLoaded', {WATCH_LIVE_REGION})")
    visitor.order_afresh()
    assert "Do odbioru" in visitor.page.locator("#order").inner_text()
    expect(visitor.page).to_have_title(re.compile("^Do odbioru"))
    expect(visitor.page.locator("#order-live")).to_have_text(READY)
    said = visitor.page.evaluate("window.said")
    assert said[-1] == READY
    assert len(said) == len(set(said)) <= 2


def test_focus_stays_where_it_is_when_the_section_is_swapped(visitor: Visitor) -> None:
    visitor.log_in("100001")
    visitor.order_afresh()
    visitor.page.focus("#cancel-order")
    trigger = visitor.page.get_attribute("#order", "data-hx-trigger")
    visitor.page.wait_for_function(
        "before => document.getElementById('order').dataset.hxTrigger !== before", arg=trigger, timeout=20_000
    )
    assert visitor.page.evaluate("document.activeElement.id") == "cancel-order"


def test_without_scripts_the_link_checks_the_status(plain_visitor: Visitor) -> None:
    page = plain_visitor.page
    plain_visitor.log_in("100002")
    plain_visitor.end_the_order()
    page.click("#place-order")
    for _look in range(20):
        if page.locator("#show-codes").count():
            break
        page.wait_for_timeout(100)
        page.click("#check-status")
    page.click("#show-codes")
    assert page.locator("#qr-text").inner_text().startswith("openid-credential-offer://")
    assert page.locator(".qr svg").count() == 1


def test_the_copy_button_copies_the_text_and_says_so(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.log_in("100001")
    visitor.order_afresh()
    visitor.page.click("#show-codes")
    visitor.page.click("#copy-text")
    expect(visitor.page.locator("#copied")).to_have_text("Skopiowano")
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied == visitor.page.locator("#qr-text").inner_text()


def test_logged_out_in_another_tab_the_page_leads_to_the_log_in(visitor: Visitor) -> None:
    visitor.log_in("100001")
    visitor.order_afresh()
    other = visitor.context.new_page()
    other.goto(visitor.url + "/dla-studentow")
    other.get_by_role("button", name="Wyloguj").click()
    visitor.page.wait_for_url("**/logowanie**", timeout=10_000)
    assert visitor.page.locator("input[name=password]").count() == 1

"""axe on the page where mails are turned off and on: wide and narrow, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import visit
from tests.browser.test_accessibility import everywhere
from tests.support.post_office import HOST, SENDER
from tests.support.server import Server, free_port

PAGE = "/konto/powiadomienia"


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A portal with a mail server, which is asked for nothing here."""
    server = Server(
        tmp_path_factory.mktemp("mailing") / "instance",
        PORTAL_SMTP_HOST=HOST,
        PORTAL_SMTP_PORT=str(free_port()),
        PORTAL_SMTP_SECURITY="none",
        PORTAL_MAIL_FROM=SENDER,
    )
    server.prepare()
    server.start()
    yield server
    server.stop()


@everywhere
def test_choosing(browser: Browser, mailing: Server, width: int, locale: str) -> None:
    for visitor in visit(browser, mailing, viewport={"width": width, "height": 800}, locale=locale):
        visitor.log_in("100001")
        visitor.open("/konto/haslo")
        visitor.check("the password, with the account's menu")
        visitor.press(f'a[href="{PAGE}"]')
        visitor.check("the choice")
        turned = visitor.page.is_checked("#wanted")
        visitor.page.set_checked("#wanted", not turned)
        visitor.page.click("main form button")
        visitor.page.wait_for_selector(".notice--success")
        assert visitor.page.is_checked("#wanted") is not turned
        visitor.check("the choice, saved")


@everywhere
def test_a_portal_that_sends_none(browser: Browser, server: Server, width: int, locale: str) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        visitor.log_in("100001")
        visitor.open(PAGE)
        visitor.check("no mails")

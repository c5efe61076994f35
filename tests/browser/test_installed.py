"""What the service worker keeps, what it never keeps, and what it shows where there is no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PAGE, Visitor, visit
from tests.support.server import Server

ALBUM = "100009"
WORKING = "() => navigator.serviceWorker.controller?.state === 'activated'"
KEPT_WITHOUT = """
async (old) => {
  for (let look = 0; look < 100 && (await caches.keys()).includes(old); look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return (await caches.keys()).sort();
}
"""
EVERYTHING_KEPT = """
async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request, { ignoreVary: true });
      kept.push([new URL(request.url).pathname, await answer.text()]);
    }
  }
  return kept;
}
"""


@pytest.fixture
def installed(browser: Browser, server: Server) -> Iterator[Visitor]:
    """A browser that has seen a page of the portal, so that the worker is there and works."""
    for visitor in visit(browser, server):
        visitor.open("/")
        visitor.page.wait_for_function(WORKING)
        yield visitor


def go_offline(visitor: Visitor) -> None:
    visitor.context.set_offline(True)


def without_noise(visitor: Visitor) -> None:
    """The browser's own complaints that there is no network are no problems of the page."""
    visitor.problems[:] = [said for said in visitor.problems if "ERR_INTERNET_DISCONNECTED" not in said]


@pytest.mark.parametrize("path", ["/pomoc/mlegitymacja", PAGE, "/weryfikacja"])
def test_without_a_network_a_plain_page_says_what_to_do(installed: Visitor, path: str) -> None:
    go_offline(installed)
    installed.open(path)
    page = installed.page
    expect(page.locator("h1")).to_have_text("Brak połączenia")
    expect(page.locator("[lang=en] h2")).to_have_text("No connection")
    assert page.locator("h1").evaluate("h1 => getComputedStyle(h1).fontFamily").startswith('"Iowan')
    without_noise(installed)
    installed.context.set_offline(False)
    page.get_by_role("link", name="Spróbuj ponownie").click()
    expect(page.locator("h1")).not_to_have_text("Brak połączenia")


def test_the_wallet_is_left_to_itself(installed: Visitor) -> None:
    go_offline(installed)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        installed.open("/portfel")
    without_noise(installed)


def test_files_come_from_what_is_kept(installed: Visitor) -> None:
    style = installed.page.locator("link[rel=stylesheet]").get_attribute("href")
    go_offline(installed)
    fetched = "path => fetch(path, { cache: 'no-store' }).then(answer => answer.status)"
    assert installed.page.evaluate(fetched, style) == 200
    assert installed.page.evaluate(f"fetch('{PAGE}').then(() => 'answered', () => 'refused')") == "refused"
    without_noise(installed)


def test_files_come_from_the_network_where_the_kept_ones_cannot_be_read(installed: Visitor) -> None:
    style = installed.page.locator("link[rel=stylesheet]").get_attribute("href")
    (worker,) = installed.context.service_workers
    worker.evaluate("() => { caches.open = () => Promise.reject(new Error('broken')); }")
    fetched = "path => fetch(path, { cache: 'no-store' }).then(answer => answer.status, () => 'refused')"
    assert installed.page.evaluate(fetched, style) == 200


def test_after_all_that_a_student_does_only_files_and_the_plain_page_are_kept(installed: Visitor) -> None:
    live(installed)
    installed.page.get_by_role("button", name="Wyloguj").click()
    kept = dict(installed.page.evaluate(EVERYTHING_KEPT))
    assert [path for path in kept if not path.startswith("/zasoby/")] == ["/offline"]
    assert "app" in str(list(kept))
    for secret in (ALBUM, "Wrzosowicz", "csrf", "openid-credential-offer"):
        assert secret not in kept["/offline"]


def live(visitor: Visitor) -> None:
    """Log in, order, have the codes polled for, look at one's data, at an inspector's page, at the wallet."""
    visitor.log_in(ALBUM)
    visitor.order_afresh()
    visitor.page.click("#show-codes")
    visitor.page.wait_for_timeout(700)
    for path in ("/dla-studentow/moje-dane", "/portfel", "/weryfikacja", PAGE):
        visitor.open(path)


@pytest.fixture
def renamed(server: Server) -> Iterator[Callable[[], None]]:
    """Starts the portal anew under another name, so that what a browser should keep is another."""

    def restart(**settings: str) -> None:
        server.stop()
        server.environ |= settings
        server.start()

    yield lambda: restart(PORTAL_UNIVERSITY_SHORT="WSP")
    del server.environ["PORTAL_UNIVERSITY_SHORT"]
    restart()


def test_a_new_version_takes_over_and_drops_what_the_old_one_kept(
    installed: Visitor, renamed: Callable[[], None]
) -> None:
    page = installed.page
    (before,) = page.evaluate("caches.keys()")
    page.evaluate("caches.open('another-app')")
    renamed()
    page.evaluate("navigator.serviceWorker.ready.then(registration => registration.update())")
    other, now = page.evaluate(KEPT_WITHOUT, before)
    assert (other, now.startswith("portal-")) == ("another-app", True)
    assert "mLegitymacja WSP" in dict(page.evaluate(EVERYTHING_KEPT))["/offline"]


def test_the_portal_can_be_installed(installed: Visitor) -> None:
    devtools = installed.context.new_cdp_session(installed.page)
    told = devtools.send("Page.getAppManifest")
    assert told["errors"] == []
    assert told["url"] == installed.url + "/manifest.webmanifest"
    lacking = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {what["errorId"] for what in lacking} <= {"in-incognito"}, "a test's window is a private one"

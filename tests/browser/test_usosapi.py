"""Apps let in from a real browser: clients that nobody here wrote order, read the codes, and revoke."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Route
from requests_oauthlib import OAuth1Session
from usos_api import USOSClient

from tests.browser.conftest import Visitor, everywhere, visit
from tests.browser.life import Holder
from tests.support.server import Server
from tests.support.wallet import RequestsHttp, Wallet

ALBUM = "100007"
CALLBACK = "https://app.example.org/done"
SCOPES = ["cards", "studies", "offline_access"]
Work = Callable[[USOSClient], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, str]:
    """Of an app that the administrator has registered."""
    words = ("usosapi", "consumer", "add", "Mobilny USOS PP", "--callback", CALLBACK)
    return dict(line.split("\t") for line in server.command(*words).splitlines())


def run(server: Server, keys: dict[str, str], work: Work, *token: str) -> Any:
    """Let the client work, with an access token if there is one; its loop can't be Playwright's."""

    async def whole() -> Any:
        async with USOSClient(server.url, keys["key"], keys["secret"]) as client:
            client.set_scopes(SCOPES)
            if token:
                client.load_access_token(*token)
            return await work(client)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, whole()).result(60)


def authorised(server: Server, keys: dict[str, str], visitor: Visitor) -> tuple[str, str]:
    """Ask the student, who agrees and types the PIN into the app; the access token."""

    async def ask(client: USOSClient) -> tuple[str, str, str]:
        page = await client.get_authorization_url(confirm_user=True)
        return (page, *client.connection.auth_manager.get_request_token())

    page, *request_token = run(server, keys, ask)
    visitor.page.goto(page)
    visitor.page.click("#allow")
    pin = visitor.page.locator("#pin [aria-hidden]").inner_text().replace(" ", "")
    return run(server, keys, lambda client: client.authorize(pin, *request_token))


def call(server: Server, keys: dict[str, str], token: tuple[str, str], method: str, **form: str) -> Any:
    return run(server, keys, lambda client: client.connection.post(f"services/{method}", **form), *token)


def ready(server: Server, keys: dict[str, str], token: tuple[str, str]) -> dict[str, str]:
    """Wait for the codes, as an app does: by asking again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        order = call(server, keys, token, "cards/mcard", fields="orders")["orders"][0]
        if order["status"] == "ready":
            return order
        time.sleep(0.2)
    raise AssertionError("the order never became ready")


def test_a_client_for_the_real_usos_goes_the_whole_way(
    server: Server, keys: dict[str, str], visitor: Visitor
) -> None:
    Holder(visitor, server, ALBUM).end_whatever_there_is()
    visitor.log_in(ALBUM)
    token = authorised(server, keys, visitor)
    user = run(
        server, keys, lambda client: client.user_service.get_user(fields=["id", "student_number"]), *token
    )
    assert user.student_number == ALBUM
    assert call(server, keys, token, "cards/make_mcard_order") == {"success": True}
    order = ready(server, keys, token)
    wallet = Wallet(RequestsHttp())
    card = wallet.collect(order["token"], order["distribution_pass"])
    assert call(server, keys, token, "cards/mcard_order", order_id=order["id"])["status"] == "collected"
    visitor.open("/dla-studentow/mlegitymacja")
    assert "Odebrana" in visitor.page.locator("#order").inner_text()
    assert call(server, keys, token, "cards/revoke_mcard", order_id=order["id"]) == {"success": True}
    assert wallet.status(card) == 1


def test_it_reads_the_description_of_our_methods(
    server: Server, keys: dict[str, str], visitor: Visitor
) -> None:
    visitor.log_in(ALBUM)
    token = authorised(server, keys, visitor)

    async def describe(client: USOSClient) -> tuple[Any, Any, Any, Any]:
        docs = client.api_documentation_service
        index, scopes = await docs.get_method_index(), await docs.get_scopes()
        return index, scopes, await docs.get_method_info("cards/mcard"), await docs.get_module_info("cards")

    index, scopes, method, module = run(server, keys, describe, *token)
    assert "services/cards/make_mcard_order" in [one.name for one in index]
    assert "cards" in [scope.key for scope in scopes]
    assert method.auth_options.token == "required"
    assert {"orders", "orders.token"} <= {field.name for field in method.result_fields}
    assert "services/cards/mcard" in module.methods


@pytest.fixture
def led_back(visitor: Visitor) -> Iterator[list[str]]:
    """The addresses by which the browser came back to the app, whose page we play."""
    came: list[str] = []

    def play(route: Route) -> None:
        came.append(route.request.url)
        route.fulfill(status=200, content_type="text/html", body="<!doctype html><title>App</title>")

    visitor.page.route(f"{CALLBACK}*", play)
    yield came
    visitor.problems[:] = [one for one in visitor.problems if one != "another host: app.example.org"]


def test_the_browser_leads_back_to_the_app_and_withdrawing_ends_it(
    server: Server, keys: dict[str, str], visitor: Visitor, led_back: list[str]
) -> None:
    app = OAuth1Session(keys["key"], client_secret=keys["secret"], callback_uri=CALLBACK)
    app.fetch_request_token(f"{server.url}/services/oauth/request_token", params={"scopes": "cards"})
    visitor.page.goto(app.authorization_url(f"{server.url}/services/oauth/authorize"))
    visitor.page.fill("input[name=login]", ALBUM)
    visitor.page.fill("input[name=password]", "student")
    visitor.page.click("main button")
    visitor.page.click("#allow")
    visitor.page.wait_for_url(re.compile(re.escape(CALLBACK)))
    app.parse_authorization_response(led_back[0])
    app.fetch_access_token(f"{server.url}/services/oauth/access_token")
    asked = f"{server.url}/services/cards/mcard?fields=why_cannot_order"
    assert app.get(asked).status_code == 200
    visitor.open("/konto/aplikacje")
    visitor.page.get_by_role("button", name="Odbierz dostęp").click()
    assert "nie ma już dostępu" in visitor.page.locator("main").inner_text()
    assert app.get(asked).status_code == 401


def test_refusing_leads_back_too(
    server: Server, keys: dict[str, str], visitor: Visitor, led_back: list[str]
) -> None:
    app = OAuth1Session(keys["key"], client_secret=keys["secret"], callback_uri=CALLBACK)
    app.fetch_request_token(f"{server.url}/services/oauth/request_token", params={"scopes": "cards"})
    visitor.log_in(ALBUM)
    visitor.page.goto(app.authorization_url(f"{server.url}/services/oauth/authorize"))
    visitor.page.click("#refuse")
    visitor.page.wait_for_url(re.compile(re.escape(CALLBACK)))
    assert parse_qs(urlsplit(led_back[0]).query)["oauth_problem"] == ["user_refused"]


@everywhere
def test_the_pages_are_accessible(
    browser: Browser, server: Server, keys: dict[str, str], width: int, locale: str
) -> None:
    for visitor in visit(browser, server, viewport={"width": width, "height": 800}, locale=locale):
        visitor.log_in(ALBUM)
        app = OAuth1Session(keys["key"], client_secret=keys["secret"], callback_uri="oob")
        params = {"scopes": "cards|studies"}
        app.fetch_request_token(f"{server.url}/services/oauth/request_token", params=params)
        visitor.page.goto(app.authorization_url(f"{server.url}/services/oauth/authorize"))
        visitor.check("consent")
        visitor.press("#allow")
        visitor.check("PIN")
        verifier = visitor.page.locator("#pin [aria-hidden]").inner_text().replace(" ", "")
        app.fetch_access_token(f"{server.url}/services/oauth/access_token", verifier=verifier)
        visitor.open("/konto/aplikacje")
        visitor.check("apps")
        visitor.page.go_back()

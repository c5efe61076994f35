"""A portal with a wallet that asks applications of this process, and a desk that hands out codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from portal.issuer.interface import Offer
from portal.settings import Settings
from portal.vc.fetch import Answer, Unreachable
from portal.wallet.outside import HTTP
from tests.conftest import make_settings
from tests.issuer.conftest import Desk, Recorder
from tests.support.pages import CheckedClient
from tests.support.wallet import FlaskHttp
from tests.wallet.browser import Browser


class Killed(BaseException):
    """The process ends here."""


Host = Callable[[str, str, Mapping[str, str], bytes], Answer]


class Nearby:
    """What the wallet asks is answered by applications of this process. Tests may cut the line."""

    def __init__(self, *apps: Flask) -> None:
        self.hosts: dict[str, Host] = {}
        self.asked: list[str] = []
        self.cut = ""
        """A part of addresses that give no answer."""
        self.deadly = ""
        """A part of addresses whose answer comes while the process is killed."""
        self.meanwhile: tuple[str, Callable[[], object]] | None = None
        """What happens, once, while the wallet waits for an answer from addresses with this part."""
        for app in apps:
            self.add(app)

    def add(self, app: Flask) -> None:
        http = FlaskHttp(app)

        def ask(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
            reply = http(method, url, headers=headers, body=body)
            lower = {name.lower(): value for name, value in reply.headers.items()}
            return Answer(reply.status, lower, reply.body)

        self.hosts[app.extensions["portal.settings"].host] = ask

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        self.asked.append(f"{method} {urlsplit(url).path}")
        host = self.hosts.get(urlsplit(url).netloc)
        if host is None or (self.cut and self.cut in url):
            raise Unreachable("cut")
        if self.meanwhile and self.meanwhile[0] in url:
            (_, happen), self.meanwhile = self.meanwhile, None
            happen()
        answer = host(method, url, headers or {}, body)
        if self.deadly and self.deadly in url:
            raise Killed
        return answer


@pytest.fixture
def settings(instance: Path) -> Settings:
    return make_settings(instance, wallet=True)


@pytest.fixture
def listener(app: Flask) -> Recorder:
    recorder = Recorder()
    app.extensions["portal.issuer.listener"] = recorder
    return recorder


@pytest.fixture
def desk(app: Flask, listener: Recorder) -> Desk:
    return Desk(app)


@pytest.fixture
def world(app: Flask) -> Nearby:
    app.extensions[HTTP] = nearby = Nearby(app)
    return nearby


@pytest.fixture
def fresh(client: CheckedClient, world: Nearby) -> Browser:
    """A browser that has never been here."""
    return Browser(client)


@pytest.fixture
def browser(fresh: Browser) -> Browser:
    """A browser with a PIN and the terms accepted."""
    fresh.set_up()
    fresh.accept_terms()
    return fresh


@pytest.fixture
def other(second_client: CheckedClient, world: Nearby) -> Browser:
    """Somebody else's browser, with a wallet of its own."""
    browser = Browser(second_client, "198.51.100.9")
    browser.set_up()
    browser.accept_terms()
    return browser


@pytest.fixture
def offer(desk: Desk) -> Offer:
    return desk.prepare()


@pytest.fixture
def card(browser: Browser, offer: Offer) -> str:
    """The address of a card that the browser has."""
    return browser.add(offer)

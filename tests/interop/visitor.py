"""Somebody at a browser without scripts, over the network: opens pages and sends their forms."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tests.support.html import Element, Page


class Visitor:
    """One browser; `page` is what it shows, `path` where that is."""

    def __init__(self, url: str) -> None:
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = "pl"
        self._at = url
        self.status = 0
        self.html = ""
        self.page = Page("")

    def open(self, path: str) -> Page:
        return self._show(self._session.get(urljoin(self._at, path), timeout=30))

    def send(self, action: str, button: str | None = None, **fields: Any) -> Page:
        """Send the form that goes to this path, filled in, with what stands in its hidden fields."""
        (form,) = [form for form in self.page.all("form") if self.path_of(form) == action]
        hidden = [field for field in self.page.all("input", type="hidden") if form in field.ancestors]
        said = {field["name"]: field["value"] for field in hidden} | fields
        if button is not None:
            (pressed,) = [
                one for one in self.page.all("button") if form in one.ancestors and one.text == button
            ]
            said |= {pressed["name"]: pressed["value"]} if pressed["name"] else {}
        files = {name: said.pop(name) for name in list(said) if isinstance(said[name], tuple)}
        headers = {"Referer": self._at}
        url = urljoin(self._at, action)
        return self._show(self._session.post(url, data=said, files=files, headers=headers, timeout=30))

    def path_of(self, form: Element) -> str:
        return urlsplit(urljoin(self._at, form["action"])).path

    @property
    def path(self) -> str:
        return urlsplit(self._at).path

    @property
    def text(self) -> str:
        return self.page.one("main").text

    def _show(self, answer: requests.Response) -> Page:
        self._at, self.status, self.html = answer.url, answer.status_code, answer.text
        self.page = Page(answer.text)
        return self.page

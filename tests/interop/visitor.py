"""Somebody at a browser without scripts, over the network: opens pages and sends their forms."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import requests

from tests.support.html import Element, Page


class Visitor:
    """One browser; `page` is what it shows, `path` where that is."""

    def __init__(self, url: str, session: requests.Session | None = None) -> None:
        self.session = session or requests.Session()
        self.session.headers["Accept-Language"] = "pl"
        self._at = url
        self.status = 0
        self.html = ""
        self.page = Page("")

    def open(self, path: str) -> Page:
        return self._show(self.session.get(urljoin(self._at, path), timeout=30))

    def fetch(self, path: str) -> requests.Response:
        """Something that a page shows, without leaving the page."""
        return self.session.get(urljoin(self._at, path), timeout=30)

    def send(self, action: str, which: tuple[str, str] | None = None, **fields: str) -> Page:
        """Send the form that goes to this path, filled in, with what stands in its hidden fields.

        Of several such forms the one where the hidden field of that name has that value.
        """
        forms = [form for form in self.page.all("form") if self.path_of(form) == action]
        said = [self._hidden(form) for form in forms]
        (chosen,) = [one for one in said if which is None or one.get(which[0]) == which[1]]
        headers = {"Referer": self._at}
        url = urljoin(self._at, action)
        return self._show(self.session.post(url, data=chosen | fields, headers=headers, timeout=30))

    def _hidden(self, form: Element) -> dict[str, str]:
        fields = self.page.all("input", type="hidden")
        return {field["name"]: field["value"] for field in fields if form in field.ancestors}

    def path_of(self, form: Element) -> str:
        return urlsplit(urljoin(self._at, form["action"])).path

    @property
    def path(self) -> str:
        return urlsplit(self._at).path

    @property
    def text(self) -> str:
        return self.page.one("main").text

    def _show(self, answer: requests.Response) -> Page:
        assert answer.status_code < 500 or answer.status_code == 503, f"{answer.url}: {answer.status_code}"
        self._at, self.status, self.html = answer.url, answer.status_code, answer.text
        self.page = Page(answer.text)
        return self.page

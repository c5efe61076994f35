"""Every page that a test fetches is checked on the way, so that nobody can forget to check a new one."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

from babel.messages import pofile
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from portal.settings import ROOT
from tests.support.html import Element, Page
from tests.support.nu import NuChecker

CONTROLS = ("input", "select", "textarea")
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls")
_TOKEN = re.compile(r'(name="csrf_token"[^>]*value=")[^"]*')


class CheckedClient(FlaskClient):
    """A browser without scripts: its requests go to the portal's own address, its pages are checked."""

    base_url: str
    checker: NuChecker

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.base_url)
            # As a browser does for a form on the page it is sent to; over https the CSRF check asks for it.
            headers = Headers(kwargs.get("headers"))
            headers.setdefault("Referer", self.base_url + args[0])
            kwargs["headers"] = headers
        response = super().open(*args, **kwargs)
        check(response, self.checker)
        return response


def make_client(app: Flask, checker: NuChecker) -> CheckedClient:
    client = CheckedClient(app, app.response_class)
    client.base_url = app.extensions["portal.settings"].base_url
    client.checker = checker
    return client


def hidden_fields(html: str, action: str | None = None) -> dict[str, str]:
    """Names and values of the hidden inputs, of the form with this action if one is named."""
    inputs = (e for e in Page(html).all("input", type="hidden") if e["name"])
    return {e["name"]: e["value"] for e in inputs if action is None or _form_of(e)["action"] == action}


def csrf_of(html: str) -> str:
    """The page's CSRF token (all forms of a page carry the same)."""
    return hidden_fields(html)["csrf_token"]


def check(response: TestResponse, checker: NuChecker) -> None:
    """Fail with everything that is wrong with a page or fragment; other answers pass."""
    if response.mimetype != "text/html" or response.status_code in (204, 304) or response.location:
        return
    if response.request.method == "HEAD" or response.content_encoding:
        return
    html = _TOKEN.sub(r"\1token", response.text)
    whole = html.lstrip().lower().startswith("<!doctype html>")
    page = Page(html)
    problems = _headers(response, page) + _elements(page) + _foreign_words(page)
    if whole:
        problems += _frame(response, page)
    elif "HX-Request" not in response.request.headers:
        problems.append("not a whole page, and htmx did not ask")
    problems += checker.problems(html if whole else _wrapped(html))
    assert not problems, f"{response.request.path}: " + "\n".join(problems)


def _frame(response: TestResponse, page: Page) -> list[str]:
    problems = []
    headings = page.all("h1", "h2", "h3", "h4", "h5", "h6")
    levels = [int(heading.tag[1]) for heading in headings]
    if levels.count(1) != 1:
        problems.append(f"{levels.count(1)} h1")
    main = [int(h.tag[1]) for h in headings if h.inside("main")]
    if main[:1] != [1] or any(after > before + 1 for before, after in pairwise(main)):
        problems.append(f"headings out of order: {main}")
    titles = [title.text for title in page.all("title") if title.inside("head")]
    if len(titles) != 1 or titles[0].startswith("–"):
        problems.append(f"title: {titles}")
    language = page.all("html")[0]["lang"]
    if language not in ("pl", "en") or response.headers.get("Content-Language") != language:
        problems.append(
            f"language {language!r} but {response.headers.get('Content-Language')!r} in the header"
        )
    if len(page.all("main")) != 1:
        problems.append("not exactly one main")
    return problems


def _headers(response: TestResponse, page: Page) -> list[str]:
    problems = []
    policy = response.headers.get("Content-Security-Policy", "")
    closed = ("default-src 'none'", "base-uri", "frame-ancestors 'none'", "object-src", "form-action")
    problems += [f"CSP lacks {part}: {policy!r}" for part in closed if part not in policy]
    if "unsafe" in policy:
        problems.append(f"CSP is unsafe: {policy}")
    if response.headers.get("X-Content-Type-Options") != "nosniff":
        problems.append("nosniff is missing")
    logged_in = any(form["action"].endswith("/wyloguj") for form in page.all("form"))
    if logged_in and "no-store" not in response.headers.get("Cache-Control", ""):
        problems.append("a page for somebody logged in lacks no-store")
    return problems


def _elements(page: Page) -> list[str]:
    problems = [f"id {name!r} twice" for name, count in Counter(page.ids()).items() if count > 1]
    labelled = {label["for"] for label in page.all("label") if label.text}
    for element in page.elements:
        problems += _inert(element) + _named(element, labelled)
        if element.tag == "form" and element["method"].lower() == "post" and not _has_token(page, element):
            problems.append(f"form {element['action']!r} has no CSRF token")
    known = set(page.ids())
    problems += [
        f"{name}={target!r} points nowhere"
        for element in page.elements
        for name in REFERENCES
        for target in element[name].split()
        if target not in known
    ]
    texts = [text for text, where in page.texts if where.tag not in ("script", "style")]
    problems += [f"unrendered: {text}" for text in texts if re.search(r"\{\{|\{%|%\(\w+\)s|\bNone\b", text)]
    return problems


def _foreign_words(page: Page) -> list[str]:
    """Sentences of the catalogue that stand there in the other language."""
    texts = ((text, where.language) for text, where in page.texts if where.tag not in ("script", "style"))
    return [f"in the wrong language: {text}" for text, language in texts if text in _only_in_other(language)]


@cache
def _only_in_other(language: str) -> frozenset[str]:
    with (ROOT / "portal/translations/pl/LC_MESSAGES/messages.po").open("rb") as file:
        pairs = [(m.id, m.string) for m in pofile.read_po(file) if isinstance(m.id, str) and m.id]
    english, polish = ({" ".join(str(pair[side]).split()) for pair in pairs} for side in (0, 1))
    return frozenset({"pl": english - polish, "en": polish - english}.get(language, set()))


def _inert(element: Element) -> list[str]:
    """Nothing that the content security policy would block, nothing from another host."""
    problems = [
        f"{element.tag} has {name}" for name in element.attributes if name == "style" or name.startswith("on")
    ]
    if element.tag == "script" and "src" not in element:
        problems.append("inline script")
    loaded = element["src"] or (element["href"] if element.tag in ("link", "use", "image") else "")
    if "//" in loaded or loaded.startswith("http"):
        problems.append(f"{element.tag} loads {loaded}")
    if element["href"].strip().lower().startswith("javascript:"):
        problems.append("javascript: link")
    return problems


def _named(element: Element, labelled: set[str]) -> list[str]:
    given = element["aria-label"] or element["aria-labelledby"]
    if element.tag in CONTROLS and element["type"] not in ("hidden", "submit", "button"):
        if not (given or element["id"] in labelled or element.inside("label")):
            return [f"{element.tag} {element['name']!r} has no label"]
    elif element.tag in ("a", "button") and not (given or element.text):
        return [f"{element.tag} without words"]
    elif element.tag == "img" and "alt" not in element:
        return ["img without alt"]
    return []


def _has_token(page: Page, form: Element) -> bool:
    tokens = page.all("input", name="csrf_token")
    return any(form in token.ancestors and token["value"] for token in tokens)


def _form_of(element: Element) -> Element:
    return next(ancestor for ancestor in reversed(element.ancestors) if ancestor.tag == "form")


def _wrapped(fragment: str) -> str:
    """A fragment as htmx puts it into a page; a title in it replaces the page's."""
    title = re.search(r"<title>.*?</title>", fragment, re.S)
    body = fragment.replace(title.group(), "") if title else fragment
    head = title.group() if title else "<title>Fragment</title>"
    return f'<!doctype html><html lang="pl"><head>{head}</head><body><h1>Fragment</h1>{body}</body></html>'

"""What the film and the pictures show of each screen: a test compares this with the portal as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page


@dataclass(frozen=True)
class Screen:
    """`shows` has a selector for each element that matters, and what is written there."""

    name: str
    path: str
    heading: str
    shows: dict[str, str]


@dataclass
class Notes:
    screens: list[Screen] = field(default_factory=list)

    def take(self, page: Page, name: str, *selectors: str) -> None:
        """Note the screen. Raises Playwright's `TimeoutError` where one of these elements is not in sight."""
        path = re.sub(r"[\w-]{20,}", "…", urlsplit(page.url).path)
        shows = {selector: _written(page, selector) for selector in selectors}
        self.screens.append(Screen(name, path, _written(page, "h1"), shows))


def _written(page: Page, selector: str) -> str:
    """The element's words, with every figure as 0: numbers and codes are others each time."""
    element = page.locator(selector).first
    element.wait_for(state="visible")
    words = element.get_attribute("aria-label") or element.inner_text()
    return re.sub(r"\d", "0", " ".join(words.split()))

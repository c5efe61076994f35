"""Who looks on while the way is played. The one here sees nothing; its kin make film and pictures."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


class Watcher:
    """Called at every step of the way, with the page that it happens on."""

    def scene(self, name: str) -> None:
        """A scene of `portal.pages.films.SCENES` begins."""

    def enters(self, page: Page) -> None:
        """Another device comes into sight, beside what is there."""

    def looks(self, page: Page, seconds: float) -> None:
        """The page as it is now, for so long."""

    def records(self, page: Page, seconds: float) -> None:
        """The page as it moves by itself, for so long."""

    def points(self, page: Page, element: Locator) -> None:
        """Pointer or finger goes to the element."""

    def presses(self, page: Page) -> None:
        """Pointer or finger presses where it is."""

    def screen(self, page: Page, name: str) -> None:
        """A screen with a name is complete."""

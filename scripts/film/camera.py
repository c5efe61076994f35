"""The film: each look at a page becomes frames. Time is counted in them, however slow the machine."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image
from playwright.sync_api import Locator, Page

from scripts.film import drawing
from scripts.film.drawing import Box
from scripts.film.watcher import Watcher

RATE = 20
"""Frames a second."""
COMPUTER = {"width": 960, "height": 586}
SHARPNESS = 1100 / 960
"""Pixels of the film for one CSS pixel of the computer's page, where it stands alone."""
ALONE: Box = (90, 44, 1100, 671)
ASIDE: Box = (32, 136, 796, 486)
IN_HAND: Box = (876, 44, 360, 640)
UNDER_THE_DESK: Box = (876, 820, 360, 640)
AT_REST = (0.78, 0.72)
"""Where the pointer is at first, as parts of the page's width and height."""


@dataclass
class Sight:
    """A device in the film: what it shows, where it lies, where its pointer is (in parts of the page)."""

    page: Page
    box: Box
    shot: Image.Image
    pointer: tuple[float, float] = AT_REST
    touched: bool = False

    @property
    def tip(self) -> tuple[float, float]:
        left, top, width, height = self.box
        return left + width * self.pointer[0], top + height * self.pointer[1]


@dataclass
class Film(Watcher):
    """`put` takes each frame. `scenes` are (name, first frame)."""

    put: Callable[[Image.Image], None]
    frames: int = 0
    scenes: list[tuple[str, int]] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    active: Sight | None = None

    def times(self) -> dict[str, tuple[float, float]]:
        """Begin and end of each scene, in seconds."""
        ends = [begin for _name, begin in self.scenes[1:]] + [self.frames]
        return {
            name: (begin / RATE, end / RATE) for (name, begin), end in zip(self.scenes, ends, strict=True)
        }

    def scene(self, name: str) -> None:
        self.scenes.append((name, self.frames))

    def enters(self, page: Page) -> None:
        computer = self.sights[0]
        phone = Sight(page, UNDER_THE_DESK, _shot(page), (0.5, 0.8))
        self.sights.append(phone)
        self.active = None
        for part in _eased(round(RATE * 0.8)):
            computer.box = _between(ALONE, ASIDE, part)
            phone.box = _between(UNDER_THE_DESK, IN_HAND, part)
            self._frame()

    def looks(self, page: Page, seconds: float) -> None:
        sight = self._sight(page)
        sight.touched = False
        before, now = sight.shot, _shot(page)
        # What only moved or was typed is cut; another page comes softly.
        if seconds >= 0.2 and not drawing.same(before, now):
            for part in (0.3, 0.7):
                sight.shot = Image.blend(before, now, part)
                self._frame()
        sight.shot = now
        self._hold(max(1, round(seconds * RATE)))

    def records(self, page: Page, seconds: float) -> None:
        sight = self._sight(page)
        begin, taken = time.monotonic(), 0
        while (passed := time.monotonic() - begin) < seconds:
            sight.shot = _shot(page)
            self._hold(round(passed * RATE) - taken)
            taken = max(taken, round(passed * RATE))

    def points(self, page: Page, element: Locator) -> None:
        sight = self._sight(page)
        end = _middle(page, element)
        # A pointer comes from where it was, a finger from outside.
        begin = sight.pointer if sight is self.sights[0] else (end[0] + 0.1, end[1] + 0.12)
        sight.touched = True
        far = abs(end[0] - begin[0]) + abs(end[1] - begin[1])
        for part in _eased(round(RATE * (0.45 + 0.4 * far))):
            sight.pointer = (begin[0] + (end[0] - begin[0]) * part, begin[1] + (end[1] - begin[1]) * part)
            self._frame()
        self._hold(round(RATE * 0.25))

    def presses(self, page: Page) -> None:
        sight = self._sight(page)
        for step in range(6):
            self._frame(lambda ground, step=step: drawing.put_middle(ground, drawing.ring(step), sight.tip))

    def _sight(self, page: Page) -> Sight:
        found = next((sight for sight in self.sights if sight.page is page), None)
        if found is None:
            found = Sight(page, ALONE, _shot(page))
            self.sights.append(found)
        self.active = found
        return found

    def _hold(self, frames: int) -> None:
        frame = self._drawn() if frames > 0 else None
        for _number in range(frames):
            self._give(frame)

    def _frame(self, over: Callable[[Image.Image], None] | None = None) -> None:
        frame = self._drawn(over)
        self._give(frame)

    def _drawn(self, over: Callable[[Image.Image], None] | None = None) -> Image.Image:
        frame = drawing.desk().copy()
        for number, sight in enumerate(self.sights):
            (drawing.put_phone if number else drawing.put_window)(frame, sight.shot, sight.box)
        if over:
            over(frame)
        if self.active is not None:
            self._put_pointer(frame, self.active)
        return frame

    def _put_pointer(self, frame: Image.Image, sight: Sight) -> None:
        if sight.page is self.sights[0].page:
            tip = sight.tip
            frame.paste(drawing.arrow(), (round(tip[0]) - 3, round(tip[1]) - 2), drawing.arrow())
        elif sight.touched:
            drawing.put_middle(frame, drawing.finger(), sight.tip)

    def _give(self, frame: Image.Image) -> None:
        self.put(frame)
        self.frames += 1


def _shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(caret="hide"))).convert("RGB")


def _middle(page: Page, element: Locator) -> tuple[float, float]:
    """Of the element, a little to the right and below, so that the pointer covers no words."""
    box = element.bounding_box()
    window = page.viewport_size
    assert box, "the element is not in sight"
    assert window
    across, down = box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.6
    return across / window["width"], down / window["height"]


def _eased(steps: int) -> list[float]:
    """Parts from 0 to 1: slow at both ends."""
    return [(step / steps) ** 2 * (3 - 2 * step / steps) for step in range(1, steps + 1)]


def _between(begin: Box, end: Box, part: float) -> Box:
    left, top, width, height = (a + (b - a) * part for a, b in zip(begin, end, strict=True))
    return left, top, width, height

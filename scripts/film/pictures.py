"""The help's pictures: screens of the instruction, cut to what matters, with the instruction's numbers."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page

from scripts.film.drawing import FINE
from scripts.film.watcher import Watcher
from scripts.film.way import MENU

WINDOW = {"width": 960, "height": 1400}
SHARPNESS = 1.5
RED = "#b3261e"
MARGIN = 22
"""CSS pixels around what a picture shows."""


@dataclass(frozen=True)
class Picture:
    """`shows` are the elements that it is cut to, `marks` the instruction's numbers and where they stand.

    The window is as narrow as the screen allows, so that most can be read where the picture is small.
    """

    width: int
    shows: tuple[str, ...]
    marks: dict[int, str]


PICTURES = {
    "menu": Picture(800, (".demo", ".top", ".side ul", ".tiles li"), {1: MENU}),
    "order": Picture(800, ("main h1", "#order"), {2: "#place-order"}),
    "status": Picture(800, ("main h1", "#order"), {3: ".status"}),
    "codes": Picture(
        960, (".codes h3", ".codes__qr h3", ".qr", "#copy-code"), {4: ".qr", 5: "#activation-code"}
    ),
}

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in CSS pixels."""


@dataclass(frozen=True)
class Illustrator(Watcher):
    """Puts ``<screen>.<language>.webp`` into the folder."""

    folder: Path
    language: str
    sides: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of each picture, in CSS pixels."""

    def screen(self, page: Page, name: str) -> None:
        picture = PICTURES.get(name)
        if picture is None:
            return
        page.set_viewport_size({**WINDOW, "width": picture.width})
        page.evaluate("scrollTo({ top: 0, behavior: 'instant' }); document.activeElement.blur()")
        clip = _around([_box(page, selector) for selector in picture.shows], page)
        marks = {number: _box(page, selector) for number, selector in picture.marks.items()}
        shot = Image.open(io.BytesIO(page.screenshot(clip=_sides(clip))))
        drawn = _marked(shot.convert("RGB"), clip, marks)
        self.sides[name] = round(drawn.width / SHARPNESS), round(drawn.height / SHARPNESS)
        drawn.save(self.folder / f"{name}.{self.language}.webp", quality=82, method=6)


def _box(page: Page, selector: str) -> Box:
    box = page.locator(selector).first.bounding_box()
    assert box is not None, f"{selector} is not in sight"
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def _around(boxes: list[Box], page: Page) -> Box:
    """All of them and a margin, as far as the window goes."""
    window = page.viewport_size or WINDOW
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (
        max(0, min(lefts) - MARGIN),
        max(0, min(tops) - MARGIN),
        min(window["width"], max(rights) + MARGIN),
        min(window["height"], max(bottoms) + MARGIN),
    )


def _sides(box: Box) -> dict[str, float]:
    return {"x": box[0], "y": box[1], "width": box[2] - box[0], "height": box[3] - box[1]}


def _marked(shot: Image.Image, clip: Box, marks: dict[int, Box]) -> Image.Image:
    """A frame around each element, and its number in a disc at the upper right corner."""
    over = Image.new("RGBA", (shot.width * FINE, shot.height * FINE))
    draw = ImageDraw.Draw(over)
    for number, box in marks.items():
        scale = SHARPNESS * FINE
        left, top, right, bottom = (
            (side - clip[axis % 2] + (-6 if axis < 2 else 6)) * scale for axis, side in enumerate(box)
        )
        draw.rounded_rectangle((left, top, right, bottom), 12 * scale, outline="#fff", width=round(5 * scale))
        draw.rounded_rectangle((left, top, right, bottom), 12 * scale, outline=RED, width=round(3 * scale))
        _number(draw, number, (right, top), scale)
    small = over.resize(shot.size, Image.Resampling.LANCZOS)
    shot.paste(small, (0, 0), small)
    return shot


def _number(draw: ImageDraw.ImageDraw, number: int, at: tuple[float, float], scale: float) -> None:
    radius = 17 * scale
    area = (at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)
    draw.ellipse(area, fill=RED, outline="#fff", width=round(2 * scale))
    draw.text(at, str(number), fill="#fff", font=ImageFont.load_default(22 * scale), anchor="mm")

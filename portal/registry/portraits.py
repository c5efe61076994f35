"""Drawn portraits for the demonstration's made-up people: nobody's face, and the same on every machine."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

Hair = Literal["short", "long", "bun", "curly", "bob", "bald", "headscarf"]
Box = tuple[float, float, float, float]

# Drawn twice as large and then reduced, which smooths the edges.
_SCALE = 2
_SIZE = (300, 375)
_WHITE, _INK = "#fdfdfd", "#2b2622"


@dataclass(frozen=True)
class Look:
    """How somebody is drawn; colours are ``#rrggbb``. A headscarf and a beard have the hair's colour."""

    skin: str
    hair: Hair
    hair_colour: str
    clothes: str
    ground: str
    glasses: bool = False
    beard: bool = False
    fringe: bool = False


LOOKS: dict[str, Look] = {
    "100001": Look("#f1c9a5", "long", "#7a4a21", "#2f6f73", "#dfe9ec"),
    "100002": Look("#eebd93", "short", "#3a2a1c", "#34495e", "#e8e4dc"),
    "100003": Look("#f6d7bd", "bun", "#b5651d", "#8e3b46", "#e3e8f0", glasses=True),
    "100004": Look("#e9b98c", "curly", "#1f1a17", "#5b6f2f", "#ece6df"),
    "100005": Look("#f4d2b3", "long", "#d9b25f", "#3b5998", "#e6eef2", fringe=True),
    "100006": Look("#d8a276", "headscarf", "#3f7f8c", "#274c5e", "#efe9e1"),
    "100007": Look("#e3ae82", "short", "#54331d", "#6b4f3a", "#dde7e2", beard=True),
    "100008": Look("#f1c9a5", "bob", "#8d8d8d", "#6a4c93", "#ebe7f0", glasses=True),
    "100009": Look("#8d5a35", "short", "#15110f", "#c8553d", "#e5ebe6"),
    "100010": Look("#6f4326", "curly", "#17110d", "#e0a030", "#e4e9ef", glasses=True),
    "100011": Look("#f0c6a0", "short", "#a55728", "#44586b", "#e9e5de", fringe=True),
    "100012": Look("#f7d9c2", "short", "#c98b3c", "#2e7d4f", "#e1e8ee", beard=True),
    "100013": Look("#eec19a", "bob", "#2a1d15", "#b23a5a", "#edeae2", fringe=True),
    "100015": Look("#c98f62", "long", "#1b1512", "#4a6fa5", "#ece4e0"),
    "100016": Look("#f2cba9", "bald", "#5a3c24", "#374045", "#dfe8e4", glasses=True, beard=True),
    "100017": Look("#f5d3b7", "bun", "#4b2e1a", "#9b5d2e", "#e6e9f0"),
    "100019": Look("#e8b88d", "bob", "#6e3b1f", "#1f3a5f", "#eae6dc", glasses=True),
    "100020": Look("#deaa7c", "short", "#7d7468", "#57324f", "#e2e9e9", glasses=True),
    "100021": Look("#f3cfae", "curly", "#9c4a1f", "#23786b", "#efe8e4"),
    "100022": Look("#efc39c", "short", "#241a14", "#7a2e2e", "#e3e7ea", glasses=True),
}


def draw(look: Look) -> bytes:
    """The portrait as a JPEG of 300 × 375."""
    pen = _Pen(look)
    pen.behind_the_head()
    pen.shoulders()
    pen.head()
    pen.face()
    pen.hair_in_front()
    if look.glasses:
        pen.glasses()
    out = io.BytesIO()
    pen.image.resize(_SIZE, Image.Resampling.BOX).save(out, "JPEG", quality=90)
    return out.getvalue()


def _shade(colour: str, factor: float) -> str:
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{min(255, round(part * factor)):02x}" for part in parts)


class _Pen:
    """Draws one look; all measures are in the finished picture's pixels."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.image = Image.new("RGB", (_SIZE[0] * _SCALE, _SIZE[1] * _SCALE), look.ground)
        self._draw = ImageDraw.Draw(self.image)

    def oval(self, box: Box, colour: str) -> None:
        self._draw.ellipse([side * _SCALE for side in box], fill=colour)

    def block(self, box: Box, colour: str, radius: float = 0) -> None:
        self._draw.rounded_rectangle([side * _SCALE for side in box], radius * _SCALE, fill=colour)

    def cap(self, box: Box, colour: str, start: float = 180, end: float = 360) -> None:
        """The part of an oval that a straight line cuts off, from one angle to the other."""
        self._draw.chord([side * _SCALE for side in box], start, end, fill=colour)

    def bow(self, box: Box, start: float, end: float, colour: str, width: float) -> None:
        self._draw.arc([side * _SCALE for side in box], start, end, fill=colour, width=round(width * _SCALE))

    def behind_the_head(self) -> None:
        colour = self.look.hair_colour
        self.oval((-60, -40, 360, 330), _shade(self.look.ground, 1.04))
        if self.look.hair == "long":
            self.block((80, 110, 220, 325), colour, radius=45)
        elif self.look.hair == "bob":
            self.block((82, 105, 218, 245), colour, radius=40)
        elif self.look.hair == "bun":
            self.oval((118, 28, 182, 92), _shade(colour, 0.9))
        elif self.look.hair == "curly":
            for x, y in ((100, 134), (94, 100), (112, 70), (140, 56)):
                for middle in (x, _SIZE[0] - x):
                    self.oval((middle - 31, y - 5, middle + 31, y + 57), colour)
        elif self.look.hair == "headscarf":
            self.oval((74, 58, 226, 300), _shade(colour, 0.92))

    def shoulders(self) -> None:
        look = self.look
        self.block((126, 215, 174, 300), _shade(look.skin, 0.88), radius=20)
        self.block((34, 264, 266, 480), look.clothes, radius=75)
        if look.hair == "headscarf":
            self.oval((66, 196, 234, 336), look.hair_colour)
            self.bow((82, 190, 218, 300), 30, 150, _shade(look.hair_colour, 0.9), 5)
            return
        self.cap((114, 238, 186, 304), _shade(look.skin, 0.88), 0, 180)
        self.bow((110, 235, 190, 309), 0, 180, _shade(look.clothes, 0.8), 5)

    def head(self) -> None:
        skin = self.look.skin
        if self.look.hair != "headscarf":
            for left in (84, 196):
                self.oval((left, 150, left + 20, 186), _shade(skin, 0.93))
        self.oval((93, 82, 207, 250), skin)
        if self.look.beard:
            self.cap((93, 82, 207, 250), self.look.hair_colour, 15, 165)
            self.oval((106, 150, 194, 214), skin)
            self.block((124, 203, 176, 212), self.look.hair_colour, radius=4)

    def face(self) -> None:
        brow = _INK if self.look.hair == "headscarf" else _shade(self.look.hair_colour, 0.7)
        for middle in (127, 173):
            self.oval((middle - 11, 153, middle + 11, 169), _WHITE)
            self.oval((middle - 6, 154, middle + 6, 168), _INK)
            self.oval((middle - 1, 156, middle + 4, 161), _WHITE)
            self.bow((middle - 15, 138, middle + 15, 164), 205, 335, brow, 3.5)
        self.bow((140, 165, 160, 193), 20, 160, _shade(self.look.skin, 0.78), 3)
        self.cap((130, 200, 170, 228), "#b3473f", 10, 170)
        for middle in (112, 188):
            self.oval((middle - 9, 186, middle + 9, 198), _shade(self.look.skin, 0.96))

    def hair_in_front(self) -> None:
        look = self.look
        if look.hair == "headscarf":
            self.bow((78, 66, 222, 266), 135, 405, look.hair_colour, 19)
            self.cap((86, 68, 214, 214), look.hair_colour, 205, 335)
        elif look.hair != "bald":
            self.cap((88, 70, 212, 214), look.hair_colour, 200, 340)
            self.bow((86, 72, 214, 240), 175, 230, look.hair_colour, 10)
            self.bow((86, 72, 214, 240), 310, 365, look.hair_colour, 10)
        if look.fringe:
            for left in (98, 126, 154):
                self.oval((left, 96, left + 50, 146), look.hair_colour)

    def glasses(self) -> None:
        for middle in (127, 173):
            self._draw.rounded_rectangle(
                [side * _SCALE for side in (middle - 20, 144, middle + 20, 178)],
                12 * _SCALE,
                outline=_INK,
                width=3 * _SCALE,
            )
        self.block((147, 157, 153, 160), _INK)

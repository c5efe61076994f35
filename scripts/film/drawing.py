"""What is drawn around and over the pages: desk, window, phone, pointer, finger. All sizes in pixels."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = (1280, 800)
NAVY, DEEP = "#2b5178", "#0e2238"
FINE = 4
"""Everything round is drawn so many times larger first, and then made smaller: its edges come out smooth."""

Box = tuple[float, float, float, float]
"""Left, top, width, height."""


@cache
def desk() -> Image.Image:
    """The ground: lighter in the middle."""
    return Image.composite(
        Image.new("RGB", SIZE, DEEP), Image.new("RGB", SIZE, NAVY), Image.radial_gradient("L").resize(SIZE)
    )


@cache
def rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """A mask."""
    mask = Image.new("L", (size[0] * FINE, size[1] * FINE))
    area = (0, 0, size[0] * FINE - 1, size[1] * FINE - 1)
    ImageDraw.Draw(mask).rounded_rectangle(area, radius * FINE, fill=255)
    return mask.resize(size, Image.Resampling.LANCZOS)


@cache
def shadow(size: tuple[int, int], radius: int) -> Image.Image:
    """A mask, 40 pixels larger on every side."""
    mask = Image.new("L", (size[0] + 80, size[1] + 80))
    mask.paste(rounded(size, radius), (40, 48))
    return mask.filter(ImageFilter.GaussianBlur(14)).point(lambda value: value * 0.45)


def put_window(ground: Image.Image, page: Image.Image, box: Box) -> None:
    """A browser window; `box` is where its page lies."""
    left, top, width, height = map(round, box)
    bar = max(14, round(width * 0.024))
    size = (width, height + bar)
    window = Image.new("RGB", size, "#dfe3e8")
    for number, colour in enumerate(("#c9554a", "#d9a441", "#5f9f63")):
        dot = Image.new("RGB", (bar // 2, bar // 2), colour)
        window.paste(dot, (round(bar * (0.6 + 0.8 * number)), bar // 4), rounded(dot.size, bar // 4))
    window.paste(page.resize((width, height), Image.Resampling.LANCZOS), (0, bar))
    _put(ground, window, (left, top - bar), 10)


def put_phone(ground: Image.Image, page: Image.Image, box: Box) -> None:
    left, top, width, height = map(round, box)
    edge = 12
    phone = Image.new("RGB", (width + 2 * edge, height + 2 * edge), "#10151c")
    phone.paste(
        page.resize((width, height), Image.Resampling.LANCZOS), (edge, edge), rounded((width, height), 22)
    )
    _put(ground, phone, (left - edge, top - edge), 34)


def _put(ground: Image.Image, thing: Image.Image, at: tuple[int, int], radius: int) -> None:
    darkness = shadow(thing.size, radius)
    ground.paste("#000", (at[0] - 40, at[1] - 40), darkness)
    ground.paste(thing, at, rounded(thing.size, radius))


@cache
def arrow() -> Image.Image:
    """The pointer; its tip is the upper left corner."""
    points = [(3, 2), (3, 39), (12, 31), (18, 45), (25, 42), (19, 28), (31, 28)]
    drawn = Image.new("RGBA", (48 * FINE, 52 * FINE))
    outline = [(x * FINE, y * FINE) for x, y in points]
    draw = ImageDraw.Draw(drawn)
    draw.polygon(outline, fill="#fff")
    draw.polygon(outline, fill="#16202c", outline="#fff", width=2 * FINE + 2)
    return drawn.resize((48, 52), Image.Resampling.LANCZOS)


@cache
def finger() -> Image.Image:
    """A finger's tip, as screen recordings of phones show it; its middle is the middle of the picture."""
    return _disc(44, fill=(16, 34, 56, 120), outline=(255, 255, 255, 235))


@cache
def ring(step: int) -> Image.Image:
    """A press: a ring that grows and fades in six steps."""
    colour = (236, 152, 32, 235 - 36 * step)
    return _disc(36 + 11 * step, fill=(236, 152, 32, 90 - 15 * step), outline=colour)


def _disc(side: int, fill: tuple[int, ...], outline: tuple[int, ...]) -> Image.Image:
    drawn = Image.new("RGBA", (side * FINE, side * FINE))
    area = (FINE, FINE, (side - 1) * FINE, (side - 1) * FINE)
    ImageDraw.Draw(drawn).ellipse(area, fill=fill, outline=outline, width=3 * FINE)
    return drawn.resize((side, side), Image.Resampling.LANCZOS)


def put_middle(ground: Image.Image, sprite: Image.Image, at: tuple[float, float]) -> None:
    ground.paste(sprite, (round(at[0] - sprite.width / 2), round(at[1] - sprite.height / 2)), sprite)


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None

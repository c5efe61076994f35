"""Plain pictures as SVG, readable on light and on dark ground."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 200, 46, 52
COLOURS = (
    ("#0072b2", "#56b4e9"),
    ("#b34700", "#e69f00"),
    ("#00704f", "#2fc79a"),
    ("#a1407e", "#e59ccb"),
    ("#6b5d00", "#f0e442"),
    ("#444444", "#bbbbbb"),
    ("#7030a0", "#b98ae0"),
)
"""For light ground and for dark; told apart by those who see few colours too."""
DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 4", "12 4", "1 4")


@dataclass(frozen=True)
class Line:
    title: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """`ticks`: where there is a line across, with its words."""

    title: str
    ticks: Sequence[tuple[float, str]]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """From 0 at the first tick to 1 at the last."""
        first, last, value = (
            math.log(one) if self.logarithmic else one for one in (self.ticks[0][0], self.ticks[-1][0], value)
        )
        return (value - first) / (last - first)


def chart(title: str, across: Axis, up: Axis, lines: Sequence[Line]) -> str:
    """One picture; what it says is in its title and description too."""

    def x(value: float) -> float:
        return LEFT + across.place(value) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM)

    parts = [*_frame(title, across, up, x, y)]
    labels = _apart([y(line.points[-1][1]) for line in lines])
    for number, (line, label_at) in enumerate(zip(lines, labels, strict=True)):
        points = [(x(one), y(other)) for one, other in line.points]
        parts += _line(number % len(COLOURS), line.title, points, label_at)
    says = "; ".join(line.title for line in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(f'{up.title} by {across.title}: {says}')}</desc>\n"
        f"<style>{_style()}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _line(kind: int, title: str, points: Sequence[tuple[float, float]], label_at: float) -> list[str]:
    """The line and, beside its end, its name."""
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    name = f'x="{points[-1][0] + 8:.1f}" y="{label_at + 4:.1f}">{escape(title)}'
    return [
        f'<polyline class="line c{kind}" stroke-dasharray="{DASHES[kind]}" points="{through}"/>',
        f'<text class="t{kind}" {name}</text>',
    ]


def _frame(
    title: str, across: Axis, up: Axis, x: Callable[[float], float], y: Callable[[float], float]
) -> Sequence[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
        f'<text x="{LEFT}" y="38">{escape(up.title)}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 12}">{escape(across.title)}</text>',
    ]
    for value, words in up.ticks:
        at = f"{y(value):.1f}"
        parts.append(f'<path class="grid" d="M{LEFT} {at}H{right}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{escape(words)}</text>')
    for value, words in across.ticks:
        at = f"{x(value):.1f}"
        parts.append(f'<path class="grid" d="M{at} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 18}" text-anchor="middle">{escape(words)}</text>')
    return parts


def _apart(wanted: Sequence[float], least: float = 15) -> list[float]:
    """Places of the labels, none of which covers another one; in the order of `wanted`."""
    placed, lowest = list(wanted), float(HEIGHT - BOTTOM)
    for number in sorted(range(len(wanted)), key=lambda number: -wanted[number]):
        placed[number] = min(placed[number], lowest)
        lowest = placed[number] - least
    return placed


def _style() -> str:
    light, dark = (
        "".join(f".c{n}{{stroke:{pair[which]}}}.t{n}{{fill:{pair[which]}}}" for n, pair in enumerate(COLOURS))
        for which in (0, 1)
    )
    return (
        "text{font:13px system-ui,sans-serif;fill:#222}.title{font-weight:600;font-size:15px}"
        ".ground{fill:#fff}.grid{stroke:#ccc;fill:none}.line{fill:none;stroke-width:2}"
        f"{light}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}.ground{{fill:#111}}"
        f".grid{{stroke:#444}}{dark}}}"
    )

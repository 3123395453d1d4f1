"""Boxes, frames and arrows as SVG: as much of it as a picture of an architecture needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape

Kind = Literal["outside", "door", "service", "store", "watch"]
Point = tuple[float, float]

FILLS: Final[dict[Kind, str]] = {
    "outside": "#f3f4f6",
    "door": "#fde68a",
    "service": "#bfdbfe",
    "store": "#bbf7d0",
    "watch": "#e9d5ff",
}
LINE_HEIGHT: Final = 16
INK: Final = "#111827"
STYLE: Final = "font-family:system-ui,sans-serif;font-size:12px"


@dataclass(frozen=True)
class Box:
    """A box with some lines of text, the first of them bold."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    kind: Kind

    @property
    def top(self) -> Point:
        """The middle of its upper edge."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> Point:
        """The middle of its lower edge."""
        return self.x + self.width / 2, self.y + self.height

    @property
    def left(self) -> Point:
        """The middle of its left edge."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> Point:
        """The middle of its right edge."""
        return self.x + self.width, self.y + self.height / 2


class Drawing:
    """What has been drawn so far."""

    def __init__(self, width: int, height: int, *, title: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" style="{STYLE}">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="head" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
            f'<path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="white"/>',
        ]
        self.label(20, 24, title, bold=True)

    def box(self, box: Box) -> Box:
        """Draw a box, and give it back for arrows."""
        self._parts.append(
            f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="6" '
            f'fill="{FILLS[box.kind]}" stroke="{INK}"/>'
        )
        first = box.y + (box.height - LINE_HEIGHT * len(box.lines)) / 2 + 12
        for number, line in enumerate(box.lines):
            self.label(box.top[0], first + number * LINE_HEIGHT, line, bold=number == 0, middle=True)
        return box

    def frame(self, x: float, y: float, width: float, height: float, text: str, *, below: bool = False) -> None:
        """A dashed frame with its name above what it holds, or below it."""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10" fill="none" '
            f'stroke="{INK}" stroke-dasharray="5 4"/>'
        )
        self.label(x + 12, y + (height - 10 if below else 18), text, bold=True)

    def label(self, x: float, y: float, text: str, *, bold: bool = False, middle: bool = False) -> None:
        """A line of text, whose baseline begins or has its middle here."""
        weight = ' font-weight="600"' if bold else ""
        anchor = ' text-anchor="middle"' if middle else ""
        self._parts.append(f'<text x="{x:g}" y="{y:g}" fill="{INK}"{weight}{anchor}>{escape(text)}</text>')

    def arrow(self, start: Point, end: Point) -> None:
        """From one point to another."""
        self._parts.append(
            f'<line x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}" stroke="{INK}" '
            'marker-end="url(#head)"/>'
        )

    def svg(self) -> str:
        """The whole."""
        return "\n".join([*self._parts, "</svg>", ""])

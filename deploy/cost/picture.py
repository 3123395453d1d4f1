"""What a month costs by size, as a picture: for each number of clients what the parts of its bill come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.aws.drawing import Box, Drawing, Kind

WIDTH: Final = 980
LEFT: Final = 170.0
BAR: Final = 640.0
ROW: Final = 84
TOP: Final = 84
# Of a letter of a part's name; a part that is narrower than its name goes without.
LETTER: Final = 8.0
COLOURS: Final[Mapping[str, Kind]] = {
    "services": "service",
    "database": "store",
    "standby": "outside",
    "cache": "store",
    "network": "door",
    "kept": "watch",
    "watching": "watch",
}


@dataclass(frozen=True)
class Bar:
    """A number of clients, in how many cells, and what each part costs in a month."""

    clients: int
    cells: int
    parts: Mapping[str, float]

    @property
    def dollars(self) -> float:
        """The whole."""
        return sum(self.parts.values())


def drawn(bars: Sequence[Bar], *, region: str) -> str:
    """The picture as SVG: every bar is as long as the others, since their wholes differ a hundredfold."""
    drawing = Drawing(WIDTH, TOP + ROW * len(bars) + 10, title=f"A month on AWS in {region}, by clients")
    drawing.label(
        20, 48, "Each bar is a whole bill; what it comes to stands at its end. Parts without a name are small."
    )
    for place, bar in enumerate(bars):
        y = float(TOP + ROW * place)
        cells = "cell" if bar.cells == 1 else "cells"
        drawing.label(20, y + 22, f"{bar.clients:,} clients", bold=True)
        drawing.label(20, y + 40, f"{bar.cells} {cells}")
        x = LEFT
        for part, dollars in bar.parts.items():
            width = BAR * dollars / bar.dollars
            lines = (part, f"{dollars / bar.dollars:.0%}") if width >= LETTER * (len(part) + 0.5) else ()
            drawing.box(Box(x, y, width, 54, lines, COLOURS[part]))
            x += width
        drawing.label(LEFT + BAR + 14, y + 22, f"${bar.dollars:,.0f}", bold=True)
        drawing.label(LEFT + BAR + 14, y + 40, f"${bar.dollars / bar.clients:,.2f} a client")
    return drawing.svg()

"""Small pictures of graphs and points, without a plotting library: what `render_mode="rgb_array"` shows."""

import numpy as np
from PIL import Image, ImageDraw

PIXELS = 320
FINER = 3
"""Drawn so many times larger and then reduced, which smooths the edges."""
MARGIN = 0.07

BLUE, ORANGE, GREY, PALE, BLACK = "#0072B2", "#E69F00", "#8C8C8C", "#D9D9D9", "#000000"
"""Told apart by colour-blind eyes too, and by lightness."""


class Picture:
    """A white square on which things are drawn at points of the unit square, y upwards."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (PIXELS * FINER,) * 2, "white")
        self._draw = ImageDraw.Draw(self._image)

    def line(self, start: np.ndarray, end: np.ndarray, colour: str, width: float) -> None:
        """Draw a line, `width` in pixels."""
        self._draw.line([*_pixels(start), *_pixels(end)], fill=colour, width=round(width * FINER))

    def disc(self, centre: np.ndarray, colour: str, radius: float, ring: str = BLACK) -> None:
        """Draw a disc with an outline, `radius` in pixels."""
        (x, y), r = _pixels(centre), radius * FINER
        self._draw.ellipse([x - r, y - r, x + r, y + r], fill=colour, outline=ring, width=FINER)

    def array(self) -> np.ndarray:
        """Return the picture as uint8 [PIXELS, PIXELS, 3]."""
        return np.asarray(self._image.resize((PIXELS, PIXELS), Image.Resampling.BOX))


def on_circle(count: int) -> np.ndarray:
    """Return `count` points evenly on a circle, the first on top, clockwise: [count, 2]."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    return 0.5 + 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def in_column(count: int, x: float) -> np.ndarray:
    """Return `count` points evenly from top to bottom at `x`: [count, 2]."""
    return np.stack([np.full(count, x), np.linspace(1, 0, count)], axis=1)


def side_colour(spin: float) -> str:
    """Return the colour of a vertex or variable at +1, at -1, or undecided at 0."""
    return {1: BLUE, -1: ORANGE}.get(int(spin), "#FFFFFF")


def side_letters(spins: np.ndarray) -> str:
    """Write spins as "+-+..", a dot where undecided."""
    return "".join({1: "+", -1: "-"}.get(int(spin), ".") for spin in spins)


def _pixels(point: np.ndarray) -> tuple[float, float]:
    x, y = MARGIN + (1 - 2 * MARGIN) * np.asarray(point, dtype=float)
    return x * PIXELS * FINER, (1 - y) * PIXELS * FINER

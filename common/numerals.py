"""Numbers as a page shows them: as many digits as their interval supports. `theme/numbers.typ` does the same."""

import math
from html import escape
from typing import Any

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SIGNED = ("difference", "lead", "smallest step")


def number(x: float, spread: float | None = None) -> str:
    """Write `x` with two significant digits of `spread`, or four of its own; powers of ten far from 1."""
    size = abs(x)
    if size and not 1e-3 <= size < 1e6:
        power = math.floor(math.log10(size))
        scale = 10.0**power
        mantissa = _fixed(x / scale, min(4, _decimals(x / scale, spread / scale if spread else None)))
        return f"{mantissa} × 10{str(power).translate(SUPERSCRIPTS)}"
    return _fixed(x, _decimals(x, spread))


def measured(row: dict[str, Any]) -> str:
    """Write the value of a claim's row as HTML: number and unit, then what it measures and its interval."""
    spread = None if row["low"] is None else (row["high"] - row["low"]) / 2
    sign = "+" if row["measures"] in SIGNED and row["value"] > 0 else ""
    text = f"{sign}{number(row['value'], spread)} {escape(row['value_unit'])}".rstrip()
    detail = row["measures"]
    if spread is not None:
        detail += f" [{number(row['low'], spread)}, {number(row['high'], spread)}]"
    return f'{text}<span class="interval">{detail.strip()}</span>'


def _decimals(x: float, spread: float | None) -> int:
    size, digits = (spread, 2) if spread else (abs(x), 4)
    return min(8, max(0, digits - 1 - math.floor(math.log10(size)))) if size else 0


def _fixed(x: float, digits: int) -> str:
    return f"{x:.{digits}f}".replace("-", "−")

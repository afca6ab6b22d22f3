"""How the results of a search are written: designs and predictions as text, curves thinned out for drawing.

Shape suffixes: N pixels.
"""

import base64
from itertools import pairwise
from typing import Any

import numpy as np

from papers.surco.photonics.devices import Instance
from papers.surco.photonics.problem import Record

CURVE_POINTS = 24
"""Points of a drawn convergence curve."""
CHANGE_POINTS = 20
"""Points of a drawn curve of changes."""
LATE = 20
"""Last steps over which changes are averaged."""


def packed(design_N: np.ndarray) -> str:
    """Write a design as hexadecimal digits, four pixels each."""
    return np.packbits(design_N > 0).tobytes().hex()


def unpacked(text: str, instance: Instance) -> np.ndarray:
    """Read a design [N] of zeros and ones."""
    size = instance.shape[0] * instance.shape[1]
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8))[:size].astype(float)


def encoded(u_N: np.ndarray) -> str:
    """Write a prediction, in single precision."""
    return base64.b64encode(u_N.astype(np.float32).tobytes()).decode()


def decoded(text: str) -> np.ndarray:
    """Read a prediction [N]."""
    return np.frombuffer(base64.b64decode(text), dtype=np.float32).astype(float)


def curve_steps(steps: int) -> np.ndarray:
    """Steps at which convergence is drawn, evenly on a logarithmic axis."""
    return np.unique(np.geomspace(1, steps, CURVE_POINTS).round().astype(int))


def summary(record: Record, steps: int) -> dict[str, Any]:
    """Write what a method has done in at most so many steps."""
    best = np.minimum.accumulate(record.losses)
    best = np.concatenate([best, np.full(steps - len(best), best[-1])]) if len(best) < steps else best
    return {
        "met_after": record.met_after,
        "designs": len(record.losses),
        "loss": float(best[-1]),
        "changed": _thinned(record.changed, steps),
        "late_changes": float(np.mean(record.changed[-LATE:])) if record.changed else 0.0,
        "curve": [float(f"{value:.4g}") for value in best[curve_steps(steps) - 1]],
    }


def _thinned(changed: list[int], steps: int) -> list[float]:
    """Average the changes over equal parts of all steps; parts that were not reached are left out."""
    edges = np.linspace(0, steps, CHANGE_POINTS + 1).round().astype(int)
    parts = [changed[low:high] for low, high in pairwise(edges)]
    return [round(float(np.mean(part)), 1) for part in parts if part]

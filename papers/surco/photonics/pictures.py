"""What is drawn of one design: its field at both wavelengths, and its powers over a spectrum.

Shape suffixes: N cells of the domain, X and Y its sides.
"""

import base64
from typing import Any

import numpy as np

from papers.surco.photonics.devices import WAVELENGTHS, Instance
from papers.surco.photonics.simulator import whole_system

BEYOND = 20.0
"""nm of the spectrum beyond the wavelengths of the specification."""


def take(instance: Instance, design_N: np.ndarray, points: int) -> dict[str, Any]:
    """Simulate the whole domain.

    Args:
        instance: whose domain it is.
        design_N: zeros and ones.
        points: wavelengths of the spectrum.

    Returns:
        name, shape [X, Y], solid and fields (texts, see `numbers`), wavelengths and their powers [P].
    """
    model = instance.model()
    solid = model.density(design_N.reshape(instance.shape)) > 0.5
    wavelengths = np.linspace(WAVELENGTHS[0] - BEYOND, WAVELENGTHS[1] + BEYOND, points)
    return {
        "name": instance.name,
        "shape": [int(size) for size in model.shape],
        "solid": text(solid.astype(float)),
        "fields": [text(_solved(model, wavelength, design_N)[0].real) for wavelength in WAVELENGTHS],
        "wavelengths": wavelengths.tolist(),
        "powers": [_solved(model, wavelength, design_N)[1].tolist() for wavelength in wavelengths],
    }


def text(values: np.ndarray) -> str:
    """Write numbers as text, with one byte each and their greatest size as unit."""
    scaled = np.round(values / max(np.abs(values).max(), 1e-30) * 127).astype(np.int8)
    return base64.b64encode(scaled.tobytes()).decode()


def numbers(written: str, shape: tuple[int, int]) -> np.ndarray:
    """Read them again: [X, Y] in [-1, 1]."""
    return np.frombuffer(base64.b64decode(written), dtype=np.int8).reshape(shape) / 127


def _solved(model: Any, wavelength: float, design_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    system = whole_system(model, float(wavelength))
    _, field_N = system.solve(design_N)
    return field_N, system.powers(field_N)[0]

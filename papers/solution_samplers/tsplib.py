"""Travelling-salesman instances in TSPLIB's format, with the distances that TSPLIB defines.

G. Reinelt, "TSPLIB 95", sections 1 and 2. N cities; distances are integers.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from common import datasets
from common.config import ROOT, read_yaml
from common.errors import RepriseError

EARTH_RADIUS = 6378.388
PI = 3.141592
"""TSPLIB's own value: distances depend on it."""

SECTIONS = {
    "NODE_COORD_SECTION",
    "EDGE_WEIGHT_SECTION",
    "DISPLAY_DATA_SECTION",
    "FIXED_EDGES_SECTION",
    "TOUR_SECTION",
    "EOF",
}


Lines = list[tuple[int, str]]
"""Lines of a file with their numbers."""


class TspError(RepriseError):
    """A file is not TSPLIB's format, or of a kind that is not read here; names the file and the line."""


@dataclass(frozen=True, eq=False)
class Tsp:
    """A symmetric travelling-salesman instance.

    Attributes:
        name: TSPLIB's name.
        distances_NN: int64, symmetric, zero diagonal.
        optimum: length of the shortest tour; None where unknown.
        coordinates_N2: where the cities lie, float64; None for instances given by distances only.
    """

    name: str
    distances_NN: np.ndarray
    optimum: int | None
    coordinates_N2: np.ndarray | None

    @property
    def cities(self) -> int:
        """N."""
        return len(self.distances_NN)

    def length(self, tours: np.ndarray) -> np.ndarray:
        """Lengths [...] of closed tours [..., N] of cities 0 to N - 1."""
        return self.distances_NN[tours, np.roll(tours, -1, axis=-1)].sum(-1)


def read_tsplib(name: str) -> Tsp:
    """An instance such as "berlin52", from the copy shipped here, REPRISE_DATA or the web (`data/README.md`)."""
    return parse_tsplib(datasets.texts.read("tsplib", name), name, _optima().get(name))


def read_tour(name: str) -> np.ndarray:
    """The optimal tour [N] that TSPLIB gives for an instance, cities counted from 0."""
    _, sections = _sections(datasets.texts.read("tsplib_tours", name), name)
    cities = _numbers(name, sections, "TOUR_SECTION").astype(np.int64)
    cities = cities[cities > 0] - 1  # the list ends with -1, and in some files with the first city again
    return cities[:-1] if cities[0] == cities[-1] else cities


def parse_tsplib(text: str, name: str, optimum: int | None = None) -> Tsp:
    """Read a symmetric instance: EUC_2D, CEIL_2D, ATT or GEO coordinates, or an explicit matrix.

    Args:
        text: content of the file.
        name: the file's name, for the instance and for messages.
        optimum: length of the shortest tour.

    Raises:
        TspError: a number missing or malformed, or a kind of distances that is not one of these.
    """
    header, sections = _sections(text, name)
    try:
        cities, kind = int(header["DIMENSION"]), header["EDGE_WEIGHT_TYPE"]
    except (KeyError, ValueError) as error:
        raise TspError(f"{name}: header: DIMENSION or EDGE_WEIGHT_TYPE missing or malformed: {error}") from None
    if "FIXED_EDGES_SECTION" in sections:
        raise TspError(f"{name}: FIXED_EDGES_SECTION: instances with fixed edges are not read here")
    if kind == "EXPLICIT":
        numbers = _numbers(name, sections, "EDGE_WEIGHT_SECTION")
        return Tsp(name, _matrix(name, header.get("EDGE_WEIGHT_FORMAT", ""), numbers, cities), optimum, None)
    if kind not in DISTANCES:
        raise TspError(f"{name}: EDGE_WEIGHT_TYPE {kind} is not read here (known: EXPLICIT, {', '.join(DISTANCES)})")
    numbers = _numbers(name, sections, "NODE_COORD_SECTION")
    if len(numbers) != 3 * cities:
        raise TspError(f"{name}: NODE_COORD_SECTION: {len(numbers)} numbers, expected 3 for each of {cities} cities")
    coordinates = numbers.reshape(cities, 3)[:, 1:]
    distances = DISTANCES[kind](coordinates).astype(np.int64)
    np.fill_diagonal(distances, 0)
    return Tsp(name, distances, optimum, coordinates)


def _euclidean(xy_N2: np.ndarray) -> np.ndarray:
    return np.hypot(*(xy_N2[:, None] - xy_N2).transpose(2, 0, 1))


def _nearest(values: np.ndarray) -> np.ndarray:
    """TSPLIB's nint: halves go up."""
    return np.floor(values + 0.5)


def _pseudo_euclidean(xy_N2: np.ndarray) -> np.ndarray:
    """ATT: the root of a tenth of the squared distance, rounded up."""
    exact = np.sqrt(((xy_N2[:, None] - xy_N2) ** 2).sum(-1) / 10.0)
    rounded = _nearest(exact)
    return rounded + (rounded < exact)


def _geographical(degrees_N2: np.ndarray) -> np.ndarray:
    """GEO: great-circle kilometres; a coordinate is degrees.minutes."""
    whole = np.trunc(degrees_N2)
    latitude, longitude = (PI * (whole + 5.0 * (degrees_N2 - whole) / 3.0) / 180.0).T
    q1 = np.cos(longitude[:, None] - longitude)
    q2 = np.cos(latitude[:, None] - latitude)
    q3 = np.cos(latitude[:, None] + latitude)
    cosine = np.clip(0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3), -1.0, 1.0)
    return np.floor(EARTH_RADIUS * np.arccos(cosine) + 1.0)


DISTANCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "EUC_2D": lambda xy: _nearest(_euclidean(xy)),
    "CEIL_2D": lambda xy: np.ceil(_euclidean(xy)),
    "ATT": _pseudo_euclidean,
    "GEO": _geographical,
}
"""Distances [N, N] of coordinates [N, 2], by TSPLIB's EDGE_WEIGHT_TYPE."""


def _matrix(name: str, form: str, numbers: np.ndarray, cities: int) -> np.ndarray:
    """An explicit symmetric matrix from its stored part, which is read row by row."""
    stored = {
        "FULL_MATRIX": lambda: np.ones((cities, cities), dtype=bool),
        "UPPER_ROW": lambda: np.triu(np.ones((cities, cities), dtype=bool), 1),
        "UPPER_DIAG_ROW": lambda: np.triu(np.ones((cities, cities), dtype=bool)),
        "LOWER_DIAG_ROW": lambda: np.tril(np.ones((cities, cities), dtype=bool)),
    }
    if form not in stored:
        raise TspError(f"{name}: EDGE_WEIGHT_FORMAT {form or 'missing'} is not read here (known: {', '.join(stored)})")
    where = stored[form]()
    if len(numbers) != where.sum():
        raise TspError(f"{name}: EDGE_WEIGHT_SECTION: {len(numbers)} numbers, expected {where.sum()} for {form}")
    matrix = np.zeros((cities, cities), dtype=np.int64)
    matrix[where] = numbers
    matrix = np.maximum(matrix, matrix.T)
    np.fill_diagonal(matrix, 0)
    return matrix


def _sections(text: str, name: str) -> tuple[dict[str, str], dict[str, Lines]]:
    """The header's values by key, and the numbered lines of each section."""
    header, sections, current = {}, {}, None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words in SECTIONS:
            current = sections.setdefault(words, [])
        elif current is not None and words:
            current.append((number, words))
        elif ":" in words:
            key, _, value = words.partition(":")
            header[key.strip()] = value.strip()
        elif words:
            raise TspError(f"{name}: line {number}: expected 'KEY: value' or a section, got {words!r}")
    return header, sections


def _numbers(name: str, sections: dict[str, Lines], wanted: str) -> np.ndarray:
    """All numbers of a section in a row, float64."""
    if wanted not in sections:
        raise TspError(f"{name}: no {wanted}")
    numbers = []
    for number, words in sections[wanted]:
        try:
            numbers += map(float, words.split())
        except ValueError:
            raise TspError(f"{name}: line {number}: expected numbers, got {words!r}") from None
    return np.array(numbers)


@functools.cache
def _optima() -> dict[str, int]:
    return read_yaml(ROOT / "data" / "tsplib" / "optima.yaml")["optima"]

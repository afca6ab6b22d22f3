"""The toy after Theorem 4.4: min over Omega of (x_1 cos y + x_2 sin y)^2, for y in [0, pi / 2].

The paper's Omega, as the text that we have prints it, is conv{(0, 0), (0, 1), (1, 0)}. There (0, 0) is optimal for
every y, so that nothing jumps. What the theorem needs is the segment conv{(0, 1), (1, 0)}: its solution is (0, 1) for
y < pi / 4 and (1, 0) beyond. We compute both.

Shape suffixes: Y values of y, V vertices.
"""

import numpy as np

SEGMENT = np.array([[0.0, 1.0], [1.0, 0.0]])
"""Vertices of Omega as the theorem needs it."""
TRIANGLE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
"""Vertices of Omega as printed."""


def surrogate_costs(y_Y: np.ndarray) -> np.ndarray:
    """The costs c(y) = (cos y, sin y), [Y, 2], whose Lipschitz constant is one."""
    return np.stack([np.cos(y_Y), np.sin(y_Y)], -1)


def solutions(y_Y: np.ndarray, vertices_V2: np.ndarray) -> np.ndarray:
    """The minimisers of (c(y) . x)^2, [Y, 2]; c(y) has no negative entry, so that one is a vertex."""
    return vertices_V2[((surrogate_costs(y_Y) @ vertices_V2.T) ** 2).argmin(1)]


def linear_solutions(y_Y: np.ndarray, vertices_V2: np.ndarray) -> np.ndarray:
    """The minimisers of the linear surrogate c(y) . x, [Y, 2]."""
    return vertices_V2[(surrogate_costs(y_Y) @ vertices_V2.T).argmin(1)]


def steepest(y_Y: np.ndarray, values_Y2: np.ndarray) -> float:
    """The largest slope between neighbours: a lower bound on a Lipschitz constant."""
    rise_Y = np.linalg.norm(np.diff(values_Y2, axis=0), axis=1)
    return float((rise_Y / np.diff(y_Y)).max())


def nearest_error(y_Y: np.ndarray, values_Y2: np.ndarray, query_Q: np.ndarray, truth_Q2: np.ndarray) -> float:
    """The largest error of the nearest neighbour's value; `y_Y` rises."""
    nearest_Q = np.searchsorted((y_Y[1:] + y_Y[:-1]) / 2, query_Q)
    return float(np.linalg.norm(values_Y2[nearest_Q] - truth_Q2, axis=1).max())

"""Small problems whose solutions can be enumerated, and solvers that go wrong on purpose."""

import itertools
import os
import time

import numpy as np
import torch

from papers.surco.choices import Differentiation, Search
from papers.surco.problem import Problem


def differentiation(estimator, strength=1.0, scaled=False, samples=4, noise=0.5):
    return Differentiation(estimator=estimator, strength=strength, scaled=scaled, samples=samples, noise=noise)


def search(**changes):
    values = {"link": "identity", "learning_rate": 0.1, "betas": (0.9, 0.999), "steps": 30, "patience": 30,
              "warn_after": 31}  # fmt: skip
    return Search(**values | changes)


def subsets(variables, chosen):
    """All 0/1 vectors with so many ones: [V, N]."""
    rows = [[float(i in ones) for i in range(variables)] for ones in itertools.combinations(range(variables), chosen)]
    return torch.tensor(rows, dtype=torch.float64)


def over(vertices_VN):
    """A solver by trying all vertices."""

    def solve(costs_BN, instances):
        return vertices_VN[(costs_BN @ vertices_VN.T).argmin(1)].to(costs_BN.dtype)

    return solve


def nearest(vertices_VN):
    """min |A_i x - b_i|^2 over the vertices; an instance is a row (A_i, b_i) of a tensor."""

    def objective(x_BN, instances):
        matrix, target = instances[..., :-1], instances[..., -1]
        return ((matrix @ x_BN[..., None])[..., 0] - target).square().sum(-1)

    return Problem(solve=over(vertices_VN), objective=objective)


def made_instances(count, variables, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, variables + 1, generator=generator, dtype=torch.float64)


def smallest_of_one(costs_N, instance):
    """Pick the cheapest entry; the instance says how to misbehave."""
    if instance == "raises":
        raise ValueError("no solution here")
    if instance == "hangs":
        time.sleep(60)
    if instance == "dies":
        os._exit(1)
    return np.eye(len(costs_N))[costs_N.argmin()]


def squares_of_one(x_N, instance):
    """|x - 1/2|^2 with its slope; instance "nan" gives no number."""
    if instance == "nan":
        return float("nan"), x_N
    return float(((x_N - 0.5) ** 2).sum()), 2 * (x_N - 0.5)

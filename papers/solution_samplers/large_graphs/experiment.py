"""One job of the experiment: an arm followed over the graphs of one degree, or the classical methods on them.

Shape suffixes: B graphs, C chains, T iterations.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.classical import burer_monteiro, greedy, mean_field, one_exchange, tabu
from papers.solution_samplers.graphs import Graph, regular_graphs
from papers.solution_samplers.large_graphs.arms import bare_chains, learner
from papers.solution_samplers.large_graphs.batch import Batch
from papers.solution_samplers.large_graphs.settings import LargeGraphs
from papers.solution_samplers.large_graphs.training import (
    Annealing,
    Trace,
    Update,
    follow,
    known_optimum,
    policy_gradient,
    untrained,
)
from papers.solution_samplers.objective import objectives
from papers.solution_samplers.samplers.diagnostics import effective_sample_size, r_hat

CURVE_POINTS = 60
R_HAT_CEILING = 100.0
"""Stands for any larger R-hat: chains that are stuck in different places have an infinite one."""


@dataclass(frozen=True)
class Run:
    """An arm under one rule.

    Attributes:
        settings: of the experiment.
        degree: of the graphs.
        arm: a key of the settings' arms.
        rule: an objective, "untrained" or "known_optimum".
        rate: Adam's learning rate; None where nothing is learned.
        tuning: whether the graphs are those for tuning.
    """

    settings: LargeGraphs = field(compare=False, repr=False)
    degree: int
    arm: str
    rule: str
    rate: float | None = None
    tuning: bool = False


@dataclass(frozen=True)
class Lines:
    """The classical methods on the graphs of one degree."""

    settings: LargeGraphs = field(compare=False, repr=False)
    degree: int


def normalised_cut(cuts: Any, vertices: int, degree: int) -> Any:
    """Return `(cut / n - d / 4) / sqrt(d / 4)`: 0 for a random cut, near P* = 0.7632 for the best one."""
    return (cuts / vertices - degree / 4) / (degree / 4) ** 0.5


def graphs_of(settings: LargeGraphs, degree: int, tuning: bool = False) -> list[Graph]:
    """Draw one random regular graph for each seed."""
    seeds = settings.tuning_seeds if tuning else settings.seeds
    return [regular_graphs(1, settings.vertices, degree, seed)[0] for seed in seeds]


def measure_run(job: Run) -> dict[str, Any]:
    """Follow an arm and summarise what its chains did, in normalised cuts."""
    settings, arm = job.settings, job.settings.arms[job.arm]
    start = time.monotonic()
    batch = Batch(graphs_of(settings, job.degree, job.tuning))
    generator = torch.Generator().manual_seed(job.degree)  # one start for all rules
    if job.rule == "known_optimum":
        couplings_E = torch.zeros_like(batch.weights_E)
        policy = bare_chains(arm, settings.models, batch, couplings_E, generator)
        update: Update = known_optimum(couplings_E, batch.weights_E / 2)  # a cut edge wins w, s_i s_j = -1
    else:
        policy = learner(arm, settings.models, batch, settings.inverse_temperature, generator)
        update = untrained
    if job.rate is not None:
        objective = objectives(settings.mixture_weight, settings.inverse_temperature)[job.rule]
        update = policy_gradient(policy, objective, job.rate, arm.sweeps)
    annealing = Annealing(settings.iterations, arm.entropy_weight, settings.halve_every, arm.sweeps)
    trace = follow(policy, update, annealing, batch.vertex_counts)
    return summary(job, trace) | {"seconds": time.monotonic() - start}


def summary(job: Run, trace: Trace) -> dict[str, Any]:
    """Summarise a trace.

    Returns:
        `expected`, `early` and `best`, one for each graph: the mean cut over the chains in the last iterations and in
        those before `converged_at`, and the best cut that was seen; curves [B][points] of the first and the last; and
        R-hat and effective sample size of the cut in the second half of every stage of lambda, [B][stages].
    """
    settings = job.settings
    cuts_TBC = normalised_cut(-trace.costs_TBC.double(), settings.vertices, job.degree)
    mean_TB, best_TB = cuts_TBC.mean(dim=2), cuts_TBC.amax(dim=2).cummax(dim=0).values
    window, early = settings.window, settings.converged_at
    bins = np.array_split(np.arange(settings.iterations), min(CURVE_POINTS, settings.iterations))
    return {
        "expected": mean_TB[-window:].mean(dim=0).tolist(),
        "early": mean_TB[early - window : early].mean(dim=0).tolist(),
        "best": best_TB[-1].tolist(),
        "iterations": [float(points.mean()) for points in bins],
        "expected_curve": [[float(mean_TB[points, b].mean()) for points in bins] for b in range(mean_TB.shape[1])],
        "best_curve": [[float(best_TB[points[-1], b]) for points in bins] for b in range(mean_TB.shape[1])],
        **mixing(cuts_TBC, settings.halve_every),
    }


def mixing(cuts_TBC: Tensor, stage: int) -> dict[str, list[list[float]]]:
    """Return R-hat and effective sample size of the cut in the second half of every stage: [B][stages] each."""
    stages = range(0, len(cuts_TBC) - stage + 1, stage)
    draws = [[cuts_TBC[start + stage // 2 : start + stage, b].T for start in stages] for b in range(cuts_TBC.shape[1])]
    return {
        "r_hat": [[min(float(r_hat(draws_CT)), R_HAT_CEILING) for draws_CT in row] for row in draws],
        "effective_samples": [[float(effective_sample_size(draws_CT)) for draws_CT in row] for row in draws],
    }


def measure_lines(job: Lines) -> dict[str, Any]:
    """Return the normalised cuts of the classical methods, one for each graph, and the seconds of each."""
    lines = job.settings.lines
    methods = {
        "greedy": lambda graph, rng: greedy(graph, rng).value,
        "one_exchange": lambda graph, rng: one_exchange(graph, lines.exchange_starts, rng).value,
        "tabu": lambda graph, rng: tabu(graph, lines.tabu_moves, lines.tabu_starts, rng).value,
        "goemans_williamson": lambda graph, rng: burer_monteiro(graph, lines.hyperplanes, rng).rounded.value,
        "mean_field": lambda graph, rng: (
            mean_field(
                graph,
                lines.mean_field_steps,
                lines.mean_field_samples,
                lines.mean_field_rate,
                lines.mean_field_restart,
                rng,
            ).value
        ),
    }
    seeded = list(zip(graphs_of(job.settings, job.degree), job.settings.seeds, strict=True))
    found, seconds = {}, {}
    for name, method in methods.items():
        start = time.monotonic()
        cuts = [method(graph, np.random.default_rng(seed)) for graph, seed in seeded]
        found[name] = [normalised_cut(cut, job.settings.vertices, job.degree) for cut in cuts]
        seconds[name] = time.monotonic() - start
    return {"cuts": found, "seconds": seconds}

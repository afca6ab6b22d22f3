"""Max-Cut on G-set: the learned samplers, the known optimum without learning, and the classical methods."""

import time
from collections.abc import Callable

import numpy as np
import torch

from papers.solution_samplers.best_known.settings import BestKnown, Cuts
from papers.solution_samplers.choices import ObjectiveName
from papers.solution_samplers.classical import Cut, annealing, burer_monteiro, greedy, mean_field, tabu
from papers.solution_samplers.classical.flips import best_of, climb, neighbours
from papers.solution_samplers.graphs import Graph, read_gset
from papers.solution_samplers.large_graphs.arms import bare_chains, learner
from papers.solution_samplers.large_graphs.batch import Batch
from papers.solution_samplers.large_graphs.settings import Arm
from papers.solution_samplers.large_graphs.training import (
    Annealing,
    Trace,
    follow,
    known_optimum,
    policy_gradient,
    untrained,
)
from papers.solution_samplers.objective import objectives


def cut_methods(settings: Cuts) -> list[str]:
    """Name every method: `<arm>_<objective>`, the controls, and the classical ones."""
    return [*_learned(settings), "known_optimum", "untrained", *CLASSICAL]


def _learned(settings: Cuts) -> dict[str, tuple[Arm, ObjectiveName]]:
    """The arm and the objective of every learned method, by name."""
    return {f"{name}_{o}": (arm, o) for name, arm in settings.arms.items() for o in arm.learning_rates}


def measure_cut(settings: BestKnown, graph_name: str, method: str, seed: int) -> dict[str, float]:
    """Run one method on one graph.

    Returns:
        The weight of the best cut that was seen, that of the best after 1-flip local search, and the seconds.
    """
    graph = read_gset(graph_name)
    start = time.monotonic()
    if method in CLASSICAL:
        found = CLASSICAL[method](graph, settings.cuts, np.random.default_rng(seed))
        seen, polished = found.value, polish(graph, found.spins_N[None]).value
    else:
        trace = _trace(settings, Batch([graph]), method, torch.Generator().manual_seed(seed))
        seen = -float(trace.best_B[0])
        polished = polish(graph, torch.cat([trace.best[0][None], trace.last_CN]).numpy()).value
    return {"seen": seen, "polished": polished, "seconds": time.monotonic() - start}


def polish(graph: Graph, spins_CN: np.ndarray) -> Cut:
    """Climb from several cuts by moving one vertex at a time, and return the best end."""
    spins_CN = spins_CN.astype(np.int8)
    climb(neighbours(graph), spins_CN)
    return best_of(graph, spins_CN)


def _trace(settings: BestKnown, batch: Batch, method: str, generator: torch.Generator) -> Trace:
    cuts = settings.cuts
    learned = _learned(cuts)
    arm, objective = learned.get(method, (cuts.arms["linear"], ""))
    rule = untrained
    if method == "known_optimum":
        couplings_E = torch.zeros_like(batch.weights_E)
        policy = bare_chains(arm, cuts.models, batch, couplings_E, generator)
        rule = known_optimum(couplings_E, batch.weights_E / 2)
    else:
        policy = learner(arm, cuts.models, batch, settings.inverse_temperature, generator)
    if method in learned:
        terms = objectives(settings.mixture_weight, settings.inverse_temperature)[objective]
        rule = policy_gradient(policy, terms, arm.learning_rates[objective][0], arm.sweeps)
    schedule = Annealing(cuts.iterations, arm.entropy_weight, cuts.halve_every, arm.sweeps)
    return follow(policy, rule, schedule, batch.vertex_counts)


def _annealing(graph: Graph, cuts: Cuts, rng: np.random.Generator) -> Cut:
    """The known optimum again, by a compiled program that does nothing else, and as many sweeps."""
    arm = cuts.arms["linear"]
    schedule = Annealing(cuts.iterations, arm.entropy_weight, cuts.halve_every, arm.sweeps)
    weights = np.array([schedule.weight(iteration) for iteration in range(cuts.iterations)])
    return annealing(graph, arm.chains, weights, arm.sweeps, rng)


def _tabu(graph: Graph, cuts: Cuts, rng: np.random.Generator) -> Cut:
    moves = round(cuts.work.tabu_moves_per_edge * graph.edges_2E.shape[1])
    return tabu(graph, moves, cuts.work.tabu_starts, rng)


def _mean_field(graph: Graph, cuts: Cuts, rng: np.random.Generator) -> Cut:
    work = cuts.work
    return mean_field(
        graph, work.mean_field_steps, work.mean_field_samples, work.mean_field_rate, work.mean_field_restart, rng
    )


CLASSICAL: dict[str, Callable[[Graph, Cuts, np.random.Generator], Cut]] = {
    "greedy": lambda graph, cuts, rng: greedy(graph, rng, cuts.work.greedy_starts),
    "goemans_williamson": lambda graph, cuts, rng: burer_monteiro(graph, cuts.work.hyperplanes, rng).rounded,
    "burer_monteiro": lambda graph, cuts, rng: burer_monteiro(graph, cuts.work.hyperplanes, rng).climbed,
    "mean_field": _mean_field,
    "tabu": _tabu,
    "annealing": _annealing,
}

"""What each job of the routes experiment does. Results are JSON values; chances to arrive on time come per instance.

Shape suffixes: B instances, S starts, E edges.
"""

import time
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.surco.choices import Differentiation, EstimatorName, Search
from papers.surco.errors import VanishingGradient
from papers.surco.estimators import make
from papers.surco.method import surco_hybrid, surco_prior, surco_zero, train_prior
from papers.surco.routes.cpsat import cpsat_path
from papers.surco.routes.exact import best_paths
from papers.surco.routes.genetic import genetic_costs as evolve_costs
from papers.surco.routes.genetic import genetic_edges as evolve_edges
from papers.surco.routes.instances import ROUTES, Routes, draw, probabilities, released_seeds, solve
from papers.surco.routes.jobs import Job
from papers.surco.routes.minlp import scip_path
from papers.surco.routes.networks import EdgeNetwork
from papers.surco.routes.parametric import parametric
from papers.surco.routes.settings import Ablation, Grid, RoutePlanning, Table, Variant
from papers.surco.runs import LINKS, Outcome


def instances(table: Table, settings: RoutePlanning) -> Routes:
    """The instances of a table."""
    seeds = released_seeds(table.dataset_seed, table.graphs)
    return draw(table.side, seeds, table.low, table.high, settings.deadlines.factors())


def starts(kind: str, count: int, routes: Routes, seed: int) -> Tensor:
    """Free parameters u [S, B, E] to start from; see `Variant.start`."""
    generator = torch.Generator().manual_seed(seed)
    noise_SBE = torch.randn(count, *routes.means_BE.shape, generator=generator, dtype=torch.float64)
    if kind == "normal":
        return noise_SBE
    noise_SBE[0] = 0.0
    return torch.logit(routes.means_BE.clamp(max=1 - 1e-6)) + 0.3 * noise_SBE


def run_variant(variant: Variant, routes: Routes, seed: int) -> Outcome:
    """SurCo-zero on all instances at once. Runs that have arrived stand still, which is no reason to warn here."""
    u_SBE = starts(variant.start, variant.starts, routes, seed)
    estimator = make(variant.differentiation, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VanishingGradient)
        return surco_zero(ROUTES, routes, u_SBE, estimator, variant.search, routes.names)


def table(job: Job) -> dict[str, Any]:
    """Controls and all variants of SurCo-zero on one table."""
    settings = job.settings
    chosen = settings.tables[job.name]
    routes = instances(chosen, settings)
    seconds, paths, calls = {}, {}, {}
    for name, costs_BE in _controls(routes).items():
        paths[name], seconds[name] = _timed(solve, costs_BE, routes)
        calls[name] = 1
    (paths["parametric"], calls_B), seconds["parametric"] = _timed(parametric, routes, settings.negative)
    calls["parametric"] = calls_B.double().mean().item()
    if chosen.enumerated:
        paths["optimum"] = best_paths(routes, chosen.side)
    result = {
        "chances": {name: [_chances(x_BE, routes)] for name, x_BE in paths.items()},
        "moved": {},
        "steps": {},
    }
    result["chances"]["random"] = [_random(routes, settings.ablation.calls, seed) for seed in job.seeds]
    calls["random"] = settings.ablation.calls
    for name, variant in settings.variants.items():
        start = time.perf_counter()
        outcomes = [run_variant(variant, routes, seed) for seed in job.seeds]
        seconds[name] = (time.perf_counter() - start) / len(job.seeds)
        result["chances"][name] = [_of_values(outcome.values_B) for outcome in outcomes]
        calls[name] = torch.stack([outcome.calls_B for outcome in outcomes]).double().mean().item()
        result["steps"][name] = [outcome.steps_SB.double().mean().item() for outcome in outcomes]
        result["moved"][name] = [outcome.moved_SB.double().mean().item() for outcome in outcomes]
        if name == "surco_zero" and chosen.enumerated:
            result["example"] = _example(routes, chosen.side, paths | {name: outcomes[0].x_BN})
    return result | {"calls": calls, "seconds": seconds}


def ablation(job: Job) -> dict[str, Any]:
    """One estimator: every setting on the tuning instances, the best of them on the table's."""
    settings, name = job.settings.ablation, job.name
    tested = job.settings.tables[settings.table]
    tuning = tested.model_copy(update={"dataset_seed": settings.tuning_seed, "graphs": settings.tuning_graphs})
    routes, tuning_routes = instances(tested, job.settings), instances(tuning, job.settings)
    tried = []
    grid = settings.grids[name]
    for strength in grid.strengths:
        for rate in grid.learning_rates:
            variant = _at(settings, name, grid, strength, rate)
            outcome = run_variant(variant, tuning_routes, settings.tuning_seed)
            mean = float(np.mean(_of_values(outcome.values_B)))
            tried.append({"strength": strength, "learning_rate": rate, "chance": mean})
    best = max(tried, key=lambda one: one["chance"])
    variant = _at(settings, name, grid, best["strength"], best["learning_rate"])
    outcomes = [run_variant(variant, routes, seed) for seed in job.seeds[: settings.seeds]]
    return {
        "tried": tried,
        "best": best,
        "chances": [_of_values(outcome.values_B) for outcome in outcomes],
        "calls": float(outcomes[0].calls_B.double().mean()),
    }


def prior(job: Job) -> dict[str, Any]:
    """SurCo-prior with one seed, before and after training, and both as the start of a hybrid."""
    settings = job.settings.prior
    tested = job.settings.tables[settings.table]
    trained_on = tested.model_copy(update={"dataset_seed": settings.train_seed, "graphs": settings.train_graphs})
    routes, train_routes = instances(tested, job.settings), instances(trained_on, job.settings)
    network = EdgeNetwork(settings.hidden, job.index)
    estimator = make(settings.differentiation, job.index)
    link = settings.search.link
    chances, calls = {}, {}

    def record(prefix: str) -> None:
        _, values_B = surco_prior(ROUTES, routes, network, link, routes.names)
        chances[f"{prefix}prior"], calls[f"{prefix}prior"] = _of_values(values_B), 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VanishingGradient)
            outcome = surco_hybrid(ROUTES, routes, network, estimator, settings.search, routes.names)
        chances[f"{prefix}hybrid"] = _of_values(outcome.values_B)
        calls[f"{prefix}hybrid"] = outcome.calls_B.double().mean().item()

    record("untrained_")
    losses, seconds = _timed(
        train_prior, ROUTES, train_routes, network, estimator, link, settings.training, job.index, train_routes.names
    )
    record("")
    return {"chances": chances, "calls": calls, "losses": losses, "seconds": {"training": seconds}}


def scip(job: Job) -> dict[str, Any]:
    """SCIP on one instance."""
    chosen = job.settings.limited.scip[job.name]
    return _limited(job, lambda routes: scip_path(routes, job.index, chosen.seconds, chosen.nonnegative))


def cpsat(job: Job) -> dict[str, Any]:
    """CP-SAT on one instance."""
    chosen = job.settings.limited.cpsat
    return _limited(job, lambda routes: cpsat_path(routes, job.index, chosen.pieces, chosen.work))


def genetic_edges(job: Job) -> dict[str, Any]:
    """PyGAD on the edges of one instance."""
    chosen, seed = job.settings.limited.genetic_edges, job.seeds[0]
    return _limited(
        job, lambda routes: (evolve_edges(routes, job.index, chosen.population, chosen.generations, seed), False)
    )


def genetic_costs(job: Job) -> dict[str, Any]:
    """PyGAD on the surrogate's costs of one instance."""
    chosen, seed = job.settings.limited.genetic_costs, job.seeds[0]
    return _limited(
        job, lambda routes: (evolve_costs(routes, job.index, chosen.population, chosen.generations, seed), False)
    )


def _limited(job: Job, search: Any) -> dict[str, Any]:
    routes = instances(job.settings.tables[job.settings.limited.table], job.settings)
    (x_E, proven), seconds = _timed(search, routes)
    if x_E is None:
        return {"chance": 0.0, "found": False, "proven": proven, "seconds": seconds}
    one = routes[torch.tensor([job.index])]
    chance = probabilities(torch.from_numpy(x_E)[None], one).item()
    return {"chance": chance, "found": True, "proven": proven, "seconds": seconds}


def _controls(routes: Routes) -> dict[str, Tensor]:
    """Costs whose shortest path is a method by itself."""
    return {
        "heuristic": routes.means_BE + 0.5 * routes.variances_BE.sqrt(),  # the released script
        "heuristic_of_text": routes.means_BE + 0.5 * routes.variances_BE,  # "linear combination of mean and variance"
        "mean": routes.means_BE,
    }


def _random(routes: Routes, count: int, seed: int) -> list[float]:
    """The best of `count` random cost vectors: SurCo-zero's solver calls without its gradient."""
    best_B = torch.full((len(routes),), -torch.inf, dtype=torch.float64)
    for u_BE in starts("normal", count, routes, seed):
        x_BE = solve(LINKS["sigmoid"](u_BE), routes)
        best_B = torch.maximum(best_B, -ROUTES.objective(x_BE, routes))
    return _of_values(-best_B)


def _example(routes: Routes, side: int, paths: dict[str, Tensor]) -> dict[str, Any]:
    """The instance on which SurCo-zero lost most against the optimum, with everyone's edges."""
    lost_B = probabilities(paths["optimum"], routes) - probabilities(paths["surco_zero"], routes)
    worst = int(lost_B.argmax())
    return {
        "name": routes.names[worst],
        "side": side,
        "means": routes.means_BE[worst].tolist(),
        "edges": routes.graph.edges_E2.tolist(),
        "paths": {name: x_BE[worst].nonzero().flatten().tolist() for name, x_BE in paths.items()},
        "chances": {name: _chances(x_BE, routes)[worst] for name, x_BE in paths.items()},
    }


def _at(settings: Ablation, name: EstimatorName, grid: Grid, strength: float, rate: float) -> Variant:
    """The variant that spends the ablation's solver calls with this estimator and setting."""
    differentiation = Differentiation(
        estimator=name, strength=strength, scaled=grid.scaled, samples=grid.samples, noise=grid.noise
    )
    per_step = {"blackbox": 2, "imle": 2 * grid.samples, "perturbed": grid.samples + 1, "identity": 1, "quadratic": 2}
    steps = max(1, settings.calls // per_step[name])
    search = Search(
        link=settings.link, learning_rate=rate, betas=settings.betas, steps=steps, patience=steps, warn_after=steps
    )
    return Variant(start="normal", starts=1, differentiation=differentiation, search=search)


def _chances(x_BE: Tensor, routes: Routes) -> list[float]:
    return probabilities(x_BE, routes).tolist()


def _of_values(values_B: Tensor) -> list[float]:
    """Chances to arrive on time from the objective, minus z."""
    return torch.special.ndtr(-values_B).tolist()


def _timed(function: Any, *arguments: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start

"""What `papers.surco.sharding.run.run` returns, made up in no time."""

from typing import Any

import numpy as np

from papers.surco.sharding.prediction import HEADS
from papers.surco.sharding.settings import Sharding, solver_calls

ONCE = ("dim_greedy", "size_greedy", "lookup_greedy", "cost_greedy", "local_search", "random", "genetic", "iterative")
"""Methods that run with one seed."""
CONTROLS = ("cost_greedy", "local_search", "random")
"""Of the ablation."""
DEPLOYED = ("untrained_prior_released_deployed", "prior_released_deployed")
TRAINED = ("prior", "hybrid", "prior_released", "dreamshard")
LEARNED = (*(f"untrained_{name}" for name in TRAINED), *DEPLOYED, *TRAINED, "prior_lambda")


def sharding_data(settings: Sharding) -> dict[str, Any]:
    """Latencies that fall from method to method, with a little noise."""
    rng = np.random.default_rng(0)
    sizes = {name: [f"t{tables}" for tables in one.tables] for name, one in settings.settings.items()}
    sources = dict.fromkeys(one.source for one in settings.settings.values())
    tested = settings.ablation.settings
    steps = {name: prior.training.epochs for name, prior in settings.priors.items()}
    steps["dreamshard"] = settings.dreamshard.iterations
    losses = {name: [np.linspace(20, 8, count).tolist()] * settings.runs for name, count in steps.items()}
    scores = ("variables", "solutions", "feasible")
    return {
        "costs": {source: _cost(settings, rng) for source in sources},
        "settings": {name: {size: _methods(settings, rng) for size in some} for name, some in sizes.items()},
        "losses": {name: dict.fromkeys(some, losses) for name, some in sizes.items()},
        "prediction": {
            name: {
                size: {head: {key: [0.5] * settings.test for key in scores} for head in (*HEADS, "iterative")}
                for size in some
            }
            for name, some in sizes.items()
        },
        "ablation": {name: _ablation(settings, rng) if name in tested else {} for name in sizes},
        "gradients": {
            name: {
                estimator: {
                    "norm": rng.uniform(1, 2, settings.ablation.tasks).tolist(),
                    "cosine": [0.5] * settings.ablation.tasks,
                }
                for estimator in settings.ablation.estimators
            }
            for name in tested
        },
        "seconds": {"measured.locality": "made up", "loose.20.zero": 1.0},
    }


def _latencies(rng: np.random.Generator, mean: float, runs: int, tests: int) -> dict[str, list[list[float]]]:
    heavy_B = np.linspace(0.8, 1.2, tests)
    latency_SB, judged_SB = mean * heavy_B * rng.uniform(0.95, 1.05, (2, runs, tests))
    return {"latency": latency_SB.tolist(), "judged": judged_SB.tolist(), "fits": [[1.0] * tests] * runs}


def _methods(settings: Sharding, rng: np.random.Generator) -> dict[str, Any]:
    runs = dict.fromkeys(ONCE, 1) | dict.fromkeys((*LEARNED, *settings.variants), settings.runs)
    methods = {
        name: _latencies(rng, 12.0 - 0.3 * rank, count, settings.test)
        for rank, (name, count) in enumerate(runs.items())
    }
    for name, variant in settings.variants.items():
        curve = np.linspace(9, 7, variant.search.steps).tolist()
        methods[name] |= {"calls": 200.0, "curve": [curve] * settings.runs}
        methods[name] |= {key: [1.0] * settings.runs for key in ("moved", "separable")}
    return methods


def _ablation(settings: Sharding, rng: np.random.Generator) -> dict[str, Any]:
    chosen, made = settings.ablation, {}
    for rank, name in enumerate((*chosen.estimators, *CONTROLS)):
        runs = settings.runs if name in chosen.estimators or name == "random" else 1
        made[name] = _latencies(rng, 7.0 + 0.1 * rank, runs, chosen.tasks)
    for name, one in chosen.estimators.items():
        tried = [
            {"strength": factor * one.strength, "learning_rate": rate, "latency": 7.0}
            for factor in chosen.factors
            for rate in chosen.learning_rates
        ]
        made[name] |= {"calls": float(solver_calls(one.estimator, one.samples)), "tried": tried, "best": tried[0]}
    return made


def _cost(settings: Sharding, rng: np.random.Generator) -> dict[str, Any]:
    count = settings.cost.tested
    measured_B = rng.uniform(5, 30, count)
    held_out_B = rng.normal(0, 6, count)
    return {
        "errors": {name: held_out_B.tolist() for name in ("train", "held_out", "additive", "judge")},
        "measured": measured_B.tolist(),
        "predicted": (measured_B * (1 + held_out_B / 100)).tolist(),
        "losses": np.geomspace(1, 0.01, len(range(0, settings.cost.steps, 10))).tolist(),
    }

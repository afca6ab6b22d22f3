"""One run through the shared training core and its score on held-out instances; and what it is compared with.

Shape suffixes: I instances, C solutions of each.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common.batches import TensorBatches
from common.training import Batches, TrainSettings, fit
from papers.solution_samplers.environments.construction import Arrays
from papers.solution_samplers.objective import objectives
from papers.solution_samplers.reinforce.classical import classical_costs
from papers.solution_samplers.reinforce.exact import optimum
from papers.solution_samplers.reinforce.jobs import Job
from papers.solution_samplers.reinforce.module import ReinforceModule, gap
from papers.solution_samplers.reinforce.policy_gradient import sample
from papers.solution_samplers.reinforce.rollout import draw, environment, greedily, play

TRAINING, CURVE, HELD_OUT, SAMPLES, STARTS = range(5)
"""What a random stream of a seed is for; no two share an instance."""


def train(job: Job, run_dir: Path) -> dict[str, Any]:
    """Train a policy.

    Args:
        job: with an objective.
        run_dir: where the core keeps its checkpoint.

    Returns:
        `greedy_gap` and `sampled_gap` as of `_score`; the learning curve `steps` and `gaps`, from 0 on; `seconds`.
    """
    start = time.monotonic()
    settings, task = job.settings, job.settings.tasks[job.problem]
    module = _module(job)
    curve = _curve_batches(job, module)
    before = float(module.greedy_gap(*next(iter(curve))))
    every = task.steps // settings.checks
    result = fit(
        module,
        Batches(TensorBatches([_seeds(job, TRAINING, task.steps)], 1, shuffle=False), curve),
        TrainSettings(
            max_epochs=1,
            seed=job.seed,
            threads=job.threads,
            precision="32",
            gradient_clip=settings.gradient_clip,
            validate_every=every,
            log_every=every,
            progress=False,
        ),
        run_dir,
    )
    rows = [row for row in result.history if "gap" in row]
    return {
        **_score(job, module),
        "steps": [0, *(row["step"] for row in rows)],
        "gaps": [before, *(row["gap"] for row in rows)],
        "seconds": time.monotonic() - start,
    }


def controls(job: Job, run_dir: Path) -> dict[str, Any]:
    """Score the untrained copy of a seed's policies and the classical methods on the same held-out instances.

    Args:
        job: without an objective.
        run_dir: not needed.

    Returns:
        `untrained`, as of `_score`; `classical`, the mean gap of each method; `seconds`.
    """
    start = time.monotonic()
    module = _module(job)
    instances, optimal_I = _held_out(job, module)
    rng = np.random.default_rng((job.seed, STARTS))
    costs = classical_costs(job.problem, instances, job.settings.samples, rng)
    gaps = {method: float(gap(torch.from_numpy(costs_I), optimal_I).mean()) for method, costs_I in costs.items()}
    return {"untrained": _score(job, module), "classical": gaps, "seconds": time.monotonic() - start}


def _module(job: Job) -> ReinforceModule:
    """Make the module; arms of one seed, and its untrained copy, start from equal weights."""
    torch.manual_seed(job.seed)
    arms = objectives(job.settings.mixture_weight, job.settings.inverse_temperature)
    return ReinforceModule(job.settings, job.problem, arms[job.objective or "vanilla"])


def _score(job: Job, module: ReinforceModule) -> dict[str, float]:
    """Gaps in per cent, means over the held-out instances: of greedy solutions, and of the best of some samples.

    The samples come from the fast part, as the paper's own evaluation does.
    """
    settings, policy = job.settings, module.policy
    instances, optimal_I = _held_out(job, module)
    copied = {name: np.repeat(values, settings.samples, axis=0) for name, values in instances.items()}
    fast = objectives(settings.mixture_weight, settings.inverse_temperature)["vanilla"]
    generator = torch.Generator(module.device).manual_seed(int(_seeds(job, SAMPLES, 1)))
    one = environment(policy.view, module.task.size, settings.held_out)
    many = environment(policy.view, module.task.size, settings.held_out * settings.samples)
    with torch.no_grad():
        greedy_I = play(policy, one, instances, greedily, module.device).costs_B
        sampled = play(policy, many, copied, lambda logits: sample(logits, fast, generator), module.device)
    best_I = sampled.costs_B.unflatten(0, (-1, settings.samples)).amin(dim=1)
    return {
        "greedy_gap": float(gap(greedy_I.cpu(), optimal_I).mean()),
        "sampled_gap": float(gap(best_I.cpu(), optimal_I).mean()),
    }


def _held_out(job: Job, module: ReinforceModule) -> tuple[Arrays, torch.Tensor]:
    instances = draw(module.envs, int(_seeds(job, HELD_OUT, 1)), job.settings.held_out, copies=1)
    return instances, torch.from_numpy(optimum(job.problem, instances))


def _curve_batches(job: Job, module: ReinforceModule) -> TensorBatches:
    seed_1 = _seeds(job, CURVE, 1)
    instances = draw(module.envs, int(seed_1), job.settings.held_out, copies=1)
    return TensorBatches([seed_1, torch.from_numpy(optimum(job.problem, instances))[None]], 1, shuffle=False)


def _seeds(job: Job, purpose: int, count: int) -> torch.Tensor:
    """Draw `count` seeds, which depend on the job's seed and the purpose alone."""
    words = np.random.SeedSequence((job.seed, purpose)).generate_state(count, np.uint32)
    return torch.from_numpy(words.astype(np.int64))

"""What the jobs do: train samplers on the graphs of one seed, and the same graphs without any learning.

Shape suffixes: B graphs, A and C assignments of the two halves, S solutions.
"""

import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.solution_samplers.classical.greedy import greedy
from papers.solution_samplers.classical.one_exchange import one_exchange
from papers.solution_samplers.graphs import Graph, random_graphs
from papers.solution_samplers.objective import annealed_weight, objectives
from papers.solution_samplers.scores import HomogeneousNet, LinearScore
from papers.solution_samplers.small_graphs.enumeration import Halves
from papers.solution_samplers.small_graphs.jobs import ControlJob, TrainJob
from papers.solution_samplers.small_graphs.linear import LinearSamplers
from papers.solution_samplers.small_graphs.net import NetSamplers
from papers.solution_samplers.small_graphs.settings import SmallGraphs, Sweep
from papers.solution_samplers.small_graphs.training import Samplers, descend, outcome, slow_share


def instances(settings: SmallGraphs, graph_seed: int, count: int) -> list[Graph]:
    """Return the first graphs of a seed."""
    return random_graphs(count, settings.vertices, settings.edge_probability, graph_seed)


def samplers(settings: SmallGraphs, sweep: Sweep, graph_seed: int, costs_BAC: Tensor) -> Samplers:
    """Return untrained samplers, the same for every objective and learning rate of a sweep."""
    halves = Halves(settings.vertices)
    generator = torch.Generator().manual_seed(graph_seed)
    if sweep.scores == "net":
        net = HomogeneousNet(sweep.graphs, (settings.vertices, *settings.method.hidden, 1), generator)
        return NetSamplers(halves, costs_BAC.float(), net)
    linear = LinearScore(sweep.graphs, halves.features, sweep.initial_deviation, generator)
    return LinearSamplers(halves, costs_BAC.float(), linear.weights_BF.detach())


def train(job: TrainJob) -> dict[str, Any]:
    """Train one sampler per graph.

    Returns:
        Per graph: `optimum`, at the end `mode_cut`, `expected_cut` and `optimum_probability`, and
        `highest_expected_cut` on the way. Per kept iteration: `expected_curve` and `mode_curve`, the cuts of the fast
        part as shares of the optimum, mean over graphs, and `first_expected` and `first_mode`, cuts of the first graph.
        With a mixture, `share_start` and `share_end` of its slow part in the gradient, by graph. `seconds` of the
        descent, of one core.
    """
    settings, method = job.settings, job.settings.method
    sweep = settings.sweeps[job.sweep]
    costs_BAC = Halves(settings.vertices).costs(instances(settings, job.graph_seed, sweep.graphs))
    optimum_B = -costs_BAC.flatten(1).amin(dim=1)
    models = samplers(settings, sweep, job.graph_seed, costs_BAC)
    objective = objectives(method.mixture_weight, method.inverse_temperature)[job.objective]
    shares = {}
    measured_BAC = costs_BAC[: settings.share_graphs]
    if objective.mixture_weight > 0:
        shares["share_start"] = slow_share(models, measured_BAC, objective, method.entropy_start).tolist()
    started = time.process_time()
    path = descend(models, objective, method, sweep.optimizer, job.learning_rate, settings.keep_every)
    seconds = time.process_time() - started
    if objective.mixture_weight > 0:
        weight = annealed_weight(method.entropy_start, method.halve_every, method.iterations - 1)
        shares["share_end"] = slow_share(models, measured_BAC, objective, weight).tolist()
    end = outcome(models, costs_BAC)
    return {
        "optimum": optimum_B.tolist(),
        "mode_cut": (-end.mode_B).tolist(),
        "expected_cut": (-end.expected_B).tolist(),
        "optimum_probability": end.optimum_probability_B.tolist(),
        "highest_expected_cut": (-path.lowest_expected_B.double()).tolist(),
        "expected_curve": (-path.expected_KB / optimum_B).mean(dim=1).tolist(),
        "mode_curve": (-path.mode_KB / optimum_B).mean(dim=1).tolist(),
        "first_expected": (-path.expected_KB[:, 0]).tolist(),
        "first_mode": (-path.mode_KB[:, 0]).tolist(),
        "seconds": seconds,
        **shares,
    }


def control(job: ControlJob) -> dict[str, Any]:
    """Solve the same graphs without learning.

    Returns:
        Cuts per graph: by each sweep's untrained samplers (`SWEEP.mode`, and `SWEEP.samples`, the best of several
        samples), by `greedy` and by `one_exchange`; and `optimum`.
    """
    settings = job.settings
    most = max(sweep.graphs for sweep in settings.sweeps.values())
    graphs = instances(settings, job.graph_seed, most)
    costs_BAC = Halves(settings.vertices).costs(graphs)
    cuts = {"optimum": (-costs_BAC.flatten(1).amin(dim=1)).tolist()}
    for name, sweep in settings.sweeps.items():
        cuts |= _untrained(settings, name, job.graph_seed, costs_BAC[: sweep.graphs])
    rng = np.random.default_rng(job.graph_seed)
    cuts["greedy"] = [greedy(graph, rng).value for graph in graphs]
    cuts["one_exchange"] = [one_exchange(graph, settings.controls.starts, rng).value for graph in graphs]
    return cuts


def _untrained(settings: SmallGraphs, name: str, graph_seed: int, costs_BAC: Tensor) -> dict[str, list[float]]:
    models = samplers(settings, settings.sweeps[name], graph_seed, costs_BAC)
    scores_BS = models.scores(models.parameters).flatten(1)
    costs_BS = costs_BAC.flatten(1).repeat(1, scores_BS.shape[1] // costs_BAC[0].numel())
    generator = torch.Generator().manual_seed(graph_seed)
    drawn_BS = torch.multinomial(scores_BS.softmax(dim=1), settings.controls.samples, True, generator=generator)
    return {
        f"{name}.mode": (-outcome(models, costs_BAC).mode_B).tolist(),
        f"{name}.samples": (-costs_BS.gather(1, drawn_BS).amin(dim=1)).tolist(),
    }

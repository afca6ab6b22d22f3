"""One bilinear W for a whole prior over graphs: the setting of Theorem 1, which the paper never ran.

The score of a cut s of the graph with edge indicators z is `z^T W psi(s)`. With costs `z^T M psi(s)`, M = I / 2, the
regularised objective has its minimum at `W = -M / lambda`, whatever the prior. W is trained on a sample of graphs and
judged on others.

Shape suffixes: G graphs (the paper's z), S enumerated solutions, Z = F pairs of vertices.
"""

from typing import Any

import torch
from torch import Tensor

from papers.solution_samplers.objective import Objective, loss, objectives
from papers.solution_samplers.other_problems.descent import descend, exact_gradient
from papers.solution_samplers.other_problems.settings import Prior
from papers.solution_samplers.problems import make

ARMS = ("vanilla", "entropy", "both")
"""The two objectives that the paper compares, and the half of the second that does most."""


def generalise(settings: Prior, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Train W on ever more graphs of the prior, from zero, and measure it on these and on held-out ones.

    Returns:
        objective -> number of training graphs -> `cosine` of W and its optimum; `rank` of the training graphs; and,
        each for "train" and "held_out", `excess` of the regularised objective over its minimum, `gap` of the expected
        cut (in edges) to the maximum cut, and `success`, the share of graphs whose most probable cut is maximal.
    """
    most = max(settings.training_graphs)
    problem = make("max_cut", most + settings.held_out_graphs, settings.vertices, seed)
    features_SF = problem.psi(problem.solutions()).double()
    graphs_GZ = 2 * problem.costs_BF
    held_out_GZ = graphs_GZ[most:]
    arms = objectives(settings.mixture_weight, settings.inverse_temperature)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name in ARMS:
        found[name] = {}
        for count in settings.training_graphs:
            train_GZ = graphs_GZ[:count]
            weights_ZF = _trained(settings, features_SF, train_GZ, arms[name])
            cosine = torch.cosine_similarity(weights_ZF.flatten(), -torch.eye(problem.features).flatten(), dim=0)
            found[name][str(count)] = {
                "cosine": cosine.item(),
                "rank": float(torch.linalg.matrix_rank(train_GZ)),
                **_measured(settings, features_SF, train_GZ, weights_ZF, "train"),
                **_measured(settings, features_SF, held_out_GZ, weights_ZF, "held_out"),
            }
    return found


def _trained(settings: Prior, features_SF: Tensor, graphs_GZ: Tensor, objective: Objective) -> Tensor:
    """Descend on the mean over the graphs of the objective; `grad_W = z (grad_w at W^T z)^T` (Appendix E)."""
    count, pairs = graphs_GZ.shape
    per_graph = exact_gradient(
        features_SF, graphs_GZ / 2 @ features_SF.T, objective, lambda iteration: settings.entropy_weight
    )

    def gradient(weights: Tensor, iteration: int) -> Tensor:
        gradient_GF = per_graph(graphs_GZ @ weights.view(pairs, pairs), iteration)
        return (graphs_GZ.T @ gradient_GF / count).view(1, -1)

    start = torch.zeros(1, pairs * pairs, dtype=torch.float64)
    *_, (_, weights) = descend(start, gradient, "gd", settings.rate, settings.iterations)
    return weights.view(pairs, pairs)


def _measured(
    settings: Prior, features_SF: Tensor, graphs_GZ: Tensor, weights_ZF: Tensor, part: str
) -> dict[str, float]:
    """Compare W with -M / lambda on these graphs, under the objective with both terms."""
    costs_GS = graphs_GZ / 2 @ features_SF.T
    scores_GS = graphs_GZ @ weights_ZF @ features_SF.T
    both = objectives(settings.mixture_weight, settings.inverse_temperature)["both"]
    optimal_GS = -costs_GS / settings.entropy_weight
    value_G, minimum_G = (
        loss(f_GS, both.inverse_temperature * f_GS, costs_GS, settings.entropy_weight, both)
        for f_GS in (scores_GS, optimal_GS)
    )
    best_G = costs_GS.min(dim=1).values
    mode_G = costs_GS.gather(1, scores_GS.argmax(dim=1, keepdim=True)).squeeze(1)
    gap_G = (scores_GS.softmax(dim=1) * costs_GS).sum(dim=1) - best_G
    return {
        f"{part}_excess": (value_G - minimum_G).mean().item(),
        f"{part}_gap": gap_G.mean().item(),
        f"{part}_success": (mode_G <= best_G + 1e-9).double().mean().item(),
    }


def reference(settings: Prior, seed: int) -> dict[str, Any]:
    """Measure W = 0 (untrained) and W = -M / lambda on the held-out graphs, as `generalise` does."""
    problem = make("max_cut", max(settings.training_graphs) + settings.held_out_graphs, settings.vertices, seed)
    features_SF = problem.psi(problem.solutions()).double()
    held_out_GZ = 2 * problem.costs_BF[max(settings.training_graphs) :]
    optimum_ZF = -torch.eye(problem.features, dtype=torch.float64) / (2 * settings.entropy_weight)
    return {
        name: _measured(settings, features_SF, held_out_GZ, weights_ZF, "held_out")
        for name, weights_ZF in (("untrained", 0 * optimum_ZF), ("optimum", optimum_ZF))
    }

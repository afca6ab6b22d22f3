"""The product family under policy gradient, with local search: the practical rival of the paper's method.

p_theta draws every vertex's side alone, P(s_i = 1) = sigmoid(theta_i): the family of the paper's Remark 1 and
appendix B, whose landscape has a bad stationary point at every strict 1-flip local optimum. Local search on the
samples and restarts rescue it, as in C. Chen et al. (2023), "Monte Carlo policy gradient method for binary
optimization". Written from that description, smaller: plain samples in place of their Markov chains.

C samples, N vertices.
"""

import numpy as np

from papers.solution_samplers.classical.flips import Cut, best_of, climb, neighbours
from papers.solution_samplers.graphs import Graph


def mean_field(
    graph: Graph, steps: int, samples: int, learning_rate: float, restart_every: int, rng: np.random.Generator
) -> Cut:
    """Best cut met while theta follows the policy gradient of the cut after local search.

    Args:
        graph: the instance.
        steps: gradient steps.
        samples: cuts per step; their mean value is the baseline.
        learning_rate: of the gradient of the advantage divided by its standard deviation.
        restart_every: steps after which theta returns to 0, the fair coin.
        rng: draws the samples.
    """
    near = neighbours(graph)
    best = Cut(np.ones(graph.vertices, dtype=np.int8), 0.0)
    theta_N = np.zeros(graph.vertices)
    for step in range(steps):
        if step % restart_every == 0:
            theta_N = np.zeros(graph.vertices)
        chance_N = 1.0 / (1.0 + np.exp(-theta_N))
        drawn_CN = np.where(rng.random((samples, graph.vertices)) < chance_N, 1, -1).astype(np.int8)
        climbed_CN = drawn_CN.copy()
        climb(near, climbed_CN)
        values_C = graph.cut(climbed_CN)
        found = best_of(graph, climbed_CN)
        best = max(best, found, key=lambda cut: cut.value)
        advantage_C = (values_C - values_C.mean()) / (values_C.std() + 1e-9)
        theta_N += learning_rate * advantage_C @ ((drawn_CN + 1) / 2 - chance_N) / samples
    return best

"""PyGAD, the genetic algorithm that the paper tries elsewhere: on the edges themselves, and on the surrogate's costs.

Shape suffixes: P population, E edges.
"""

import numpy as np
import torch

from papers.surco.routes.instances import Routes, solve, z_scores
from papers.surco.routes.shortest import Graph, path_among

INFEASIBLE = -1e3
"""Fitness of edges that are no path, less the number of vertices at which they fail to be one."""


def genetic_edges(routes: Routes, instance: int, population: int, generations: int, seed: int) -> np.ndarray | None:
    """Evolve sets of edges; return the best path, [E], or None where no set ever was a path."""
    one = routes[torch.tensor([instance])]

    def fitness(_, genes_PE, __) -> list[float]:
        used_PE = np.asarray(genes_PE, dtype=float)
        faults_P = path_faults(routes.graph, used_PE)
        z_P = z_scores(torch.from_numpy(used_PE), one).numpy()
        return np.where(faults_P == 0, z_P, INFEASIBLE - faults_P).tolist()

    genes, best = _evolve(fitness, routes, population, generations, seed, gene_space=[0, 1])
    return None if best < INFEASIBLE / 2 else np.asarray(genes, dtype=float)


def genetic_costs(routes: Routes, instance: int, population: int, generations: int, seed: int) -> np.ndarray:
    """Evolve the surrogate's costs in [0, 1], each decoded by a shortest path; return the best path, [E]."""
    one = routes[torch.tensor([instance])]

    def decode(genes_PE) -> torch.Tensor:
        costs_PE = torch.from_numpy(np.atleast_2d(np.asarray(genes_PE, dtype=float)))
        return solve(costs_PE, routes)

    def fitness(_, genes_PE, __) -> list[float]:
        return z_scores(decode(genes_PE), one).tolist()

    space = {"low": 0.0, "high": 1.0}
    genes, _ = _evolve(fitness, routes, population, generations, seed, gene_space=space)
    return decode(genes)[0].numpy()


def path_faults(graph: Graph, used_PE: np.ndarray) -> np.ndarray:
    """Count, for each row of edges, what keeps it from being one simple path from source to target; 0 if it is one.

    Counted are vertices of the wrong degree; then, if there are none, cycles beside the path count as one.
    """
    edges = len(graph.edges_E2)
    touches_VE = np.zeros((graph.vertices, edges))
    touches_VE[graph.edges_E2.T, np.arange(edges)] = 1.0
    degree_PV = used_PE @ touches_VE.T
    ends = [graph.source, graph.target]
    right_PV = (degree_PV == 0) | (degree_PV == 2)
    right_PV[:, ends] = degree_PV[:, ends] == 1
    faults_P = (~right_PV).sum(1)
    for row in np.flatnonzero(faults_P == 0):
        faults_P[row] = int((path_among(graph, used_PE[row] > 0) != used_PE[row]).any())
    return faults_P


def _evolve(fitness, routes: Routes, population: int, generations: int, seed: int, gene_space):
    """Run PyGAD with its defaults where we state nothing: the best genes and their fitness."""
    import pygad  # noqa: PLC0415  (only this baseline needs it)

    search = pygad.GA(
        num_generations=generations,
        num_parents_mating=population // 2,
        sol_per_pop=population,
        num_genes=len(routes.graph.edges_E2),
        gene_space=gene_space,
        mutation_probability=0.05,
        fitness_func=fitness,
        fitness_batch_size=population,
        random_seed=seed,
        suppress_warnings=True,
    )
    search.run()
    genes, best, _ = search.best_solution(search.last_generation_fitness)
    return genes, best

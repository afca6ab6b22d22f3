"""PyGAD on table sharding: one gene per table, its device.

Shape suffixes: P population, T tables.
"""

import numpy as np
import torch
from torch import Tensor

from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.placement import one_hot
from papers.surco.sharding.settings import Genetic
from papers.surco.sharding.tasks import Tasks

INFEASIBLE = -1e6
"""Fitness of a placement that does not fit, less the MiB that are too many."""


def genetic(task: Tasks, network: CostNetwork, settings: Genetic, seed: int) -> Tensor:
    """Evolve placements of one instance; return the best, [1, N], which need not fit."""
    import pygad  # noqa: PLC0415  (only this baseline needs it)

    rows_P = torch.zeros(settings.population, dtype=torch.long)

    def fitness(_, genes_PT, __) -> list[float]:
        x_PN = one_hot(torch.as_tensor(np.atleast_2d(genes_PT).astype(np.int64)), task.devices)
        many = task[rows_P[: len(x_PN)]]
        with torch.no_grad():
            latency_P = network(x_PN, many).double()
        excess_P = (many.loads(x_PN) - many.capacity_B[:, None]).clamp(min=0).sum(1)
        return torch.where(many.fits(x_PN), -latency_P, INFEASIBLE - excess_P).tolist()

    search = pygad.GA(
        num_generations=settings.generations,
        num_parents_mating=settings.population // 2,
        sol_per_pop=settings.population,
        num_genes=task.tables,
        gene_type=int,
        gene_space=list(range(task.devices)),
        mutation_probability=1.0 / task.tables,
        keep_elitism=1,
        fitness_func=fitness,
        fitness_batch_size=settings.population,
        random_seed=seed,
        suppress_warnings=True,
    )
    search.run()
    genes_T, *_ = search.best_solution(search.last_generation_fitness)
    return one_hot(torch.as_tensor(np.asarray(genes_T).astype(np.int64))[None], task.devices)

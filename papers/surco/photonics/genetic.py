"""PyGAD on the pixels themselves, as the paper tries it: can it find any design that the brush can paint?"""

import numpy as np
from scipy import ndimage

from papers.surco.photonics.brush import CROSS
from papers.surco.photonics.settings import Genetic

MUTATIONS = ("random", "swap", "inversion", "scramble")
"""Those that the paper lists."""
BRUSH = CROSS[None]


def unpaintable(designs: np.ndarray) -> np.ndarray:
    """Count the pixels that no stroke of their own kind can cover: [designs, X, Y] booleans to [designs]."""
    faults = np.zeros(len(designs), dtype=np.int64)
    for pixels in (designs, ~designs):
        strokes = ndimage.binary_erosion(pixels, BRUSH, border_value=1)
        faults += (pixels & ~ndimage.binary_dilation(strokes, BRUSH)).sum((1, 2))
    return faults


def search(shape: tuple[int, int], mutation: str, settings: Genetic, seed: int) -> tuple[int, np.ndarray]:
    """Evolve designs towards feasibility alone, which the objective would only make harder.

    Returns:
        Unpaintable pixels of the best random design, and the best design at the end, booleans.
    """
    import pygad  # noqa: PLC0415  (only this baseline needs it)

    def fitness(_, genes, __) -> list[float]:
        return (-unpaintable(np.asarray(genes, dtype=bool).reshape(-1, *shape))).tolist()

    evolution = pygad.GA(
        num_generations=settings.generations,
        num_parents_mating=settings.population // 2,
        sol_per_pop=settings.population,
        num_genes=shape[0] * shape[1],
        gene_space=[0, 1],
        gene_type=int,
        mutation_type=mutation,
        mutation_probability=settings.mutation if mutation == "random" else None,
        fitness_func=fitness,
        fitness_batch_size=settings.population,
        random_seed=seed,
        suppress_warnings=True,
    )
    evolution.run()
    genes, *_ = evolution.best_solution(evolution.last_generation_fitness)
    return -int(evolution.best_solutions_fitness[0]), np.asarray(genes, dtype=bool).reshape(shape)

"""Methods that learn nothing: what a trained sampler must be held against."""

from papers.solution_samplers.classical.annealing import annealing
from papers.solution_samplers.classical.burer_monteiro import Relaxation, burer_monteiro
from papers.solution_samplers.classical.flips import Cut
from papers.solution_samplers.classical.greedy import greedy
from papers.solution_samplers.classical.mean_field import mean_field
from papers.solution_samplers.classical.one_exchange import one_exchange
from papers.solution_samplers.classical.tabu import tabu
from papers.solution_samplers.classical.tours import Tour, nearest_neighbour, routing, two_opt

__all__ = [
    "Cut",
    "Relaxation",
    "Tour",
    "annealing",
    "burer_monteiro",
    "greedy",
    "mean_field",
    "nearest_neighbour",
    "one_exchange",
    "routing",
    "tabu",
    "two_opt",
]

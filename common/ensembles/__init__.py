"""Many runs of one small model as one batched program.

A learning-rate sweep over seeds is R trainings of the same network. Here their parameters are the rows of one
matrix theta_RP: one forward pass, one backward pass and one update serve all runs, each with its own seed,
learning rate and data order. Results equal those of R separate runs up to rounding.

Shape suffixes: R runs, P parameters of one run, B examples of a minibatch, S recorded steps.
"""

from common.ensembles.descent import History, Recipe, train
from common.ensembles.ensemble import Ensemble
from common.ensembles.losses import cross_entropy, mean_squared_error
from common.ensembles.rules import RULES, Rule

__all__ = ["RULES", "Ensemble", "History", "Recipe", "Rule", "cross_entropy", "mean_squared_error", "train"]

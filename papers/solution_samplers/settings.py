"""What params.yaml may hold: one section for each experiment, checked by that experiment's own settings."""

from pathlib import Path
from typing import Literal

from common.choices import Compute
from common.config import Config, load
from papers.solution_samplers.best_known.settings import BestKnown
from papers.solution_samplers.landscape.settings import Landscape
from papers.solution_samplers.large_graphs.settings import LargeGraphs
from papers.solution_samplers.other_problems.settings import OtherProblems
from papers.solution_samplers.reinforce.settings import Reinforce
from papers.solution_samplers.small_graphs.settings import SmallGraphs

HERE = Path(__file__).parent


class Params(Config):
    """All of params.yaml."""

    scale: Literal["smoke", "laptop", "overnight", "paper"]
    landscape: Landscape
    small_graphs: SmallGraphs
    large_graphs: LargeGraphs
    other_problems: OtherProblems
    best_known: BestKnown
    reinforce: Reinforce
    compute: Compute


EXPERIMENTS = tuple(name for name in Params.model_fields if name not in {"scale", "compute"})
"""The experiments: each is a sub-package and, but for `results`, a stage of dvc.yaml."""


def read_params() -> Params:
    """Read and check this paper's params.yaml; see `common.config.load` for the faults it reports."""
    return load(Params, HERE / "params.yaml")

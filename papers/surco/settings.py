"""What params.yaml may hold; where each value is from stands there. An experiment is a folder and a section."""

from pathlib import Path
from typing import Literal

from common.choices import Compute, Seeds
from common.config import Config, load
from papers.surco.lipschitz.settings import Lipschitz
from papers.surco.photonics.settings import Photonics
from papers.surco.routes.settings import RoutePlanning
from papers.surco.sharding.settings import Sharding

HERE = Path(__file__).parent

EXPERIMENTS = ("lipschitz", "routes", "photonics", "sharding")
"""Folders with settings.py, run.py, record.py and figures.py; each is a section of params.yaml and a stage."""


class Params(Config):
    """All of params.yaml."""

    scale: Literal["smoke", "laptop", "overnight", "paper"]
    seeds: Seeds
    """Of starts, of networks and of their training, in every experiment."""
    lipschitz: Lipschitz
    routes: RoutePlanning
    photonics: Photonics
    sharding: Sharding
    compute: Compute


def read_params() -> Params:
    """Read and check this paper's params.yaml; see `common.config.load` for the faults it reports."""
    return load(Params, HERE / "params.yaml")

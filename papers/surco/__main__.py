"""`python -m papers.surco STAGE`: the stages of dvc.yaml. Hyperparameters: params.yaml."""

from common import experiments
from papers.surco.settings import EXPERIMENTS, read_params


def main() -> None:
    """Run the stage that the command line names."""
    experiments.main("papers.surco", EXPERIMENTS, read_params, given=("seeds", "compute"))


if __name__ == "__main__":
    main()

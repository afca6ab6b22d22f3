"""`python -m papers.solution_samplers STAGE`: the stages of dvc.yaml. Hyperparameters: params.yaml."""

from common import experiments
from papers.solution_samplers.settings import EXPERIMENTS, read_params


def main() -> None:
    """Run the stage that the command line names."""
    experiments.main("papers.solution_samplers", EXPERIMENTS, read_params, given=("compute",))


if __name__ == "__main__":
    main()

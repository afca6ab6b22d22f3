"""The figures of one scale, drawn from the stages' files."""

from pathlib import Path

from papers.adaptive_optimizers.figures import efficiency, lecture, workloads
from papers.adaptive_optimizers.runs import Stages
from papers.adaptive_optimizers.settings import Params


def draw_all(params: Params, stages: Stages, folder: Path) -> None:
    """Draw every figure into `folder`, one SVG each; those named `timing_` show measured times, which vary."""
    for name, runs in stages.workloads.items():
        workloads.draw_curves(params, name, runs, folder / f"curves_{name}.svg")
        if params.workloads[name].task == "autoencoder":
            workloads.draw_reconstructions(params, name, runs, folder / f"reconstructions_{name}.svg")
    workloads.draw_final(params, stages, folder / "final.svg")
    workloads.draw_ranking(params, stages, folder / "ranking.svg")
    workloads.draw_sensitivity(params, stages, folder / "sensitivity.svg")
    efficiency.draw_profiles(params, stages, folder / "timing_profiles.svg")
    efficiency.draw_costs(params, stages, folder / "timing_costs.svg")
    lecture.draw_boundaries(params, stages, folder / "lecture_boundaries.svg")
    lecture.draw_sensitivity(params, stages, folder / "lecture_sensitivity.svg")
    lecture.draw_accuracy(params, stages, folder / "lecture_accuracy.svg")

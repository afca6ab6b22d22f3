"""From runs to metrics.json, samples.json, provenance.json and figures of one scale."""

from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

from common.metrics import Metrics
from common.provenance import write_provenance
from common.statistics import profile_score
from papers.adaptive_optimizers import figures
from papers.adaptive_optimizers.runs import ADAPTIVE, BASIC, Stages, WorkloadRuns, read_stages, steps_to_target
from papers.adaptive_optimizers.settings import Params
from papers.adaptive_optimizers.tasks import TASKS

AGREEMENTS = (("paper_era", "tuned"), ("torch", "tuned"), ("paper_era", "torch"))
BASIN = 5.0
"""Per cent of accuracy below the best that still counts as inside the basin of good learning rates."""


def write_results(params: Params, build: Path, folder: Path) -> None:
    """Read the stages' files from `build` and write the scale's results into `folder`."""
    stages = read_stages(params, build)
    metrics = Metrics()
    for name, runs in stages.workloads.items():
        _record_workload(metrics, params, name, runs)
    _record_profiles(metrics, params, stages)
    _record_lecture(metrics, params, stages)
    for optimizer, cost in stages.costs["optimizers"].items():
        metrics.record(f"costs.{optimizer}.state_bytes_per_parameter", [cost["state_bytes"]], "bytes")
    metrics.write(folder)
    write_provenance(folder, seconds=sum(stages.seconds.values()), details={"stages": stages.seconds})
    figures.draw_all(params, stages, folder / "figures")


def _record_workload(metrics: Metrics, params: Params, name: str, runs: WorkloadRuns) -> None:
    unit = TASKS[params.workloads[name].task].unit
    for convention, optimizer in runs.runs:
        path = f"{name}.{convention}.{optimizer}"
        metrics.record(f"{path}.quality", runs.values(convention, optimizer, "quality"), unit)
        metrics.record(f"{path}.test_loss", runs.values(convention, optimizer, "test_loss"), "nats")
        final_loss = runs.values(convention, optimizer, "train_losses")[:, -1]
        metrics.record(f"{path}.train_loss", final_loss, "nats")
        diverged = [run["diverged_at"] is not None for run in runs.runs[convention, optimizer]]
        metrics.record(f"{path}.diverged", np.array(diverged, dtype=float), "share of runs")
    for convention in params.conventions:
        for family, members in (("basic_mean", BASIC), ("adaptive_mean", ADAPTIVE)):
            if set(members) & set(params.optimizers):
                values = runs.family(convention, members, "quality")
                metrics.record(f"{name}.{convention}.{family}.quality", values, unit)
    for first, second in AGREEMENTS:
        if {first, second} <= set(params.conventions):
            metrics.record(f"{name}.rank_agreement.{first}_{second}", _agreement(params, runs, first, second))
    metrics.record(f"{name}.untrained.quality", runs.untrained, unit)
    metrics.record(f"{name}.classical.quality", [runs.classical] * len(params.seeds), unit)
    for optimizer, sweep in runs.sweep.items():
        metrics.record(f"{name}.tuned.{optimizer}.learning_rate", [sweep["best"]])
        metrics.record(f"{name}.tuned.{optimizer}.at_edge_of_grid", [float(sweep["at_edge"])])


def _agreement(params: Params, runs: WorkloadRuns, first: str, second: str) -> np.ndarray:
    """Kendall's tau between the rankings under two conventions, seed by seed: [S]."""
    sides = [
        np.stack([runs.values(convention, optimizer, "quality") for optimizer in params.optimizers])
        for convention in (first, second)
    ]
    taus = [kendalltau(sides[0][:, seed], sides[1][:, seed]).statistic for seed in range(len(params.seeds))]
    return np.nan_to_num(taus)  # a ranking with nothing but ties agrees with none


def _record_profiles(metrics: Metrics, params: Params, stages: Stages) -> None:
    """Integrated performance profile over the workloads, seed by seed."""
    costs_WSM = np.stack([steps_to_target(params, runs) for runs in stages.workloads.values()])
    scores_SM = np.stack([profile_score(costs_WSM[:, seed]) for seed in range(costs_WSM.shape[1])])
    for column, optimizer in enumerate(params.optimizers):
        metrics.record(f"profile.steps_to_target.{optimizer}.score", scores_SM[:, column])


def _record_lecture(metrics: Metrics, params: Params, stages: Stages) -> None:
    widths = {"small": min(stages.lecture), "lazy": max(stages.lecture)}
    overall: dict[str, list[np.ndarray]] = {"adam_pair": [], "other_four": []}
    fewest = min(params.lecture.seeds[width] for width in widths.values())
    for label, width in widths.items():
        compared, path = stages.lecture[width], f"lecture.{label}"
        metrics.record(f"{path}.width", [width])
        for optimizer, result in compared.items():
            _record_lecture_optimizer(metrics, path, optimizer, result)
        mean_length = np.mean([result["runs"]["tuned"]["boundary_length"] for result in compared.values()], axis=0)
        metrics.record(f"{path}.tuned.six_mean.boundary_length", mean_length[:fewest])  # compared across widths
        seeds = params.lecture.seeds[width]
        metrics.record(f"{path}.classical.test_accuracy", stages.lecture_controls["classical"][:seeds], "%")
        metrics.record(f"{path}.untrained.test_accuracy", stages.lecture_controls["untrained"][str(width)], "%")
        for group, inside in (("adam_pair", True), ("other_four", False)):
            members = [name for name in compared if (name in {"adam", "adamw"}) == inside]
            accuracy = [compared[name]["runs"]["tuned"]["test_accuracy"][:fewest] for name in members]
            overall[group] += [np.mean(accuracy, axis=0)] if members else []
    for group, means in overall.items():
        if means:
            metrics.record(f"lecture.overall.tuned.{group}.test_accuracy", np.mean(means, axis=0), "%")


def _record_lecture_optimizer(metrics: Metrics, path: str, optimizer: str, result: dict) -> None:
    units = {"train_loss": "nats", "test_loss": "nats", "train_accuracy": "%", "test_accuracy": "%"}
    for convention, measures in result["runs"].items():
        for measure, values in measures.items():
            metrics.record(f"{path}.{convention}.{optimizer}.{measure}", values, units.get(measure, ""))
    sweep = result["sweep"]
    metrics.record(f"{path}.tuned.{optimizer}.learning_rate", [sweep["best"]])
    quality_LS = np.array(sweep["quality"], dtype=float)  # None, a diverged run, becomes NaN
    inside_LS = quality_LS >= np.nanmax(quality_LS, axis=0) - BASIN
    metrics.record(f"{path}.sweep.{optimizer}.basin_width", inside_LS.sum(axis=0), "half-decades")

"""What the stages wrote, as arrays: the runs of each workload and of the lecture, in the order of params.yaml."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.config import shown
from common.errors import RepriseError
from common.statistics import time_to_target
from papers.adaptive_optimizers.settings import Params

BASIC = ("sgd", "momentum", "nesterov")
ADAPTIVE = ("adagrad", "adadelta", "rmsprop", "adam", "amsgrad", "adamax", "nadam")
"""The paper's two families; AdamW, RAdam and Lion are beyond it and belong to neither."""


@dataclass(frozen=True)
class WorkloadRuns:
    """The final runs of one workload, and its sweep.

    Attributes:
        runs: (convention, optimizer) -> the runs as `train.train_run` returns them, one per seed.
        sweep: optimizer -> what `sweep.choose` returned.
        untrained: quality of the untrained copies, one per seed.
        classical: quality of the classical method.
    """

    runs: dict[tuple[str, str], list[dict[str, Any]]]
    sweep: dict[str, dict[str, Any]]
    untrained: list[float]
    classical: float

    def values(self, convention: str, optimizer: str, key: str) -> np.ndarray:
        """One entry of every run, seeds first: [S] for a number, [S, N] for a curve."""
        return np.array([run[key] for run in self.runs[convention, optimizer]], dtype=float)

    def family(self, convention: str, optimizers: Sequence[str], key: str) -> np.ndarray:
        """Mean over those of `optimizers` that were run, seed by seed: [S]."""
        present = [name for name in optimizers if (convention, name) in self.runs]
        return np.mean([self.values(convention, name, key) for name in present], axis=0)


@dataclass(frozen=True)
class Stages:
    """Everything that the stages before `results` wrote, and the seconds that they took."""

    workloads: dict[str, WorkloadRuns]
    lecture: dict[int, dict[str, dict[str, Any]]]
    lecture_controls: dict[str, Any]
    costs: dict[str, Any]
    seconds: dict[str, float]


def read_stages(params: Params, build: Path) -> Stages:
    """Read the files that params.yaml says must be there; none is looked for by pattern."""
    controls = read_stage(build, "controls")
    seconds, workloads, lecture = {}, {}, {}
    for name in params.run:
        swept, trained = read_stage(build, "sweep", name), read_stage(build, "train", name)
        seconds[f"sweep {name}"], seconds[f"train {name}"] = swept["seconds"], trained["seconds"]
        runs = {(convention, optimizer): [] for convention in params.conventions for optimizer in params.optimizers}
        for run in trained["runs"]:
            runs[run["convention"], run["optimizer"]].append(run)
        untrained, classical = controls["untrained"][name], controls["classical"][name]
        aligned = {key: _aligned(group) for key, group in runs.items()}
        workloads[name] = WorkloadRuns(aligned, swept["optimizers"], untrained, classical)
    for width in params.lecture.widths:
        compared = read_stage(build, "lecture", str(width))
        seconds[f"lecture {width}"] = compared["seconds"]
        lecture[width] = compared["optimizers"]
    return Stages(workloads, lecture, controls["lecture"], read_stage(build, "costs"), seconds)


def steps_to_target(params: Params, runs: WorkloadRuns) -> np.ndarray:
    """Steps until each tuned run first reaches the target, inf where it never does: [S, M].

    The target is the quantile `target_quantile` of tuned momentum's final validation quality.
    """
    final = runs.values("tuned", "momentum", "valid_quality")[:, -1]
    target = float(np.quantile(final, params.target_quantile))
    columns = []
    for optimizer in params.optimizers:
        steps = runs.values("tuned", optimizer, "steps")[0]
        columns.append(time_to_target(steps, runs.values("tuned", optimizer, "valid_quality"), target))
    return np.stack(columns, axis=1)


def read_stage(build: Path, stage: str, selector: str = "") -> Any:
    """Read what a stage wrote.

    Args:
        build: the folder of the scale's intermediate files.
        stage: its name in dvc.yaml.
        selector: the workload or the width, for a stage that has one file for each.

    Returns:
        Its JSON values.

    Raises:
        RepriseError: the file is missing or damaged.
    """
    file = build / stage / f"{selector}.json" if selector else build / f"{stage}.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        fault = "damaged" if isinstance(error, ValueError) else "missing"
        command = f"python -m papers.adaptive_optimizers {stage} {selector}".rstrip()
        raise RepriseError(f"{shown(file)} is {fault}: `{command}` makes it, as does `dvc repro`") from None


def _aligned(group: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the flat training curve of a run that diverged, recorded at checks only, the steps of the other seeds."""
    whole = next((run for run in group if run["diverged_at"] is None), None)
    if whole is None:
        return group
    steps = whole["train_steps"]
    flat = {"train_steps": steps}
    return [
        run if run["diverged_at"] is None else run | flat | {"train_losses": run["train_losses"][:1] * len(steps)}
        for run in group
    ]

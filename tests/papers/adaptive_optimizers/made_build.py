"""Parameters of every scale, and a build folder as the stages would leave it, made up in no time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.config import overlay, read_yaml, validate
from common.optimizers import learning_rate_grid
from common.scratch import write_json
from papers.adaptive_optimizers.settings import HERE, Params

Quality = Callable[[str, str, int, int], float]
"""(workload, convention, place of the optimizer in params.yaml, seed) -> test quality."""

LECTURE_MEASURES = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "boundary_length")


def params_at(scale: str, **changes: Any) -> Params:
    """The shipped parameters at a scale, with changes."""
    values = read_yaml(HERE / "params.yaml")
    if scale != "laptop":
        values = overlay(values, read_yaml(HERE / f"scales/{scale}.yaml"))
    return validate(Params, overlay(values, changes), "test")


def rising(workload: str, convention: str, optimizer: int, seed: int) -> float:
    """Later optimizers are better, later seeds too; no ties."""
    return 50.0 + optimizer + 0.1 * seed


def write_build(params: Params, build: Path, quality: Quality = rising) -> None:
    """Write what every stage before `results` writes, shaped as `params` asks for."""
    for name in params.run:
        sweeps = {optimizer: _sweep(optimizer, params.tuning.points) for optimizer in params.optimizers}
        write_json(build / f"sweep/{name}.json", {"optimizers": sweeps, "seconds": 1.0})
        write_json(build / f"train/{name}.json", {"runs": _runs(params, name, quality), "seconds": 2.0})
    for width in params.lecture.widths:
        compared = {name: _compared(params, name, width, i) for i, name in enumerate(params.lecture.optimizers)}
        write_json(build / f"lecture/{width}.json", {"optimizers": compared, "seconds": 4.0})
    write_json(build / "controls.json", _controls(params))
    costs = {name: {"state_bytes": 4.0 * i, "seconds": 1e-4 * (i + 1)} for i, name in enumerate(params.optimizers)}
    write_json(build / "costs.json", {"optimizers": costs, "gradient_seconds": 1e-2})


def _sweep(optimizer: str, points: int) -> dict[str, Any]:
    rates = learning_rate_grid(optimizer, points)
    quality = [[float(40 + i)] for i in range(points - 1)] + [[None]]  # the largest diverged
    return {"learning_rates": rates, "quality": quality, "best": rates[-2], "at_edge": False}


def _runs(params: Params, name: str, quality: Quality) -> list[dict[str, Any]]:
    """Runs whose validation quality rises by equal steps to the test quality."""
    is_autoencoder = params.workloads[name].task == "autoencoder"
    runs = []
    for seed in params.seeds:
        for place, optimizer in enumerate(params.optimizers):
            for convention in params.conventions:
                final, checks = quality(name, convention, place, seed), range(1, params.checks + 1)
                run = {
                    "optimizer": optimizer, "convention": convention, "seed": seed,
                    "quality": final, "test_loss": 1.0 / final, "diverged_at": None,
                    "steps": [10 * i for i in checks],
                    "valid_quality": [final * i / params.checks for i in checks],
                    "valid_loss": [1.0 / i for i in checks],
                    "train_steps": [5 * i for i in range(1, 2 * params.checks + 1)],
                    "train_losses": [2.0 / i for i in range(1, 2 * params.checks + 1)],
                }  # fmt: skip
                if is_autoencoder and seed == params.seeds[0]:
                    run["reconstructions"] = [[[[i]] * 8] * 8 for i in range(8)]
                runs.append(run)
    return runs


def _compared(params: Params, name: str, width: int, place: int) -> dict[str, Any]:
    settings = params.lecture
    sweep = _sweep(name, settings.points)
    sweep["quality"] = [row * settings.tuning_seeds[width] for row in sweep["quality"]]
    seeds = range(settings.seeds[width])
    runs = {
        convention: {
            "diverged": [0 for _ in seeds],
            **{measure: [shift + 10 * place + seed + width for seed in seeds] for measure in LECTURE_MEASURES},
        }
        for convention, shift in (("torch", 0.0), ("tuned", 0.5))
    }
    side = settings.boundary_grid
    boundary = [[(i + j) % settings.classes for j in range(side)] for i in range(side)]
    return {"sweep": sweep, "runs": runs, "boundary": boundary}


def _controls(params: Params) -> dict[str, Any]:
    lecture = params.lecture
    return {
        "classical": {name: 45.0 for name in params.run},
        "untrained": {name: [10.0 + seed for seed in params.seeds] for name in params.run},
        "lecture": {
            "classical": [60.0 + seed for seed in range(max(lecture.seeds[width] for width in lecture.widths))],
            "untrained": {str(width): [20.0] * lecture.seeds[width] for width in lecture.widths},
        },
    }

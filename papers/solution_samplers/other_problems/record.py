"""Metrics of experiment 5, under `other_problems`."""

from typing import Any

from common.metrics import Metrics

ROOT = "other_problems"
PERCENT = 100.0


def record(metrics: Metrics, data: dict[str, Any]) -> None:
    """Record all parts: one value per instance, size, seed or start."""
    for problem in data["settings"]["exact"]["sizes"]:
        _record_problem(metrics, data, problem)
    for problem, sizes in data["settings"]["constants"].items():
        _record_constants(metrics, problem, [data["constants"][problem][str(size)] for size in sizes])
    _record_prior(metrics, [data["prior"][str(seed)] for seed in data["settings"]["prior"]["seeds"]])
    _record_double_star(metrics, data["double_star"])
    for objective, kinds in data["quasar"].items():
        for kind, found in kinds.items():
            defined = [ratio for ratio in found["least"] if ratio is not None]
            if defined:
                metrics.record(f"{ROOT}.quasar.{kind}.{objective}.least_ratio", defined)


def _record_problem(metrics: Metrics, data: dict[str, Any], problem: str) -> None:
    controls = data["controls"][problem]
    samplers = {"untrained": controls["untrained"]}
    for optimizer, objectives in data["exact"][problem].items():
        samplers |= {f"{optimizer}.{objective}": found for objective, found in objectives.items()}
    for name, found in samplers.items():
        path = f"{ROOT}.{problem}.{name}"
        metrics.record(f"{path}.success", _percent(found["success"]), "%")
        metrics.record(f"{path}.optimal_probability", _percent(found["probability"]), "%")
        metrics.record(f"{path}.gap", found["gap"], "standard deviations")
    for name, shares in controls["local_search"].items():
        metrics.record(f"{ROOT}.{problem}.local_search.{name}", _percent(shares), "%")
    largest = [max(ratios) for ratios in zip(*data["completeness"][problem], strict=True)]
    metrics.record(f"{ROOT}.{problem}.completeness", largest, "of epsilon")


def _record_constants(metrics: Metrics, problem: str, per_size: list[dict[str, float]]) -> None:
    path = f"{ROOT}.constants.{problem}"
    for over in ("stated", "corrected"):
        metrics.record(f"{path}.over_{over}", [found["measured"] / found[over] for found in per_size])
    metrics.record(f"{path}.on_stated_space", [found["on_stated_space"] / found["stated"] for found in per_size])


def _record_prior(metrics: Metrics, per_seed: list[dict[str, Any]]) -> None:
    for arm in per_seed[0]:
        if arm in {"untrained", "optimum"}:
            _record_measures(metrics, arm, [found[arm] for found in per_seed])
            continue
        for count in per_seed[0][arm]:
            _record_measures(metrics, f"{arm}.graphs_{count}", [found[arm][count] for found in per_seed])


def _record_measures(metrics: Metrics, name: str, per_seed: list[dict[str, float]]) -> None:
    for measure in per_seed[0]:
        share = measure.endswith("success")
        values = [found[measure] * (PERCENT if share else 1.0) for found in per_seed]
        metrics.record(f"{ROOT}.prior.{name}.{measure}", values, "%" if share else "")


def _record_double_star(metrics: Metrics, data: dict[str, Any]) -> None:
    path = f"{ROOT}.double_star"
    best = max(data["plane"]["cut"])
    metrics.record(f"{path}.plane.optimal", [PERCENT * (cut > best - 0.5) for cut in data["plane"]["cut"]], "%")
    metrics.record(f"{path}.product.cut", [cuts[-1] for cuts in data["product"]["cut"]], "edges")
    for objective, found in data["exponential"].items():
        metrics.record(f"{path}.{objective}.cut", [cuts[-1] for cuts in found["cut"]], "edges")
        metrics.record(f"{path}.{objective}.mode", found["mode"], "edges")


def _percent(shares: list[float]) -> list[float]:
    return [PERCENT * share for share in shares]

import json
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from common.choices import Compute
from common.metrics import Metrics
from papers.solution_samplers.landscape import figures
from papers.solution_samplers.landscape.record import record
from papers.solution_samplers.landscape.run import run
from papers.solution_samplers.landscape.settings import Landscape
from papers.solution_samplers.landscape.toy import toys

SETTINGS = Landscape(
    solutions=((1, 0), (2, 2), (0, 2)), costs=(-3, -3), starts=((-10, 5), (5, -10), (0, 0)), entropy_weight=1.0,
    mixture_weight=0.2, inverse_temperature=0.1, step=0.05, steps=9000, near=0.01, horizon=1e20,
    path_points=12, reach=12.0, grid=7,
    ray_length=60.0, ray_points=31,
)  # fmt: skip
COMPUTE = Compute(workers=1, threads=1)


@pytest.fixture(scope="module")
def data() -> dict:
    return run(SETTINGS, COMPUTE)


@pytest.mark.parametrize("name", ["vanilla", "mixture", "entropy", "both"])
def test_the_gradient_is_that_of_the_value(name):
    toy = toys(SETTINGS)[name]
    points_B2 = torch.cartesian_prod(*[torch.linspace(-8, 8, 9, dtype=torch.float64)] * 2).requires_grad_()
    (expected_B2,) = torch.autograd.grad(toy.value(points_B2).sum(), points_B2)
    torch.testing.assert_close(toy.gradient(points_B2.detach()), expected_B2, rtol=1e-10, atol=1e-12)


def test_minus_c_over_lambda_is_the_only_place_without_gradient_when_entropy_is_on():
    minimiser_B2 = -torch.tensor([SETTINGS.costs], dtype=torch.float64) / SETTINGS.entropy_weight
    for name, toy in toys(SETTINGS).items():
        slope = float(toy.gradient(minimiser_B2).norm())
        assert (slope < 1e-14) == (name in {"entropy", "both"})


def test_only_with_the_mixture_does_descent_leave_the_plain(data):
    optimal = {name: found["optimal_probability"] for name, found in data["objectives"].items()}
    far = slice(0, 2)
    assert max(*optimal["vanilla"][far], *optimal["entropy"][far]) < 1e-4
    assert min(optimal["both"]) > 0.99
    assert max(data["objectives"]["both"]["distance"]) < 0.1
    assert min(optimal["mixture"]) > 0.99


def test_paths_begin_at_the_starts_and_end_after_all_steps(data):
    found = data["objectives"]["both"]
    toy, w = toys(SETTINGS)["both"], torch.tensor(SETTINGS.starts, dtype=torch.float64)
    for _ in range(SETTINGS.steps):
        w = w - SETTINGS.step * toy.gradient(w)
    for path, start, end in zip(found["paths"], SETTINGS.starts, w.tolist(), strict=True):
        assert tuple(path[0]) == start
        assert path[-1] == pytest.approx(end, abs=1e-12)


def test_the_flow_is_the_limit_of_descent():
    toy, start_2 = toys(SETTINGS)["both"], torch.tensor([0.0, 0.0], dtype=torch.float64)
    time, distance = toy.flow(start_2, torch.tensor([3.0, 3.0], dtype=torch.float64), near=2.5, horizon=1e6)
    reached_2 = toy.descend(start_2[None], time / 2000, kept=[2000])[0, 0]
    assert distance == pytest.approx(2.5, abs=1e-6)
    assert float((reached_2 - 3.0).norm()) == pytest.approx(2.5, abs=2e-3)


def test_entropy_alone_arrives_too_but_only_after_millions_of_steps(data):
    slow, fast = data["flow"]["entropy"], data["flow"]["both"]
    assert max(*slow["distance"], *fast["distance"]) < 1.001 * SETTINGS.near
    assert min(slow["steps"][:2]) > 1e6
    assert max(fast["steps"]) < 2e4


def test_the_flow_stops_at_the_horizon():
    toy, start_2 = toys(SETTINGS)["entropy"], torch.tensor([-10.0, 5.0], dtype=torch.float64)
    time, distance = toy.flow(start_2, torch.tensor([3.0, 3.0], dtype=torch.float64), near=0.01, horizon=100.0)
    assert time == 100.0
    assert distance > 13


def test_the_ray_leaves_the_minimiser_through_the_first_start(data):
    start_2, minimiser_2 = (torch.tensor(point) for point in (SETTINGS.starts[0], data["minimiser"]))
    reached = torch.tensor(data["ray"]).sub((start_2 - minimiser_2).norm()).abs().argmin()
    along = data["objectives"]["both"]["ray_gradient"][int(reached)]
    assert along == pytest.approx(data["objectives"]["both"]["start_gradient"][0], rel=0.2)


def test_results_are_the_same_twice_and_come_one_per_start(data, tmp_path):
    again = run(SETTINGS, COMPUTE)
    assert json.dumps(again) == json.dumps(data)
    metrics = Metrics()
    record(metrics, data)
    metrics.write(tmp_path)
    samples = json.loads((tmp_path / "samples.json").read_text())
    assert set(samples) == {
        f"landscape.{name}.{measure}"
        for name in ("vanilla", "mixture", "entropy", "both")
        for measure in ("expected_cost", "optimal_probability", "distance", "start_gradient", "weakest_gradient")
    } | {f"landscape.{name}.flow_{measure}" for name in ("entropy", "both") for measure in ("decades", "distance")}
    per_start = {len(values) for path, values in samples.items() if not path.endswith("weakest_gradient")}
    assert per_start == {len(SETTINGS.starts)}


def test_figures_are_byte_stable(data, tmp_path):
    drawn = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        figures.draw(data, folder)
        drawn.append({file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())})
    assert list(drawn[0]) == ["landscape.html", "landscape_gradient.svg", "landscape_paths.svg"]
    assert drawn[0] == drawn[1]


def test_a_start_outside_the_picture_is_refused():
    with pytest.raises(ValidationError, match=r"\(40.0, 0.0\) lies outside the picture, which reaches to 12"):
        Landscape(**SETTINGS.model_dump() | {"starts": ((0, 0), (40, 0))})

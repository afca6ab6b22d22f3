"""What learned methods are held against, and what a step of an optimizer is measured to cost."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from common.optimizers import OPTIMIZERS
from papers.adaptive_optimizers import controls
from papers.adaptive_optimizers.controls import all_controls, lecture_control, untrained_quality, workload_control
from papers.adaptive_optimizers.costs import step_costs
from papers.adaptive_optimizers.lecture.peaks import draw
from papers.adaptive_optimizers.tasks import Part, WorkloadData, read_data
from tests.papers.adaptive_optimizers.made_build import params_at

PARAMS = params_at("smoke")


def test_a_support_vector_machine_reads_digits():
    accuracy = workload_control(PARAMS.workloads["digits_classification"], PARAMS.controls, PARAMS.split_seed)
    assert 94 < accuracy <= 100


def test_the_best_linear_code_is_the_projection_on_the_leading_components():
    workload = PARAMS.workloads["digits_autoencoder"]
    data = read_data(workload, PARAMS.split_seed)
    x, test = (part.x.flatten(1).numpy().astype(float) for part in (data.train, data.test))
    _, _, rows = np.linalg.svd(x - x.mean(0), full_matrices=False)
    leading = rows[: workload.hidden[0]]
    back = ((test - x.mean(0)) @ leading.T @ leading + x.mean(0)).clip(0, 1)
    expected = -10 * np.log10(np.square(back - test).mean())
    assert workload_control(workload, PARAMS.controls, PARAMS.split_seed) == pytest.approx(expected, rel=1e-4)


def test_as_many_components_as_pixels_are_allowed(monkeypatch: pytest.MonkeyPatch):
    few = Part(torch.rand(30, 1, 2, 2), torch.arange(30) % 2)
    monkeypatch.setattr(controls, "read_data", lambda workload, seed: WorkloadData(few, few, few, outputs=2))
    workload = PARAMS.workloads["digits_classification"]
    assert 50 <= workload_control(workload, PARAMS.controls, 0) <= 100  # 4 pixels, 64 components asked for


def test_the_lectures_control_is_the_nearest_neighbour_on_the_same_points():
    settings = PARAMS.lecture
    train, _, test = draw([1], (settings.train_points, settings.valid_points, settings.test_points), settings.classes)
    expected = KNeighborsClassifier(1).fit(train.x[0], train.y[0]).score(test.x[0], test.y[0])
    assert lecture_control(settings, seeds=2)[1] == pytest.approx(100 * expected)


def test_every_workload_and_width_has_its_controls():
    found = all_controls(PARAMS)
    assert found["classical"].keys() == found["untrained"].keys() == set(PARAMS.run)
    assert all(len(values) == len(PARAMS.seeds) for values in found["untrained"].values())
    widths, seeds = PARAMS.lecture.widths, PARAMS.lecture.seeds
    assert {width: len(values) for width, values in found["lecture"]["untrained"].items()} == {
        w: seeds[w] for w in widths
    }
    assert len(found["lecture"]["classical"]) == max(seeds[width] for width in widths)


def test_untrained_networks_guess():
    assert all(accuracy < 35 for accuracy in untrained_quality(PARAMS, "digits_classification"))


def test_every_optimizer_keeps_the_buffers_that_it_is_known_for():
    measured = step_costs(tuple(OPTIMIZERS), steps=2)
    for name, cost in measured["optimizers"].items():
        kept = cost["state_bytes"] / 4  # float32
        assert kept == pytest.approx(OPTIMIZERS[name].state_buffers, abs=0.01), name
        assert cost["seconds"] > 0
    assert measured["gradient_seconds"] > 0

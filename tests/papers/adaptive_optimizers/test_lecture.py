"""The lecture's toy problem against MATLAB's documentation and known pictures; its runs against themselves."""

import numpy as np
import pytest

from papers.adaptive_optimizers.jobs import LectureJob
from papers.adaptive_optimizers.lecture import experiment
from papers.adaptive_optimizers.lecture.experiment import boundary_length, compare, grid_points, untrained
from papers.adaptive_optimizers.lecture.peaks import HIGH, LOW, draw, peaks, true_class
from tests.papers.adaptive_optimizers.made_build import params_at

SETTINGS = params_at("smoke").lecture


@pytest.mark.parametrize(
    ("extreme", "height", "place"), [("max", 8.1062, (-0.0093, 1.5814)), ("min", -6.5511, (0.2283, -1.6255))]
)
def test_peaks_has_the_extrema_that_matlab_shows(extreme, height, place):
    line = np.linspace(LOW, HIGH, 1201)
    coarse_YX = peaks(*np.meshgrid(line, line))
    row, column = np.unravel_index(getattr(coarse_YX, f"arg{extreme}")(), coarse_YX.shape)
    fine = np.linspace(-0.005, 0.005, 101)
    x, y = np.meshgrid(line[column] + fine, line[row] + fine)
    fine_YX = peaks(x, y)
    found = np.unravel_index(getattr(fine_YX, f"arg{extreme}")(), fine_YX.shape)
    assert fine_YX[found] == pytest.approx(height, abs=1e-4)
    assert (x[found], y[found]) == pytest.approx(place, abs=2e-4)


def test_peaks_at_the_origin_is_what_its_formula_gives_by_hand():
    assert peaks(np.array(0.0), np.array(0.0)) == pytest.approx(3 * np.exp(-1) - np.exp(-1) / 3)


def test_the_classes_are_bands_of_equal_height():
    points = np.random.default_rng(0).uniform(LOW, HIGH, (2000, 2))
    height = peaks(points[:, 0], points[:, 1])
    expected = np.clip(np.floor(5 * (height + 6.5466) / (8.1059 + 6.5466)), 0, 4)  # the extrema on the 241-grid
    assert np.mean(true_class(points, 5) == expected) > 0.998
    assert true_class(np.array([[-0.0093, 1.5814], [0.2283, -1.6255]]), 5).tolist() == [4, 0]


def test_sets_are_balanced_labelled_right_inside_the_square_and_disjoint():
    sets = draw([3, 4], (100, 50, 25), classes=5)
    for points, size in zip(sets, (100, 50, 25), strict=True):
        assert points.x.shape == (2, size, 2)
        assert np.abs(points.x).max() <= HIGH
        for labels_N in points.y:
            assert np.bincount(labels_N).tolist() == [size // 5] * 5
        assert (true_class(points.x.astype(float), 5) == points.y).mean() > 0.99  # rounded to float32 after labelling
    for run in range(2):
        rows = np.concatenate([points.x[run] for points in sets])
        assert len(np.unique(rows, axis=0)) == 175


def test_a_seed_decides_its_points_whatever_is_drawn_beside_it():
    (alone,), (beside,), (other,) = draw([7], (50,), 5), draw([3, 7], (50,), 5), draw([8], (50,), 5)
    assert np.array_equal(alone.x[0], beside.x[1])
    assert np.array_equal(alone.y[0], beside.y[1])
    assert not np.array_equal(alone.x, other.x)


def test_a_straight_line_across_the_square_is_as_long_as_the_square():
    side = 61
    spacing = 6 / (side - 1)
    upright = np.zeros((side, side), dtype=int)
    upright[:, 30:] = 1
    length_R = boundary_length(np.stack([upright, upright.T, np.zeros_like(upright)]))
    assert length_R[:2] == pytest.approx([6, 6], abs=spacing + 1e-9)
    assert length_R[2] == 0


def test_a_square_inside_has_four_sides():
    picture = np.zeros((61, 61), dtype=int)
    picture[20:40, 20:40] = 1  # 20 points a side, 0.1 apart
    assert boundary_length(picture[None])[0] == pytest.approx(8.0)


def test_the_grid_goes_row_by_row_from_below():
    points = grid_points(3)
    assert points[:4].tolist() == [[-3, -3], [0, -3], [3, -3], [-3, 0]]
    assert points[-1].tolist() == [3, 3]


def job(optimizer: str, width: int = 8, **changes) -> LectureJob:
    return LectureJob(SETTINGS.model_copy(update=changes), width, optimizer)


def test_the_comparison_is_shaped_as_promised_and_tuning_learns_something():
    result = compare(job("adam", epochs=10))
    assert len(result["sweep"]["learning_rates"]) == SETTINGS.points
    assert all(len(row) == SETTINGS.tuning_seeds[8] for row in result["sweep"]["quality"])
    assert np.shape(result["boundary"]) == (SETTINGS.boundary_grid,) * 2
    measures = {"diverged", "train_loss", "test_loss", "train_accuracy", "test_accuracy", "boundary_length"}
    for runs in result["runs"].values():
        assert runs.keys() == measures
        assert {len(values) for values in runs.values()} == {SETTINGS.seeds[8]}
    before, after = untrained(SETTINGS, 8), result["runs"]["tuned"]["test_accuracy"]
    assert np.mean(after) > np.mean(before) + 10


def test_the_same_comparison_gives_the_same_numbers():
    assert compare(job("sgd", epochs=1)) == compare(job("sgd", epochs=1))


def test_cutting_the_runs_into_several_programs_changes_no_result(monkeypatch: pytest.MonkeyPatch):
    whole = compare(job("adam"))
    monkeypatch.setattr(experiment, "MOST_PARAMETERS", 2 * 8 * (3 + SETTINGS.classes))  # two runs at a time
    monkeypatch.setattr(experiment, "MOST_ACTIVATIONS", 1000)
    cut = compare(job("adam"))
    assert cut["sweep"] == whole["sweep"]
    assert cut["boundary"] == whole["boundary"]
    for convention, runs in whole["runs"].items():
        for measure, values in runs.items():
            assert cut["runs"][convention][measure] == pytest.approx(values, rel=1e-5), measure


def test_a_run_that_diverges_counts_as_its_network_before_training(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(experiment, "defaults", lambda name, convention: {"lr": 1e38})
    result = compare(job("sgd"))
    assert result["runs"]["torch"]["diverged"] == [1] * SETTINGS.seeds[8]
    assert result["runs"]["torch"]["test_accuracy"] == pytest.approx(untrained(SETTINGS, 8))
    assert result["runs"]["tuned"]["diverged"] == [0] * SETTINGS.seeds[8]


def test_a_learning_rate_that_diverges_is_not_chosen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("papers.adaptive_optimizers.sweep.learning_rate_grid", lambda name, points: [0.1, 1.0, 1e38])
    sweep = compare(job("sgd"))["sweep"]
    assert sweep["quality"][2] == [None] * SETTINGS.tuning_seeds[8]
    assert sweep["best"] < 1e38

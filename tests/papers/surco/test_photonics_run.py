"""The experiment from tuning to figures, on simulators that cost nothing."""

import json

import numpy as np
import pytest

from common import scratch
from common.choices import Compute
from common.config import load_at_scale
from common.metrics import Metrics, read_samples
from papers.surco.photonics import figures, run
from papers.surco.photonics.record import record
from papers.surco.photonics.simulator import Simulator
from papers.surco.settings import HERE, Params
from tests.papers.surco.made_photonics import photonics_data

SMOKE = load_at_scale(Params, HERE, "smoke").photonics


class Cheap:
    """A simulator that likes void pixels, and is never satisfied."""

    def __init__(self, instance):
        self.powers = np.ones_like(instance.goals().bounds_WP)

    def evaluate(self, x):
        return 1.0 + x.sum(), np.ones_like(x), self.powers


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simulator, "of", Cheap)
        patch.setattr(scratch, "ROOT", tmp_path_factory.mktemp("root"))
        return run.run(SMOKE, (0,), Compute(workers=1, threads=1))


def outline(value):
    """Keys and kinds of values; steps and the lengths of lists may differ."""
    if isinstance(value, dict):
        return "by step" if all(key.isdigit() for key in value) else {key: outline(one) for key, one in value.items()}
    if isinstance(value, list):
        return [outline(value[0])] if value and isinstance(value[0], dict) else "list"
    return "text" if isinstance(value, str) else "number"


def test_made_up_data_are_shaped_as_those_of_a_run(data):
    assert outline(photonics_data(SMOKE)) == outline(json.loads(json.dumps(data)))


def test_methods_work_within_their_budgets_and_only_prediction_is_infeasible(data):
    for device, counts in SMOKE.devices.items():
        assert len(data["devices"][device]) == counts.test
        for one in data["devices"][device]:
            assert {one["methods"][name]["designs"] for name in run.SEARCHES} == {SMOKE.steps}
            assert {name for name, result in one["methods"].items() if not result["feasible"]} <= {"direct"}
            work = {name: result["work"] for name, result in one["methods"].items()}
            assert (work["pass_through"], work["surco_zero"], work["surco_prior"]) == (4, 6, 1)


def test_the_chosen_setting_is_one_of_the_sweep_and_is_recorded(data, tmp_path):
    metrics = Metrics()
    record(metrics, data)
    metrics.write(tmp_path)
    samples = read_samples(tmp_path)
    _, strength, rate = data["chosen"].split()
    assert samples["photonics.sweep.chosen.strength"] == [float(strength)]
    assert samples["photonics.sweep.chosen.learning_rate"] == [float(rate)]
    assert samples["photonics.all.surco_zero.success"] == [0.0] * 3


def test_figures_of_the_largest_design_and_of_four_devices_are_small(tmp_path):
    data = photonics_data(load_at_scale(Params, HERE, "overnight").photonics)
    figures.draw_strip("wdm", data["devices"]["wdm"][0], data["searches"], tmp_path / "strip.svg")
    figures.draw_convergence(data, tmp_path / "convergence.svg")
    assert all(10_000 < file.stat().st_size < 300_000 for file in tmp_path.iterdir())

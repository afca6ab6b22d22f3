from concurrent.futures import Future

import pytest

from common.sweep import SweepError, stages, sweep
from tests.common import toy_pipeline
from tests.common.toy_pipeline import PARAMS


@pytest.fixture
def paper(tmp_path):
    return toy_pipeline.make(tmp_path)


def test_the_graph_is_that_of_dvc(paper):
    parts = {"papers/toy/dvc.yaml:part@a", "papers/toy/dvc.yaml:part@b"}
    assert stages(paper) == {part: set() for part in parts} | {"papers/toy/dvc.yaml:results": parts}


def test_stages_run_side_by_side_in_the_order_of_the_graph(paper):
    sweep(paper, jobs=2)
    assert (paper / "results" / "laptop" / "metrics.json").read_text() == "laptop" * 2


def test_a_failed_stage_is_named_and_keeps_what_needs_it_from_running(paper, capfd):
    with pytest.raises(SweepError, match=r"^failed: papers/toy/dvc.yaml:part@missing;"):
        sweep(paper, "paper")
    assert "no such part" in capfd.readouterr().err
    assert not (paper / "results").exists()
    assert (paper / "params.yaml").read_text() == PARAMS


def test_a_cluster_runs_the_same_stages_as_jobs(paper):
    sweep(paper, "smoke", cluster="local", options={"timeout_min": 5})
    assert (paper / "results" / "smoke" / "metrics.json").read_text() == "smoke"


def test_a_cluster_that_does_not_take_a_job_is_heard_in_one_line(paper, monkeypatch):
    class Full:
        def submit(self, *arguments):
            raise RuntimeError("sbatch: error: invalid partition\nsbatch: error: failed")

    monkeypatch.setattr("common.sweep._cluster", lambda *arguments: Full())
    with pytest.raises(
        SweepError, match=r"^cannot submit papers/toy/dvc.yaml:part@a: sbatch: error: invalid .* failed$"
    ):
        sweep(paper, "smoke", cluster="slurm")


def test_a_job_that_the_cluster_ended_counts_as_failed(paper, monkeypatch, capfd):
    class Lost(Future):
        def result(self, timeout=None):
            raise RuntimeError("job 7 was preempted")

    class Cluster:
        def submit(self, *arguments):
            job = Lost()
            job.set_result(None)
            return job

    monkeypatch.setattr("common.sweep._cluster", lambda *arguments: Cluster())
    with pytest.raises(SweepError, match=r"^failed: papers/toy/dvc.yaml:part@a;"):
        sweep(paper, "smoke", cluster="slurm")
    assert "job 7 was preempted" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("cluster", "options"), [("local", {"timeout_mim": 5}), ("local", {"timeout_min": "soon"}), ("slum", {})]
)
def test_a_mistyped_cluster_or_option_is_refused_in_one_line(paper, cluster, options):
    with pytest.raises(SweepError, match="submitit refuses cluster") as caught:
        sweep(paper, cluster=cluster, options=options)
    assert "\n" not in str(caught.value)

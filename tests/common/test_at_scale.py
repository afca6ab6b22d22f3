import subprocess
import sys

import pytest

from common.at_scale import ScaleError, at_scale, recover
from common.config import read_yaml
from tests.common.toy_pipeline import FILES, PARAMS


@pytest.fixture
def paper(tmp_path):
    for name in FILES:
        if name.startswith("papers/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(FILES[name])
    return tmp_path / "papers" / "toy"


def test_the_overlay_lies_over_params_yaml_only_meanwhile(paper):
    with at_scale(paper, "smoke"):
        assert read_yaml(paper / "params.yaml") == {"scale": "smoke", "wait": 0, "names": ["a"]}
    assert (paper / "params.yaml").read_text() == PARAMS


def test_laptop_is_params_yaml_itself(paper):
    with at_scale(paper, "laptop"):
        assert (paper / "params.yaml").read_text() == PARAMS


def test_dvc_lock_comes_back_as_it_was(paper):
    (paper / "dvc.lock").write_text("laptop")
    with at_scale(paper, "smoke"):
        (paper / "dvc.lock").write_text("smoke")
    assert (paper / "dvc.lock").read_text() == "laptop"


def test_a_dvc_lock_that_was_not_there_goes_again(paper):
    with at_scale(paper, "smoke"):
        (paper / "dvc.lock").write_text("smoke")
    assert not (paper / "dvc.lock").exists()


def test_a_failure_restores_too(paper):
    with pytest.raises(ZeroDivisionError), at_scale(paper, "smoke"):
        1 / 0  # noqa: B018  (any error will do)
    assert (paper / "params.yaml").read_text() == PARAMS


def test_what_a_kill_left_is_put_back_at_the_next_start(paper, capsys):
    killed = f"""if 1:
        import os, pathlib
        from common.at_scale import at_scale
        with at_scale(pathlib.Path({str(paper)!r}), "smoke"):
            os.kill(os.getpid(), 9)
    """
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -9
    assert read_yaml(paper / "params.yaml")["scale"] == "smoke"
    with at_scale(paper, "laptop"):
        assert (paper / "params.yaml").read_text() == PARAMS
    assert "a killed run had replaced params.yaml" in capsys.readouterr().err


def test_nothing_to_recover_says_nothing(paper, capsys):
    recover(paper)
    assert not capsys.readouterr().err


def test_a_second_run_of_the_same_paper_is_refused(paper):
    refused = pytest.raises(ScaleError, match=r"^toy is being run already")
    with at_scale(paper, "laptop"), refused, at_scale(paper, "smoke"):
        pass


def test_an_edit_during_the_run_is_kept_aside(paper, capsys):
    with at_scale(paper, "smoke"):
        (paper / "params.yaml").write_text("mine: 1\n")
    assert (paper / "params.yaml").read_text() == PARAMS
    assert (paper / "params.edited.yaml").read_text() == "mine: 1\n"
    assert "params.edited.yaml" in capsys.readouterr().err


def test_unknown_scale_names_the_known_ones(paper):
    with (
        pytest.raises(ScaleError, match=r"^toy has no scale 'huge' \(known: laptop, overnight, paper, smoke\)$"),
        at_scale(paper, "huge"),
    ):
        pass


def test_an_overlay_has_to_name_its_scale(paper):
    (paper / "scales" / "smoke.yaml").write_text("names: [a]\n")
    message = r"smoke.yaml: scale: must be 'smoke' \(got 'laptop'\)$"
    with pytest.raises(ScaleError, match=message), at_scale(paper, "smoke"):
        pass
    assert (paper / "params.yaml").read_text() == PARAMS

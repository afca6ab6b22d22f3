import hashlib
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from common.config import ROOT
from common.figures import COLOURS, band, figure, interval_bars, save_svg, style_of
from common.statistics import Interval, t_interval


def draw(path: Path) -> None:
    curves_SN = np.random.default_rng(0).normal(size=(4, 12)).cumsum(axis=1)
    with figure(columns=2, sharey=False) as (fig, axes):
        for i in range(13):
            band(axes[0, 0], range(12), curves_SN + i, f"curve {i}", style_of(i))
        axes[0, 0].legend(ncols=2)
        interval_bars(axes[0, 1], ["a", "b"], [Interval(1, 0, 2, 3), Interval(2, None, None, 1)])
        save_svg(fig, path)


def test_the_same_drawing_gives_the_same_bytes_in_another_process_too(tmp_path: Path):
    draw(tmp_path / "one.svg")
    code = "import sys, pathlib; from tests.common.test_figures import draw; draw(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "two.svg")], cwd=ROOT, check=True)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.svg", "two.svg"]


def test_an_svg_holds_no_text_no_date_and_no_version(tmp_path: Path):
    draw(tmp_path / "deep" / "figure.svg")
    content = (tmp_path / "deep" / "figure.svg").read_text()
    tags = {element.tag.split("}")[1] for element in ET.fromstring(content).iter()}
    assert "text" not in tags and "path" in tags
    assert mpl.__version__ not in content and "<dc:date>" not in content


def test_the_style_ends_with_the_block(tmp_path: Path):
    before = dict(mpl.rcParams)
    draw(tmp_path / "figure.svg")
    assert dict(mpl.rcParams) == before


def test_an_interrupted_save_leaves_the_old_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "figure.svg"
    path.write_text("old")
    with figure() as (fig, _):
        monkeypatch.setattr(fig, "savefig", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            save_svg(fig, path)
    assert path.read_text() == "old"


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="sharez"), figure(sharez=True):
        pass


def test_28_styles_differ_and_13_differ_in_colour_and_line():
    assert len({tuple(style_of(i).items()) for i in range(28)}) == 28
    assert len({(style_of(i)["color"], style_of(i)["linestyle"]) for i in range(13)}) == 13


def test_every_colour_stands_out_from_white_and_from_the_others_in_lightness_or_hue():
    def luminance(colour: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return float(np.dot([0.2126, 0.7152, 0.0722], linear))

    assert all(1.05 / (luminance(colour) + 0.05) > 2.0 for colour in COLOURS)
    assert len(set(COLOURS)) == len(COLOURS)


def test_a_band_is_the_mean_with_its_t_interval():
    values_SN = np.array([[1.0, 2.0, 7.0], [3.0, 2.0, 5.0], [2.0, 2.0, 9.0]])
    with figure() as (_, axes):
        band(axes[0, 0], [1, 2, 3], values_SN, "adam", style_of(1))
        (line,), (filled,) = axes[0, 0].lines, axes[0, 0].collections
    assert line.get_ydata().tolist() == [2.0, 2.0, 7.0]
    assert line.get_label() == "adam"
    expected = t_interval(values_SN[:, 2])
    heights = filled.get_paths()[0].vertices
    at_3 = heights[heights[:, 0] == 3][:, 1]
    assert (at_3.min(), at_3.max()) == pytest.approx((expected.low, expected.high))


def test_one_seed_has_a_curve_without_a_band_and_a_diverged_run_a_gap():
    with figure() as (_, axes):
        band(axes[0, 0], [1, 2], [[1.0, 2.0]], "one seed", style_of(0))
        assert not axes[0, 0].collections
        band(axes[0, 0], [1, 2, 3], [[1.0, np.inf, np.nan], [1.0, 3.0, 4.0]], "diverged", style_of(1))
        assert np.isnan(axes[0, 0].lines[1].get_ydata()).tolist() == [False, True, True]


def test_interval_bars_put_the_first_row_on_top_and_leave_out_missing_intervals():
    with figure() as (_, axes):
        ax = axes[0, 0]
        interval_bars(ax, ["first", "second"], [Interval(5.0, 4.0, 6.0, 3), Interval(2.0, None, None, 1)])
        assert [text.get_text() for text in ax.get_yticklabels()] == ["first", "second"]
        assert ax.yaxis_inverted()
        bars = [list(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "-"]
        assert bars == [[4.0, 6.0]]

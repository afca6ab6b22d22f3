import itertools
import json
import re
from pathlib import Path

import pytest
import torch

from papers.solution_samplers.landscape.page import page
from papers.solution_samplers.landscape.settings import Landscape
from papers.solution_samplers.landscape.toy import Toy, toys
from tests.common.browser import chromium

SETTINGS = Landscape(
    solutions=((1, 0), (2, 2), (0, 2)), costs=(-3, -3), starts=((-10, 5), (0, 0)), entropy_weight=0.7,
    mixture_weight=0.3, inverse_temperature=0.15, step=0.05, steps=500, near=0.01, horizon=10,
    path_points=2, reach=12.0, grid=2,
    ray_length=1.0, ray_points=2,
)  # fmt: skip
POINTS = [*itertools.product((-11.0, -4.5, 0.0, 3.0, 9.5), repeat=2)]
MEASURE = """
const p = {...TOY}, points = %s, found = {};
for (const name of ["vanilla", "mixture", "entropy", "both"]) found[name] = {
  value: points.map(w => value(name, w, p)),
  gradient: points.map(w => gradient(name, w, p)),
  after: points.map(w => { for (let i = 0; i < 200; i++) w = next(name, w, p); return w; }),
};
return found;
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "landscape.html"
    path.write_text(page({"settings": SETTINGS.model_dump(mode="json")}), encoding="utf-8")
    return path


def test_the_page_is_one_file_with_the_settings_in_it(file):
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=|@import|url\(|\{\{""", text)
    toy = json.loads(re.search(r"const TOY = (.+);", text)[1])
    settings = SETTINGS.model_dump(mode="json")
    assert toy == {name: settings[name] for name in toy}
    assert {"solutions", "costs", "starts", "entropy_weight", "mixture_weight", "inverse_temperature"} <= set(toy)


def expected(toy: Toy) -> dict:
    points_B2 = torch.tensor(POINTS, dtype=torch.float64)
    after_B2 = toy.descend(points_B2, SETTINGS.step, kept=[200])[0]
    values = {"value": toy.value(points_B2), "gradient": toy.gradient(points_B2), "after": after_B2}
    return {name: value.tolist() for name, value in values.items()}


@pytest.mark.slow
def test_its_javascript_agrees_with_python(file):
    with chromium() as browser:
        browser.open(file.as_uri(), 1000, 900)
        found = browser.run(MEASURE % json.dumps(POINTS))
    for name, toy in toys(SETTINGS).items():
        for measure, values in expected(toy).items():
            torch.testing.assert_close(torch.tensor(found[name][measure]), torch.tensor(values), rtol=1e-9, atol=1e-11)


PRESS = "document.getElementById('plane').dispatchEvent(new KeyboardEvent('keydown', {key: '%s'}));"


@pytest.mark.slow
def test_it_can_be_played_with_on_phone_and_desktop(file):
    shown = "return document.getElementById('%s').textContent"
    with chromium() as browser:
        for width, scheme in ((390, "dark"), (1280, "light")):
            browser.open(file.as_uri(), width, 900, scheme)
            assert browser.run("return document.documentElement.scrollWidth") <= width
            assert browser.run("document.querySelector('[value=both]').click(); return chosen") == "both"
            browser.run("document.getElementById('single').click();")
            assert browser.run(shown % "count") == "1"
            assert browser.run(PRESS % "ArrowRight" + "return start") == [-9.75, 5]
            assert browser.run(shown % "count") == "0"
            before = browser.run("return canvas.toDataURL()")
            slider = "const s = document.querySelector('[name=entropy_weight]'); s.value = 200;"
            browser.run(slider + "s.dispatchEvent(new Event('input'));")
            assert browser.run("return p.entropy_weight") == pytest.approx(10)
            assert browser.run("return canvas.toDataURL()") != before
            drag = "canvas.setPointerCapture = () => {}; const box = canvas.getBoundingClientRect();"
            middle = "{clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, pointerId: 1}"
            browser.run(drag + f"canvas.dispatchEvent(new PointerEvent('pointerdown', {middle}));")
            assert browser.run("return start") == pytest.approx([0, 0], abs=0.1)
            assert browser.run("toggle(); frame(); frame(); return steps") > 0
        assert browser.errors() == []

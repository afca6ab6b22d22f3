import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common import fonts
from common.config import ROOT
from common.report import ReportError, build, yaml_comments
from tests.common.browser import chromium
from tests.common.demo_paper import make_paper


def outputs(paper: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in build(paper)}


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return make_paper(tmp_path, scales=("smoke", "laptop"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_builds_the_same_bytes_twice(paper):
    first = outputs(paper)
    assert sorted(first) == ["report.html", "report.pdf", "slides.html", "slides.pdf", "valley.html"]
    assert outputs(paper) == first


def test_the_page_shows_values_verdicts_sources_and_figures(paper):
    build(paper)
    page = (paper.parent.parent / "reports/demo/report.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page)).replace("\u202f", " ").replace("\u00a0", " ")
    assert "Adam reaches 93.30 ± 0.20 %" in text  # the t interval of the five seeds
    assert "<strong>93.30" in page  # the best of the column
    places = [page.index(f'class="chip {look}"', page.index("<table")) for look in ("miss", "open", "hit", "unrun")]
    assert places == sorted(places)  # misses first
    assert "Table 5" in text  # the source of the learning rate, a comment in params.yaml
    assert "difference [1.87, 2.33]" in text
    assert "reprise repro demo --scale paper" in text
    assert "10.2 min" in text  # what the results cost
    assert "data:image/svg+xml;base64" in page
    assert "<math" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//(?!example\.org)""", page)


def test_the_deck_is_one_file_with_a_section_per_slide(paper):
    build(paper)
    deck = (paper.parent.parent / "reports/demo/slides.html").read_text(encoding="utf-8")
    assert deck.count("<section ") == 4
    ids = re.findall(r'\sid="([^"]+)"', deck)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'xlink:href="#([^"]+)"', deck)) <= set(ids)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"mnist.adam.accuracy")', '"mnist.adamm.accuracy")', "no metric 'mnist.adamm.accuracy' at scale 'laptop'"),
        ('"loss_curves"', '"loss_curve"', "no figure 'loss_curve' at scale 'laptop' (there are: loss_curves)"),
        ('ctx, "mnist.adam', 'ctx, scale: "paper", "mnist.adam', "no results at scale 'paper'"),
        ("#missing-note(ctx)", '#verdict-of(ctx, "nobody")', "no claim 'nobody' in claims.yaml"),
        ("#missing-note(ctx)", '#param(ctx, "train.rate")', "no parameter 'train.rate' at scale 'laptop'"),
        ('"valley"', '"hill"', "no page 'hill' at scale 'laptop' (there are: valley)"),
        ("#missing-note(ctx)", "#nothing", "unknown variable: nothing"),
    ],
)
def test_what_is_missing_stops_the_build_with_file_and_line(paper, old, new, message):
    edit(paper / "report.typ", old, new)
    with pytest.raises(ReportError) as error:
        build(paper)
    assert re.match(rf"{re.escape(str(paper))}/report\.typ:\d+: ", str(error.value))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_without_results_the_message_names_the_command(tmp_path):
    paper = make_paper(tmp_path, scales=())
    with pytest.raises(ReportError, match="no results at any scale; run: reprise repro demo"):
        build(paper)


def test_a_missing_source_is_named(paper):
    (paper / "slides.typ").unlink()
    with pytest.raises(ReportError, match=r"slides\.typ: no such file"):
        build(paper)


def test_chinese_text_gets_a_font_or_the_way_to_one(paper):
    edit(paper / "report.typ", "= Result", "= 结果")
    try:
        build(paper)
    except fonts.RepriseError as error:
        assert "mplfonts" in str(error)
        assert "fonts-noto-cjk" in str(error)
    else:
        pdf = (paper.parent.parent / "reports/demo/report.pdf").read_bytes()
        assert re.search(rb"/BaseFont\s*/\w+\+[\w-]*(CJK|Han|Song|PingFang|SimSun|YaHei|WenQuan)", pdf)


def test_a_chinese_font_package_changes_no_english_report(paper, tmp_path):
    plain = outputs(paper)
    package = tmp_path / "site" / "mplfonts"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    command = [sys.executable, "-m", "common.report", str(paper)]
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    folder = paper.parent.parent / "reports/demo"
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in plain} == plain


def test_yaml_comments_belong_to_the_value_on_their_line(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("# top\na:\n  b: 1  # Table 1\n  c: [1, 2]  # Sec. 2\nd: 'x # y'\ne: {f: 1}  # flow\n")
    assert yaml_comments(path) == {"a.b": "Table 1", "a.c": "Sec. 2", "e": "flow"}


def test_an_interactive_page_is_copied_embedded_and_linked(paper):
    pages = {path.name: path.read_bytes() for path in build(paper)}
    assert pages["valley.html"] == (paper / "results/laptop/figures/valley.html").read_bytes()
    report = pages["report.html"].decode()
    assert 'srcdoc="' in report
    assert 'href="valley.html"' in report
    assert b"/URI(valley.html)" in pages["report.pdf"]


@pytest.mark.slow
def test_the_page_and_the_deck_work_in_a_browser(paper):
    build(paper)
    folder = paper.parent.parent / "reports/demo"
    with chromium() as browser:
        for width, scheme in ((390, "dark"), (1280, "light")):
            browser.open((folder / "report.html").as_uri(), width, 900, scheme)
            assert browser.run("return document.documentElement.scrollWidth") <= width
            assert browser.run("return [...document.images].every(image => image.naturalWidth > 0)")
            said = browser.run("return document.querySelector('iframe').contentDocument.body.innerText")
            assert said.strip() == 'a < b && "played"'
        browser.open((folder / "slides.html").as_uri() + "#2", 1280, 800)
        shown = 'return [...document.querySelectorAll("section")].map(slide => slide.checkVisibility()).indexOf(true)'
        press = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}));"
        assert browser.run(shown) == 1
        assert browser.run("document.querySelector('[data-step=\"1\"]').click();" + shown) == 2
        assert browser.run(press % "ArrowLeft" + shown) == 1
        assert browser.run(press % "End" + shown) == 3
        assert browser.errors() == []

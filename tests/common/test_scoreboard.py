import re
from pathlib import Path

import pytest
from PIL import Image

from common.boards import LOOK, boards
from common.claims import VERDICTS
from common.errors import RepriseError
from common.numerals import number
from common.report import build
from common.scoreboard import screenshot, write
from common.scoreboard_page import page
from tests.common.browser import chromium
from tests.common.demo_paper import make_paper

MARKERS = "# A title\n<!-- scoreboard:begin -->\nold\n<!-- scoreboard:end -->\nThe rest.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_paper(tmp_path, "descent", scales=("smoke", "laptop"))
    make_paper(tmp_path, "waiting", scales=())
    for name in ("README.md", "README.zh-CN.md"):
        (tmp_path / name).write_text(MARKERS)
    return tmp_path


def test_every_claim_is_there_with_its_verdict_misses_first(root):
    shown = page(boards(root))
    assert set(LOOK) == set(VERDICTS)
    rows = re.findall(r'<tr class="claim is-(\w+)" id="(\w+)-(\w+)"', shown)
    assert [(look, claim) for look, paper, claim in rows if paper == "descent"] == [
        ("miss", "sgd_is_best"),
        ("open", "lion_near"),
        ("hit", "adam_beats_sgd"),
        ("unrun", "adam_wide"),
    ]
    assert [look for look, paper, _ in rows if paper == "waiting"] == ["unrun"] * 4
    assert "+2.10 %" in shown
    assert "difference [1.87, 2.33]" in shown
    assert "✓ smoke · ✓ laptop" in shown
    assert "SGD is the best of all three &amp; cheap." in shown
    assert "make repro PAPER=waiting" in shown
    assert shown.count("data:image/png;base64") == 1  # the one figure, small


def test_the_page_loads_nothing_and_its_links_lead_somewhere(root):
    build(root / "papers/descent")
    index, *_ = write(root)
    shown = index.read_text(encoding="utf-8")
    assert not re.search(r"""<(script|img|link|iframe)[^>]*(src|href)=["']?(https?:)?//""", shown)
    assert not re.search(r"@import|url\(", shown)
    ids = set(re.findall(r'\bid="([^"]+)"', shown))
    for link in re.findall(r'href="([^"]+)"', shown):
        if link.startswith("#"):
            assert link[1:] in ids
        elif not link.startswith(("data:", "https://example.org")):
            assert (index.parent / link).is_file()


def test_readmes_get_the_table_between_the_markers_and_nothing_else(root):
    write(root)
    first = [path.read_bytes() for path in [*sorted(root.glob("R*.md")), root / "reports/index.html"]]
    english, chinese = first[0].decode(), first[1].decode()
    assert english.startswith("# A title\n<!-- scoreboard:begin -->\n| Paper |")
    assert english.endswith("<!-- scoreboard:end -->\nThe rest.\n")
    assert "| 4 | 1 | 1 | 1 | 1 | laptop | [report](reports/descent/report.pdf)" in english
    assert "| 4 | 0 | 0 | 0 | 4 | not run yet |" in english
    assert "✗ 未复现" in chinese
    write(root)
    assert [path.read_bytes() for path in [*sorted(root.glob("R*.md")), root / "reports/index.html"]] == first


def test_a_readme_without_markers_is_a_clear_fault_and_nothing_is_written(root):
    (root / "README.md").write_text("# A title\n")
    with pytest.raises(RepriseError, match=r"README\.md: needs the lines <!-- scoreboard:begin -->"):
        write(root)
    assert not (root / "reports/index.html").exists()


@pytest.mark.parametrize(
    ("x", "spread", "text"),
    [
        (91.234, 0.42, "91.23"),
        (-1.5, 0.3, "−1.50"),
        (0.0, None, "0"),
        (12345.6, None, "12346"),
        (3.0e-6, 6.2e-8, "3.000 × 10⁻⁶"),
        (2.5e7, None, "2.500 × 10⁷"),
    ],
)
def test_numbers_have_the_digits_that_their_interval_supports(x, spread, text):
    assert number(x, spread) == text


@pytest.mark.slow
def test_in_a_browser_on_phone_and_desktop_light_and_dark(root, tmp_path):
    build(root / "papers/descent")
    index, *_ = write(root)
    grounds = {}
    visible = 'return [...document.querySelectorAll(".claim")].filter(row => row.checkVisibility()).length'
    with chromium() as browser:
        for width in (390, 1280):
            for scheme in ("light", "dark"):
                browser.open(index.as_uri(), width, 900, scheme)
                assert browser.run("return document.documentElement.scrollWidth") <= width
                grounds[scheme] = browser.run("return getComputedStyle(document.body).backgroundColor")
                assert browser.run(visible) == 8
                browser.run("document.querySelector('[value=\"miss\"]').click()")
                assert browser.run(visible) == 1
        browser.open(index.as_uri() + "?verdict=unrun", 1280, 900)
        assert browser.run(visible) == 5
        assert browser.errors() == []
    assert grounds["light"] != grounds["dark"]
    screenshot(tmp_path / "page.png", index)
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size[0] == 1280

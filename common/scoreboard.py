"""The front page: every paper, claim and verdict on `reports/index.html`, and a short table in the READMEs.

`python -m common.scoreboard` writes both; `--screenshot` also takes the README's picture of the page. Equal
results give equal bytes.
"""

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from common.boards import LOOK, Board, boards
from common.config import ROOT, shown
from common.errors import RepriseError, one_line_errors
from common.scoreboard_page import page

READMES = {
    "README.md": ("Paper", "Claims", "Scale", "Read", "report", "slides", "not run yet"),
    "README.zh-CN.md": ("论文", "论断数", "规模", "阅读", "报告", "幻灯片", "尚未运行"),
}
"""The words of the table in each README."""

MARKED = re.compile(r"(<!-- scoreboard:begin -->\n).*?(<!-- scoreboard:end -->)", re.DOTALL)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge")


def write(root: Path = ROOT) -> list[Path]:
    """Write `reports/index.html` and the tables of the READMEs, which must have the markers; return the files."""
    found = boards(root)
    tables = {root / name: _with_table(root / name, _table(found, name)) for name in READMES}
    index = root / "reports" / "index.html"
    index.parent.mkdir(exist_ok=True)
    for path, text in {index: page(found), **tables}.items():
        path.write_text(text, encoding="utf-8")
    return [index, *tables]


def screenshot(path: Path, index: Path = ROOT / "reports" / "index.html") -> None:
    """Take the README's picture of the page with the Chromium or Chrome of this machine.

    Raises:
        RepriseError: there is no such browser, or it took no picture.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise RepriseError(f"a screenshot needs one of {', '.join(BROWSERS)} (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        flags += ["--hide-scrollbars", f"--user-data-dir={profile}", "--window-size=1280,1000"]
        command = [browser, *flags, f"--screenshot={path}", index.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode or not path.is_file():
        raise RepriseError(f"{browser} took no screenshot: {done.stderr.strip().splitlines()[-1:]}")


def _table(found: list[Board], readme: str) -> str:
    paper, claims, scale, read, report, slides, unrun = READMES[readme]
    chinese = readme == "README.zh-CN.md"
    verdicts = [f"{sign} {name if chinese else verdict}" for verdict, (_, sign, name) in LOOK.items()]
    lines = [f"| {paper} | {claims} | {' | '.join(verdicts)} | {scale} | {read} |", "|---|--:|--:|--:|--:|--:|---|---|"]
    for board in found:
        key, total = board.paper.key, len(board.claims)
        counts = " | ".join(str(board.counts[verdict]) for verdict in LOOK)
        links = f"[{report}](reports/{key}/report.pdf) · [{slides}](reports/{key}/slides.pdf)"
        last = (board.scales[-1], links) if board.scales else (unrun, "")
        title = board.paper.title.replace("|", "\\|")
        lines.append(f"| [{title}](papers/{key}) | {total} | {counts} | {' | '.join(last)} |")
    return "\n".join(lines) + "\n"


def _with_table(path: Path, table: str) -> str:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not MARKED.search(text):
        raise RepriseError(f"{shown(path)}: needs the lines <!-- scoreboard:begin --> and <!-- scoreboard:end -->")
    return MARKED.sub(lambda marks: marks[1] + table + marks[2], text)


@one_line_errors
def main() -> None:
    """Write the page and the tables; with `--screenshot`, the README's picture too."""
    parser = argparse.ArgumentParser(description="Write reports/index.html and the READMEs' tables.")
    parser.add_argument("--screenshot", action="store_true", help="also write reports/screenshot.png")
    wanted = parser.parse_args()
    for path in write():
        print(shown(path))
    if wanted.screenshot:
        screenshot(ROOT / "reports" / "screenshot.png")


if __name__ == "__main__":
    main()

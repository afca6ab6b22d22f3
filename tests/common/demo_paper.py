"""A small paper with results, written into a folder: what the tests of reports and the scoreboard build."""

import json
import shutil
from pathlib import Path

from common.config import ROOT
from common.metrics import Metrics

FIGURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 90" width="160" height="90">'
    '<rect width="160" height="90" fill="#ffffff"/>'
    '<path d="M10 80 L50 45 L90 30 L150 22" stroke="#0b628f" stroke-width="3" fill="none"/></svg>'
)

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Valley</title></head>
<body><p id="said">waiting</p>
<script>document.getElementById("said").textContent = "a < b && \\"played\\"";</script>
</body></html>
"""

CLAIMS = """\
paper:
  key: {key}
  title: "Descent, played again: {key}"
  authors: A. Author and B. Author
  venue: Journal of Descent
  year: 2020
  url: https://example.org/paper
  cost: {{smoke: 1 s, laptop: 1 min, overnight: 1 h, paper: 1 day}}
claims:
  - {{id: adam_beats_sgd, where: "Table 1, row 2", says: Adam is more accurate than SGD., relation: greater,
     metric: mnist.adam.accuracy, than: mnist.sgd.accuracy, scale: smoke, paper: 1.5, unit: "%"}}
  - {{id: sgd_is_best, where: "Sec. 4", says: SGD is the best of all three & cheap., relation: best_of,
     metric: mnist.sgd.accuracy, others: [mnist.adam.accuracy, mnist.lion.accuracy], scale: smoke, unit: "%"}}
  - {{id: lion_near, where: Table 2, says: Lion reaches 91 %., relation: within,
     metric: mnist.lion.accuracy, tolerance: 0.1, scale: smoke, paper: 91, unit: "%"}}
  - {{id: adam_wide, where: Table 3, says: Adam wins at width 8192., relation: at_least,
     metric: wide.adam.accuracy, bound: 99, scale: paper, paper: 99.3, unit: "%"}}
"""

REPORT = """\
#import "/common/theme.typ": *
#let ctx = context-of()
#show: report.with(ctx)
= Result
Adam reaches #value(ctx, "mnist.adam.accuracy"), and $theta_(t+1) = theta_t - eta g_t$.
#claims-table(ctx)
#metrics-table(ctx, rows: (("Adam", "adam"), ("SGD", "sgd")), columns: (("MNIST", "mnist.{}.accuracy", "highest"),))
#figure-of(ctx, "loss_curves", caption: [Loss over epochs.])
#page-of(ctx, "valley", caption: [A valley.])
#params-table(ctx)
#provenance-table(ctx)
#missing-note(ctx)
"""

SLIDES = """\
#import "/common/theme.typ": *
#let ctx = context-of()
#show: slides.with(ctx)
#section("Results")
#slide("The verdicts")[#claims-table(ctx)]
#slide("The curves")[#side[Adam: #value(ctx, "mnist.adam.accuracy")][#figure-of(ctx, "loss_curves")]]
"""


def make_paper(root: Path, key: str = "demo", scales: tuple[str, ...] = ("laptop",)) -> Path:
    """Write a paper with four claims, one of each verdict, and its results at `scales`; return its folder."""
    shutil.copytree(ROOT / "common" / "theme", root / "common" / "theme", dirs_exist_ok=True)
    shutil.copy(ROOT / "common" / "theme.typ", root / "common")
    paper = root / "papers" / key
    (paper / "scales").mkdir(parents=True)
    files = {
        "claims.yaml": CLAIMS.format(key=key),
        "params.yaml": "scale: laptop\ntrain:\n  lr: 0.001  # Table 5\n  epochs: 12\n",
        "scales/smoke.yaml": "scale: smoke\ntrain: {epochs: 1}\n",
        "report.typ": REPORT,
        "slides.typ": SLIDES,
    }
    for name, text in files.items():
        (paper / name).write_text(text, encoding="utf-8")
    for scale in scales:
        _write_results(paper / "results" / scale)
    return paper


def _write_results(folder: Path) -> None:
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "loss_curves.svg").write_text(FIGURE)
    (folder / "figures" / "valley.html").write_text(PAGE)
    metrics = Metrics()
    metrics.record("mnist.adam.accuracy", [93.1, 93.4, 93.2, 93.5, 93.3], "%")
    metrics.record("mnist.sgd.accuracy", [91.0, 91.3, 91.2, 91.1, 91.4], "%")
    metrics.record("mnist.lion.accuracy", [90.7, 91.6, 91.1, 90.9, 91.2], "%")
    metrics.write(folder)
    facts = {"commit": "0123456789abcdef", "gpus": [], "seconds": 612.0, "stages": {"train": 600.0}}
    (folder / "provenance.json").write_text(json.dumps(facts))

"""The scoreboard as one HTML page that needs no network: `theme/scoreboard.html`, filled in."""

import base64
import io
import re
from collections import Counter
from html import escape
from pathlib import Path

import typst
from PIL import Image

from common.boards import LOOK, Board
from common.claim_rows import Json
from common.numerals import measured
from common.report import THEME, figures_of, pages_of

THUMBNAILS = 6
"""The most figures that are shown of a paper."""

FOLDED_FROM = 30
"""With more claims than this, a paper shows its misses and folds the rest."""


def page(found: list[Board]) -> str:
    """Return the HTML page."""
    total = sum((board.counts for board in found), Counter())
    parts = {
        "style": (THEME / "house.css").read_text(encoding="utf-8"),
        "papers": _count(len(found), "optimization paper"),
        "claims": f"<strong>{total.total()}</strong> claims",
        "bar": _stacked(total),
        "filters": "".join(_filter(verdict, total[verdict]) for verdict in LOOK),
        "boards": "\n".join(_board(board) for board in found),
    }
    template = (THEME / "scoreboard.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: parts[slot[1]], template)


def thumbnails(board: Board) -> list[tuple[str, str, str]]:
    """Return (stem, path, data URL) of the report's first figures, small, at the deciding scale."""
    if not board.scales:
        return []
    figures = figures_of(board.folder, board.scales[-1])
    report = board.folder / "report.typ"
    cited = re.findall(r'figure-of\(\s*ctx,\s*"(\w+)"', report.read_text()) if report.is_file() else []
    stems = [stem for stem in dict.fromkeys([*cited, *figures]) if stem in figures][:THUMBNAILS]
    root = board.folder.parent.parent
    return [(stem, figures[stem], _thumbnail(root, figures[stem])) for stem in stems]


def _thumbnail(root: Path, path: str) -> str:
    source = f'#set page(width: 300pt, height: auto, margin: 6pt, fill: white)\n#image("/{path}", width: 100%)'
    compiler = typst.Compiler(source.encode(), root=root, ignore_system_fonts=True)
    small = io.BytesIO()
    with Image.open(io.BytesIO(compiler.compile(format="png", ppi=144))) as picture:
        picture.convert("RGB").quantize(48).save(small, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(small.getvalue()).decode()


def _board(board: Board) -> str:
    key, paper = board.paper.key, board.paper
    pictures = ""
    if board.scales:
        links = "".join(
            f'<li><a href="{key}/{name}.html">{name}</a> <a class="pdf" href="{key}/{name}.pdf">pdf</a></li>'
            for name in ("report", "slides")
        )
        links += "".join(
            f'<li><a href="{key}/{name}.html">{name.replace("_", " ")}</a> <span class="pdf">interactive</span></li>'
            for name in pages_of(board.folder, board.scales[-1])
        )
        pictures = "".join(
            f'<li><a href="../{path}"><img src="{url}" alt="{stem.replace("_", " ")}" loading="lazy"></a></li>'
            for stem, path, url in thumbnails(board)
        )
    else:
        links = f"<li>No results yet: <code>make repro PAPER={key}</code></li>"
    notes = "".join(_note(key, rows[-1]) for rows in board.claims)
    groups = "\n".join(_group(board, verdict) for verdict in LOOK if board.counts[verdict])
    return f"""<section class="paper" aria-labelledby="{key}">
<header>
<h2 id="{key}">{escape(paper.title)}</h2>
<p class="byline">{escape(paper.authors)} ·
<a href="{escape(paper.url)}"><cite>{escape(paper.venue)}</cite>, {paper.year}</a></p>
<ul class="links">{links}</ul>
</header>
<div class="staff" aria-hidden="true" style="--notes:{len(board.claims)}">{notes}</div>
{f'<ul class="pictures">{pictures}</ul>' if pictures else ""}
<p class="sentence">{_sentence(board)}</p>
{groups}
</section>"""


def _group(board: Board, verdict: str) -> str:
    """Write the claims of one verdict; of a long ledger only the first group, the misses, starts open."""
    look, sign, _ = LOOK[verdict]
    claims = "".join(_claim(board.paper.key, rows) for rows in board.claims if rows[-1]["verdict"] == verdict)
    first = next(name for name in LOOK if board.counts[name])
    unfolded = " open" if verdict == first or len(board.claims) <= FOLDED_FROM else ""
    return f"""<details class="group is-{look}"{unfolded}>
<summary><span class="chip {look}"><span aria-hidden="true">{sign}</span> {verdict}</span>
{_count(board.counts[verdict], "claim")}</summary>
<table>
<thead><tr><th>What the paper says</th><th colspan="2">Ours, 95 % interval</th><th>Paper</th><th>Seeds</th></tr></thead>
<tbody>
{claims}</tbody>
</table>
</details>"""


def _note(key: str, row: Json) -> str:
    """Write a claim as a note on the paper's staff: the better the verdict, the higher."""
    title = escape(f"{row['verdict']}: {row['says']}")
    return f'<a class="{LOOK[row["verdict"]][0]}" tabindex="-1" href="#{key}-{row["id"]}" title="{title}"></a>'


def _claim(key: str, rows: list[Json]) -> str:
    row = rows[-1]
    look, *_ = LOOK[row["verdict"]]
    printed = escape(f"{row['printed']} {row['unit']}") if row["printed"] else "–"
    ours = "–" if row["value"] is None else measured(row)
    scales = " · ".join(f"{LOOK[judged['verdict']][1]} {judged['scale']}" for judged in rows)
    if not row["seeds"]:
        scales = f"needs {row['scale']} scale"
    return f"""<tr class="claim is-{look}" id="{key}-{row["id"]}">
<td class="says">{escape(row["says"])}
<span class="where">{escape(row["where"])} <span class="scales">{scales}</span></span></td>
<td class="bar">{_interval(row, look)}</td>
<td class="ours">{ours}</td>
<td class="printed" data-name="paper">{printed}</td>
<td class="seeds" data-name="seeds">{row["seeds"] or "–"}</td>
</tr>
"""


def _interval(row: Json, look: str) -> str:
    """Draw the claimed region, our interval and our value on one line."""
    if row["bar"] is None:
        return ""
    (start, end), (low, high), value = row["bar"]["region"], row["bar"]["interval"], row["bar"]["value"]
    return (
        f'<svg class="draw-{look}" viewBox="0 0 120 18" width="120" height="18" aria-hidden="true">'
        f'<rect class="region" x="{120 * start:.1f}" width="{120 * (end - start):.1f}" height="18"/>'
        f'<path class="axis" d="M0 9H120"/><path class="range" d="M{120 * low:.1f} 9H{120 * high:.1f}"/>'
        f'<circle cx="{120 * value:.1f}" cy="9" r="4"/></svg>'
    )


def _stacked(counts: Counter[str]) -> str:
    return "".join(
        f'<span class="fill-{LOOK[verdict][0]}" style="flex-grow:{counts[verdict]}"></span>'
        for verdict in LOOK
        if counts[verdict]
    )


def _filter(verdict: str, count: int) -> str:
    look, sign, _ = LOOK[verdict]
    return (
        f'<label class="{look}"><input type="radio" name="verdict" value="{look}">'
        f'<span aria-hidden="true">{sign}</span> <strong>{count}</strong> {verdict}</label>'
    )


def _sentence(board: Board) -> str:
    scale = f"decided at <em>{board.scales[-1]}</em> scale" if board.scales else "not run yet"
    said = [f"{board.counts[verdict]} {verdict}" for verdict in LOOK if board.counts[verdict]]
    return f"{_count(len(board.claims), 'claim')}, {scale}: {', '.join(said)}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"

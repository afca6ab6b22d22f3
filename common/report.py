"""A paper's report and deck: Typst sources and committed results -> PDF and self-contained HTML.

`python -m common.report papers/KEY` writes `reports/KEY/{report,slides}.{pdf,html}` and copies the interactive pages
that stand among the figures. The documents get every number through one JSON context, so that none is typed by hand;
equal inputs give equal bytes on any machine.
"""

import argparse
import json
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

import typst
import yaml

from common.claim_rows import Json, claim_rows
from common.claims import find_paper, judge, load_ledger, scales_with_results
from common.config import SCALES, overlay, read_yaml, shown
from common.errors import RepriseError, one_line_errors
from common.fonts import fonts_for

THEME = Path(__file__).parent / "theme"

EXPERIMENTAL = "html export is under active development"


class ReportError(RepriseError):
    """A document that cannot be built; the message names the file, the line and what is missing."""


def build(paper_dir: Path) -> list[Path]:
    """Build the report and the deck of a paper, each as PDF and as one self-contained HTML file.

    Without results, or where a source names a metric, figure or claim that is not there, a `ReportError`
    says so and nothing is written.

    Args:
        paper_dir: `ROOT/papers/KEY`, which holds report.typ, slides.typ, claims.yaml, params.yaml and
            results/; the outputs go to `ROOT/reports/KEY`.

    Returns:
        The files written.
    """
    paper_dir = paper_dir.resolve()
    root = paper_dir.parent.parent
    find_paper(paper_dir.name, root)
    context = context_of(paper_dir)
    written = {Path(path).name: (root / path).read_bytes() for path in context["pages"][context["scale"]].values()}
    for name in ("report", "slides"):
        document = _Document(root, paper_dir / f"{name}.typ", json.dumps(context, ensure_ascii=False))
        written[f"{name}.pdf"] = document.pdf()
        written[f"{name}.html"] = (document.html() if name == "report" else document.deck()).encode()
    folder = root / "reports" / paper_dir.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in written.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in written]


def context_of(paper_dir: Path) -> Json:
    """Gather what a document may show: claims with verdicts, metrics, parameters, provenance, figures, pages.

    Raises:
        ReportError: no scale has results.
    """
    scales = scales_with_results(paper_dir)
    if not scales:
        raise ReportError(f"{shown(paper_dir)}: no results at any scale; run: reprise repro {paper_dir.name}")
    folders = {scale: paper_dir / "results" / scale for scale in scales}
    by_scale = {scale: claim_rows(paper_dir, judge(paper_dir, scale)) for scale in scales}
    return {
        "paper": load_ledger(paper_dir).paper.model_dump(mode="json"),
        "scale": scales[-1],
        "scales": scales,
        "larger_scales": list(SCALES[SCALES.index(scales[-1]) + 1 :]),
        "claims": by_scale[scales[-1]],
        "verdicts_by_scale": by_scale,
        "metrics": {scale: _read_json(folder / "metrics.json") for scale, folder in folders.items()},
        "provenance": {scale: _read_json(folder / "provenance.json") for scale, folder in folders.items()},
        "params": {scale: _params(paper_dir, scale) for scale in scales},
        "param_notes": yaml_comments(paper_dir / "params.yaml"),
        "figures": {scale: figures_of(paper_dir, scale) for scale in scales},
        "pages": {scale: pages_of(paper_dir, scale) for scale in scales},
    }


def figures_of(paper_dir: Path, scale: str) -> dict[str, str]:
    """Return the path, from the repository's root, of every figure of a scale, by stem."""
    return _drawn(paper_dir, scale, "*.svg")


def pages_of(paper_dir: Path, scale: str) -> dict[str, str]:
    """Return the path, from the repository's root, of every interactive page of a scale, by stem.

    A page is one HTML file that needs no network; `#page-of` shows it in the report.
    """
    return _drawn(paper_dir, scale, "*.html")


def _drawn(paper_dir: Path, scale: str, pattern: str) -> dict[str, str]:
    files = sorted((paper_dir / "results" / scale / "figures").glob(pattern))
    return {path.stem: path.relative_to(paper_dir.parent.parent).as_posix() for path in files}


def yaml_comments(path: Path) -> dict[str, str]:
    """Return the comment at the end of each value's line, by key path: where the value is from."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    comments = {}

    def visit(node: yaml.Node, keys: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode) and not node.flow_style:
            for key, value in node.value:
                visit(value, (*keys, key.value))
            return
        after = lines[node.end_mark.line][node.end_mark.column :] if node.end_mark.column else ""
        if comment := re.match(r"\s*#\s*(.+)", after):
            comments[".".join(keys)] = comment.group(1).strip()

    visit(yaml.compose(text), ())
    return comments


class _Document:
    """One Typst source with its context, to be set as PDF, as an HTML page or as a deck."""

    def __init__(self, root: Path, source: Path, context: str) -> None:
        if not source.is_file():
            raise ReportError(f"{shown(source)}: no such file; every paper has a report.typ and a slides.typ")
        self.source = source
        typed = "".join(path.read_text(encoding="utf-8") for path in sorted(source.parent.glob("*.typ")))
        fonts, cjk = fonts_for(typed + context)
        self.compiler = typst.Compiler(root=root, font_paths=fonts)
        self.inputs = {"context": context, "document": source.stem} | ({"cjk_font": cjk} if cjk else {})

    def pdf(self) -> bytes:
        return self._compile("pdf")

    def html(self) -> str:
        style = f"<style>{_asset('house.css')}{_asset('report.css')}</style></head>"
        return self._compile("html", target="html").decode().replace("</head>", style, 1)

    def deck(self) -> str:
        """Fill the deck's template with one inline SVG per page; ids are made unique across pages."""
        pages = self._compile("svg")
        pages = [page.decode() for page in (pages if isinstance(pages, list) else [pages])]
        slides = "\n".join(_slide(page, number, len(pages)) for number, page in enumerate(pages, 1))
        title = json.loads(self.inputs["context"])["paper"]["title"]
        return _asset("deck.html").replace("{{title}}", escape(title)).replace("{{slides}}", slides)

    def _compile(self, output: str, target: str = "paged") -> Any:
        try:
            result, warnings = self.compiler.compile_with_warnings(
                input=self.source, format=output, sys_inputs=self.inputs | {"target": target}
            )
        except typst.TypstError as error:
            raise ReportError(self._line(error)) from None
        for warning in warnings:
            if not warning.message.startswith(EXPERIMENTAL):
                print(f"warning: {shown(self.source)}: {output}: {warning.message}", file=sys.stderr)
        return result

    def _line(self, error: typst.TypstError) -> str:
        """Turn a Typst error into `FILE:LINE: what is wrong`, at the outermost call: the author's line."""
        places = re.findall(r"┌─ (.+):(\d+):\d+", error.diagnostic)
        where = f"{shown(Path(places[-1][0]).resolve())}:{places[-1][1]}" if places else shown(self.source)
        message = re.sub(r"^(panicked with|assertion failed): ", "", error.message)
        return ": ".join([str(where), message, *error.hints])


def _slide(svg: str, number: int, total: int) -> str:
    unique = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>s{number}-", svg)
    return f'<section id="{number}" aria-label="Slide {number} of {total}">{unique}</section>'


def _asset(name: str) -> str:
    return (THEME / name).read_text(encoding="utf-8")


def _params(paper_dir: Path, scale: str) -> Json:
    """Return params.yaml as run at a scale."""
    values = read_yaml(paper_dir / "params.yaml")
    return values if scale == "laptop" else overlay(values, read_yaml(paper_dir / "scales" / f"{scale}.yaml"))


def _read_json(path: Path) -> Json:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{shown(path)}: cannot be read ({error}); run the paper again") from None


@one_line_errors
def main() -> None:
    """Build the documents of one paper."""
    parser = argparse.ArgumentParser(description="Build a paper's report and deck.")
    parser.add_argument("paper_dir", type=Path, help="such as papers/surco")
    for path in build(parser.parse_args().paper_dir):
        print(shown(path))


if __name__ == "__main__":
    main()

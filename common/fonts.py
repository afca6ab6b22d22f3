"""Where the glyphs of a document come from: those inside Typst, and for Chinese text one font of the machine.

Documents without Chinese text never look at the machine's fonts, so their bytes do not depend on them.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path

import typst

from common.errors import RepriseError

CJK_TEXT = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")

CJK_FAMILIES = (
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Songti SC",
    "STSong",
    "PingFang SC",
    "SimSun",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
)
"""Families with simplified Chinese, best beside a serif first."""


def fonts_for(text: str) -> tuple[typst.Fonts, str | None]:
    """Return the fonts to set `text` with, and the family for its Chinese part (None if it has none)."""
    return _with_cjk() if CJK_TEXT.search(text) else (typst.Fonts(include_system_fonts=False), None)


@cache
def _with_cjk() -> tuple[typst.Fonts, str]:
    """Look into the package mplfonts first, since its files are the same everywhere, then into the system.

    Raises:
        RepriseError: neither has a font with Chinese; the message says how to get one.
    """
    package = importlib.util.find_spec("mplfonts")
    folders = [Path(package.origin).parent / "fonts"] if package and package.origin else []
    for fonts in (typst.Fonts(False, True, folders), typst.Fonts(True)):
        paths = {font.family: font.path for font in fonts.fonts()}
        family = next((name for name in CJK_FAMILIES if name in paths), None)
        if family:
            return typst.Fonts(False, True, [Path(paths[family]).parent]), family
    raise RepriseError(
        "this document has Chinese text and no font for it was found: "
        "run `pip install 'mplfonts==0.0.11'` (the extra `.[zh]`) or install Noto CJK (Debian: fonts-noto-cjk)"
    )

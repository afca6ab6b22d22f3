"""The interactive page: `page.html` with the toy of the settings filled in, one file that needs no network."""

import json
import re
from pathlib import Path
from typing import Any

from common.report import THEME

TEMPLATE = Path(__file__).with_name("page.html")


def page(data: dict[str, Any]) -> str:
    """Return the page as HTML; equal data give equal bytes.

    Args:
        data: of `run`; its settings are where the page starts from.
    """
    settings = data["settings"]
    toy = {name: settings[name] for name in ("solutions", "costs", "starts", "reach", "steps", "step")}
    toy |= {name: settings[name] for name in ("entropy_weight", "mixture_weight", "inverse_temperature")}
    parts = {
        "style": (THEME / "house.css").read_text(encoding="utf-8"),
        "toy": json.dumps(toy, sort_keys=True),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: parts[slot[1]], TEMPLATE.read_text(encoding="utf-8"))

"""`papers/<key>/claims.yaml`: what a paper says, number by number, and how each number is tested."""

from difflib import get_close_matches
from pathlib import Path

from pydantic import field_validator

from common.claims.relations import Claim, Scale
from common.config import ROOT, Config, ConfigError, load, shown
from common.errors import RepriseError


class Paper(Config):
    """The paper as it is cited, and what its reproduction costs in time at each scale."""

    key: str
    title: str
    authors: str
    venue: str
    year: int
    url: str
    cost: dict[Scale, str]


class Ledger(Config):
    """All that is claimed, in the order of claims.yaml."""

    paper: Paper
    claims: tuple[Claim, ...]

    @field_validator("claims")
    @classmethod
    def _unique(cls, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        ids = [claim.id for claim in claims]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"ids must be unique; repeated: {', '.join(repeated)}")
        return claims


def load_ledger(paper_dir: Path) -> Ledger:
    """Read a paper's claims.yaml.

    Raises:
        ConfigError: the file is missing, breaks the model or names another paper than its folder.
    """
    path = paper_dir / "claims.yaml"
    ledger = load(Ledger, path)
    if ledger.paper.key != paper_dir.name:
        raise ConfigError(
            f"{shown(path)}: paper.key: must be the folder's name {paper_dir.name!r} (got {ledger.paper.key!r})"
        )
    return ledger


def paper_dirs(root: Path = ROOT) -> dict[str, Path]:
    """Return the folder of every paper that has claims, by key."""
    return {path.parent.name: path.parent for path in sorted((root / "papers").glob("*/claims.yaml"))}


def find_paper(key: str, root: Path = ROOT) -> Path:
    """Return the folder of the paper called `key`.

    Raises:
        RepriseError: there is none; the message names the nearest key and all of them.
    """
    papers = paper_dirs(root)
    if key not in papers:
        raise RepriseError(f"no paper {key!r}{did_you_mean(key, papers)} (known: {', '.join(papers)})")
    return papers[key]


def did_you_mean(word: str, known: dict | list[str]) -> str:
    """Return "; did you mean 'x'?" for the entry of `known` nearest to `word`, or nothing."""
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""

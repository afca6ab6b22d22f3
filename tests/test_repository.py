"""What must not get into the repository."""

import re
import subprocess

from common.config import ROOT

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    check=True,
    stdout=subprocess.PIPE,
    text=True,
).stdout.splitlines()
TEXT = [
    name
    for name in TRACKED
    if (ROOT / name).is_file()
    and (
        name.endswith((".py", ".yaml", ".yml", ".toml", ".lock", ".md", ".typ", ".css", ".html", ".json"))
        or "." not in name.rsplit("/", 1)[-1]
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|tmp|home|Users)/\w")


def test_no_file_names_a_path_of_one_machine():
    assert not [name for name in TEXT if MACHINE_PATH.search((ROOT / name).read_text(encoding="utf-8"))]


def test_nothing_large_is_tracked():
    limit = 8e6  # bytes; a report that carries all its figures inside is the largest thing that belongs here
    assert not [name for name in TRACKED if (ROOT / name).exists() and (ROOT / name).stat().st_size > limit]


def test_environments_caches_and_scratch_are_not_tracked():
    kept_out = (".venv/", ".scratch/", ".dvc/cache/", ".dvc/tmp/")
    assert not [name for name in TRACKED if name.startswith(kept_out) or "__pycache__" in name]

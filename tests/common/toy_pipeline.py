"""A repository with one paper that takes no time, for tests that run real DVC."""

import shutil
import subprocess
from pathlib import Path

from common.config import ROOT

PARAMS = "# hand-written comment\nscale: laptop\nwait: 0\nnames: [a, b]\n"

FILES = {
    "papers/toy/params.yaml": PARAMS,
    "papers/toy/scales/smoke.yaml": "scale: smoke\nnames: [a]\n",
    "papers/toy/scales/paper.yaml": "scale: paper\nnames: [missing]\n",
    "papers/toy/scales/overnight.yaml": "scale: overnight\nwait: 60\n",
    "papers/toy/claims.yaml": "",
    "papers/toy/part.py": """\
import pathlib, sys, time, yaml
params = yaml.safe_load(open("params.yaml"))
pathlib.Path("running").touch()
try:
    time.sleep(params["wait"])
except KeyboardInterrupt:
    time.sleep(.3)
    pathlib.Path("saved").touch()
    sys.exit(1)
if sys.argv[1] == "missing":
    sys.exit("no such part")
out = pathlib.Path("build", params["scale"])
out.mkdir(parents=True, exist_ok=True)
(out / sys.argv[1]).write_text(params["scale"])
""",
    "papers/toy/dvc.yaml": """\
stages:
  part:
    matrix:
      name: ${names}
    cmd: python part.py ${item.name}
    deps: [part.py]
    params: [wait]
    outs:
      - build/${scale}/${item.name}
  results:
    cmd: mkdir -p results/${scale} && cat build/${scale}/* > results/${scale}/metrics.json
    deps:
      - build/${scale}
    outs:
      - results/${scale}/metrics.json: {cache: false}
""",
    "dvc.yaml": """\
stages:
  toy:
    cmd: mkdir -p reports && ls papers/toy/results > reports/toy
    deps: [papers/toy/results]
    outs:
      - reports/toy: {cache: false}
  scoreboard:
    cmd: cp reports/toy reports/index.html
    deps: [reports/toy]
    outs:
      - reports/index.html: {cache: false}
""",
    ".gitignore": ".scratch/\nrunning\nsaved\n",
}


def make(root: Path) -> Path:
    """Write the repository into `root`, commit it, and return its paper's folder."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    shutil.copy(ROOT / ".dvcignore", root)
    git(root, "init", "--quiet")
    commit(root)
    return root / "papers" / "toy"


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-m", "all")


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

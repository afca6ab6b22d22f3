"""`python -m papers.surco.sharding.measure SOURCE`: time random sets of tables on this machine; write the data file.

The file holds, for tables of either half of the pool, which tables shared a device and how long a batch took.
"""

import argparse
import datetime
import platform
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from rich.progress import track

from common.scratch import write_json
from papers.surco.sharding.latency import SAMPLES, time_device
from papers.surco.sharding.tables import DATA, SourceName, Tables, halves, make_pool

SETS = {"train": 600, "test": 250}
"""Sets of tables from the half for training instances, and from that for test instances."""
DEVICES = 4
TASKS = (10, 20, 30, 40, 50, 60)
"""Numbers of tables of an instance."""
SEED = 1


def measure(source: SourceName, device: torch.device) -> dict[str, Any]:
    """Time all sets of a source."""
    pool = make_pool(source)
    random = np.random.default_rng(SEED)
    data = {"source": source, "samples": SAMPLES, "date": datetime.date.today().isoformat(), "torch": torch.__version__}
    data["hardware"] = torch.cuda.get_device_name() if device.type == "cuda" else f"{_processor()}, 1 thread, CPU time"
    for half, numbers in zip(SETS, halves(len(pool)), strict=True):
        rows = []
        for _ in track(range(SETS[half]), description=f"{source}, {half}"):
            tables = sorted(random_set(pool, numbers, random).tolist())
            forward, backward = time_device(pool[np.array(tables)], device, random)
            rows.append([round(forward, 4), round(backward, 4), tables])
        data[half] = rows
    return data


def random_set(pool: Tables, numbers: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw what one device might hold of a random instance: few tables or many, light or heavy ones."""
    task = random.choice(numbers, random.choice(TASKS), replace=False)
    work = np.log(pool.dim_N[task] * pool.pooling_N[task])
    taste = random.choice([-1, 0, 1]) * (work - work.mean())
    shares = random.dirichlet(np.full(DEVICES, 4.0))
    count = max(1, random.binomial(len(task), shares[0]))
    weights = np.exp(taste - taste.max())
    return random.choice(task, count, replace=False, p=weights / weights.sum())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m papers.surco.sharding.measure", description=__doc__)
    parser.add_argument("source", choices=get_args(SourceName))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    file = DATA / f"latency_{chosen.source}_{chosen.device}.json"
    write_json(file, measure(chosen.source, torch.device(chosen.device)))


if __name__ == "__main__":
    main()

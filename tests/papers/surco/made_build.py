"""Parameters of every scale, and files as the experiments would leave them, made up in no time."""

from pathlib import Path
from typing import Any

import numpy as np

from common.config import load_at_scale
from common.scratch import write_json
from papers.surco.lipschitz.run import run as run_lipschitz
from papers.surco.routes.instances import grid
from papers.surco.routes.run import RIVALS
from papers.surco.routes.settings import Table
from papers.surco.settings import HERE, Params
from tests.papers.surco.made_photonics import photonics_data
from tests.papers.surco.made_sharding import sharding_data

CONTROLS = ("heuristic", "heuristic_of_text", "mean", "parametric")
PRIORS = ("untrained_prior", "untrained_hybrid", "prior", "hybrid")


def params_at(scale: str) -> Params:
    """The shipped parameters at a scale."""
    return load_at_scale(Params, HERE, scale)


def write_build(params: Params, build: Path) -> None:
    """Write what every stage before `results` writes, shaped as `params` asks for."""
    made = {
        "lipschitz": run_lipschitz(params.lipschitz, params.seeds, params.compute),
        "routes": routes_data(params),
        "photonics": photonics_data(params.photonics),
        "sharding": sharding_data(params.sharding),
    }
    for name, data in made.items():
        write_json(build / f"{name}.json", {"data": data, "seconds": 1.0})


def routes_data(params: Params) -> dict[str, Any]:
    """Chances that rise from method to method, with a little noise."""
    settings, rng = params.routes, np.random.default_rng(0)

    def chances(rank: int, graphs: int, seeds: int) -> list[list[float]]:
        return (0.3 + 0.01 * rank + 0.001 * rng.uniform(size=(seeds, 3 * graphs))).tolist()

    def table(of: Table) -> dict[str, Any]:
        ranks = {name: (rank, 1) for rank, name in enumerate(CONTROLS)}
        ranks |= {name: (rank + 5, len(params.seeds)) for rank, name in enumerate(("random", *settings.variants))}
        if of.enumerated:
            ranks["optimum"] = (20, 1)
        made = {
            "chances": {name: chances(rank, of.graphs, seeds) for name, (rank, seeds) in ranks.items()},
            "calls": {name: 7.0 for name in ranks if name != "optimum"},
            "moved": dict.fromkeys(settings.variants, [0.5] * len(params.seeds)),
            "steps": dict.fromkeys(settings.variants, [9.0] * len(params.seeds)),
        }
        if of.enumerated:
            graph = grid(of.side)
            shown = ("heuristic", "surco_zero", "optimum")
            made["example"] = {
                "name": "made", "side": of.side, "means": [0.1] * len(graph.edges_E2),
                "edges": graph.edges_E2.tolist(), "paths": {name: [0, 1] for name in shown},
                "chances": dict.fromkeys(shown, 0.5),
            }  # fmt: skip
        return made

    tables = {name: table(of) for name, of in settings.tables.items()}
    tested, limited = settings.tables[settings.ablation.table], settings.limited
    counts = {name: one.graphs for name, one in limited.scip.items()}
    counts |= {name: getattr(limited, name).graphs for name in ("cpsat", "genetic_edges", "genetic_costs")}
    tried = [{"strength": strength, "learning_rate": 0.1, "chance": 0.4} for strength in (0.1, 1.0)]
    graphs, seeds = settings.tables[settings.prior.table].graphs, len(params.seeds)
    rivals = tables[limited.table]["chances"]
    return {
        "tables": tables,
        "ablation": {
            name: {"tried": tried, "best": tried[0], "chances": chances(rank, tested.graphs, seeds), "calls": 240.0}
            for rank, name in enumerate(settings.ablation.grids)
        },
        "random": tables[settings.ablation.table]["chances"]["random"],
        "prior": {
            "chances": {name: chances(rank, graphs, seeds) for rank, name in enumerate(PRIORS)},
            "calls": dict.fromkeys(PRIORS, 1),
            "losses": [[0.5, 0.1]] * seeds,
        },
        "limited": {
            name: [{"chance": 0.4, "found": True, "proven": bool(i % 2)} for i in range(3 * count)]
            for name, count in counts.items()
        },
        "rivals": {name: rivals[name] for name in RIVALS},
        "seconds": {f"scaling.{who}.{side}": 1e-3 * side for who in ("ours", "networkx") for side in (5, 10)},
    }

"""Placements of embedding tables against general solvers, one by one; the placement game against gymnasium's."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from benchmarks.case import Case
from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.environment import PlacementEnv, PlacementVectorEnv
from papers.surco.sharding.placement import assign, one_hot, solve
from papers.surco.sharding.settings import Setting
from papers.surco.sharding.tasks import Tasks, draw

LOOSE = Setting(source="locality", devices=4, gigabytes=5, filled=None, tables=(20,))
TIGHT = LOOSE.model_copy(update={"filled": 0.9})


def cases() -> list[Case]:
    """Compare on instances with 20 tables and 4 devices."""
    loose, tight = draw(LOOSE, 20, "test", 50, 0), draw(TIGHT, 20, "test", 10, 0)
    loose_costs_BN, tight_costs_BN = (_costs(tasks) for tasks in (loose, tight))
    ours_B, highs_B = (
        (x_BN * tight_costs_BN).sum(1) for x_BN in (solve(tight_costs_BN, tight), highs(tight_costs_BN, tight))
    )
    assert torch.allclose(ours_B, highs_B, rtol=0, atol=1e-3)  # HiGHS's gap; both are optima
    return [
        Case(
            paper="surco",
            name="placements with loose memory in a batch against CP-SAT one by one",
            ours=partial(solve, loose_costs_BN, loose),
            peer=partial(cpsat, loose_costs_BN, loose),
            target=10.0,
            unit="50 placements of 20 tables",
        ),
        Case(
            paper="surco",
            name="placements with tight memory: CP-SAT against HiGHS",
            ours=partial(solve, tight_costs_BN, tight),
            peer=partial(highs, tight_costs_BN, tight),
            target=None,
            unit="10 placements of 20 tables",
        ),
        _environment(loose[torch.arange(32)]),
    ]


def cpsat(costs_BN: Tensor, tasks: Tasks) -> Tensor:
    """CP-SAT for every instance, whether memory binds or not."""
    rows = zip(costs_BN.double().numpy(), tasks.sizes_BT.numpy(), tasks.capacity_B.tolist(), strict=True)
    found = [assign(costs_N.reshape(-1, tasks.devices), sizes_T, capacity) for costs_N, sizes_T, capacity in rows]
    return one_hot(torch.from_numpy(np.stack(found)), tasks.devices)


def highs(costs_BN: Tensor, tasks: Tasks) -> Tensor:
    """The same problems as mixed-integer programs, by scipy's HiGHS."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    once_TN = np.repeat(np.eye(tasks.tables), tasks.devices, 1)
    found = []
    for costs_N, sizes_T, capacity in zip(
        costs_BN.double().numpy(), tasks.sizes_BT.numpy(), tasks.capacity_B, strict=True
    ):
        loads_DN = np.kron(sizes_T, np.eye(tasks.devices))
        rules = [LinearConstraint(once_TN, 1, 1), LinearConstraint(loads_DN, ub=int(capacity))]
        found.append(milp(costs_N, integrality=np.ones_like(costs_N), bounds=Bounds(0, 1), constraints=rules).x)
    return torch.from_numpy(np.stack(found)).round().to(costs_BN.dtype)


def _environment(tasks: Tasks) -> Case:
    from gymnasium.vector import SyncVectorEnv

    network = CostNetwork(0).requires_grad_(False)
    ours = PlacementVectorEnv(tasks, network)
    peer = SyncVectorEnv([partial(PlacementEnv, tasks[torch.tensor([row])], network) for row in range(len(tasks))])
    actions_TB = np.random.default_rng(0).integers(0, tasks.devices, (tasks.tables, len(tasks)))

    def play(game) -> None:
        game.reset()
        for actions_B in actions_TB:
            game.step(actions_B)

    return Case(
        paper="surco",
        name="placement game: one vector environment against gymnasium's of single ones",
        ours=partial(play, ours),
        peer=partial(play, peer),
        target=2.0,
        unit="32 episodes of 20 tables",
    )


def _costs(tasks: Tasks) -> Tensor:
    return torch.rand(len(tasks), tasks.tables * tasks.devices, generator=torch.Generator().manual_seed(0))

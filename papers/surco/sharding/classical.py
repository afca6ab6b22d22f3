"""Placements without learning: greedy heuristics, local search and random search.

Shape suffixes: B instances, T tables, D devices, H latents, K neighbours of a placement, N = T D.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from papers.surco.sharding.cost_network import CostNetwork
from papers.surco.sharding.placement import one_hot, repaired, solve
from papers.surco.sharding.tasks import Tasks

FULL = 1e12
"""Cost of a device that has no memory left for a table: the last resort."""


def dim_greedy(tasks: Tasks) -> Tensor:
    """Widest tables first, larger ones first among equals, each to the device with the least total width [B, N].

    This is the paper's domain heuristic.
    """
    return _balanced(tasks, tasks.dims_BT.double(), tasks.dims_BT.double() + 1e-9 * tasks.sizes_BT)


def size_greedy(tasks: Tasks) -> Tensor:
    """Largest tables first, each to the device with the least memory in use: [B, N]."""
    return _balanced(tasks, tasks.sizes_BT.double(), tasks.sizes_BT.double())


def lookup_greedy(tasks: Tasks) -> Tensor:
    """Tables with the most numbers read first, each to the device that reads least: [B, N]."""
    reads_BT = tasks.dims_BT * tasks.pooling_BT
    return _balanced(tasks, reads_BT, reads_BT)


def cost_greedy(tasks: Tasks, network: CostNetwork) -> Tensor:
    """Tables with the highest predicted latency first, each where the predicted latency of the whole rises least.

    This is the paper's Greedy. Returns [B, N].
    """
    with torch.no_grad():
        latents_BTH = network.table(tasks.features_BTF)
        placed_BDH = latents_BTH.new_zeros(len(tasks), tasks.devices, latents_BTH.shape[-1])
        rows_B, eye_D1 = torch.arange(len(tasks)), torch.eye(tasks.devices)[:, :, None]

        def costs(table_B: Tensor) -> Tensor:
            added_BDDH = placed_BDH[:, None] + eye_D1 * latents_BTH[rows_B, table_B][:, None, None]
            return network.latency(added_BDDH).double()

        def place(table_B: Tensor, device_B: Tensor) -> None:
            placed_BDH[rows_B, device_B] += latents_BTH[rows_B, table_B]

        return _in_order(tasks, network.single(tasks), costs, place)


def local_search(x_BN: Tensor, tasks: Tasks, network: CostNetwork, steps: int) -> Tensor:
    """Take the best move of one table, or swap of two, that fits, until none lowers the predicted latency: [B, N]."""
    found = []
    with torch.no_grad():
        for row, x_N in enumerate(x_BN):
            task = tasks[torch.tensor([row])]
            latents_TH = network.table(task.features_BTF)[0]
            found.append(_descend(x_N, task, steps, lambda tried_KTD, h=latents_TH: network.latency(tried_KTD.mT @ h)))
    return torch.stack(found)


def deployed_as_released(costs_BN: Tensor, tasks: Tasks, network: CostNetwork, steps: int) -> Tensor:
    """Place as the released SurCo-prior is deployed: costs . x + sum_d (latencies of single tables on d)^2: [B, N].

    The paper has the linear term alone. The squares, in ms, balance devices by themselves: with costs of zero this is
    a classical heuristic. Here local search minimises the sum, from the balance of latencies.
    """
    found = []
    with torch.no_grad():
        single_BT = network.single(tasks).clamp(min=0)
    balanced_BN = _balanced(tasks, single_BT.double(), single_BT)
    for row, x_N in enumerate(balanced_BN):
        costs_TD, single_T = costs_BN[row].reshape(tasks.tables, tasks.devices), single_BT[row]

        def value(tried_KTD: Tensor, costs_TD: Tensor = costs_TD, single_T: Tensor = single_T) -> Tensor:
            return (tried_KTD * costs_TD).sum((1, 2)) + (tried_KTD.mT @ single_T).square().sum(1)

        found.append(_descend(x_N, tasks[torch.tensor([row])], steps, value))
    return torch.stack(found)


def _descend(x_N: Tensor, task: Tasks, steps: int, value: Callable[[Tensor], Tensor]) -> Tensor:
    """Best-improvement local search on one instance, for a function of placements [K, T, D]: [N]."""
    for _ in range(steps):
        tried_KTD = _neighbours(x_N.reshape(task.tables, task.devices))
        values_K = value(tried_KTD)
        loads_KD = tried_KTD.mT @ task.sizes_BT[0].float()
        values_K[(loads_KD > task.capacity_B + 0.5).any(1)] = torch.inf
        best = int(values_K.argmin())
        if best == 0:  # the first neighbour is the placement itself, and wins ties
            break
        x_N = tried_KTD[best].flatten()
    return x_N


def random_search(tasks: Tasks, network: CostNetwork, count: int, generator: torch.Generator) -> Tensor:
    """Best solution of so many random linear problems, SurCo-zero's solver calls without its gradient: [B, N]."""
    best_B = torch.full((len(tasks),), torch.inf)
    best_BN = torch.zeros(len(tasks), tasks.tables * tasks.devices)
    with torch.no_grad():
        for _ in range(count):
            x_BN = solve(torch.rand(best_BN.shape, generator=generator), tasks)
            values_B = network(x_BN, tasks)
            better_B = values_B < best_B
            best_B = torch.where(better_B, values_B, best_B)
            best_BN = torch.where(better_B[:, None], x_BN, best_BN)
    return best_BN


def _neighbours(x_TD: Tensor) -> Tensor:
    """The placement itself, all with one table moved, and all with two tables of different devices swapped: [K, T, D].

    Swaps of tables on the same device stay in, as copies of the placement.
    """
    tables, devices = x_TD.shape
    home_T = x_TD.argmax(1)
    table_K, shift_K = torch.arange(tables).repeat_interleave(devices - 1), torch.arange(1, devices).repeat(tables)
    moved_KT = home_T.repeat(len(table_K), 1)
    moved_KT[torch.arange(len(table_K)), table_K] = (home_T[table_K] + shift_K) % devices
    first_K, second_K = torch.triu_indices(tables, tables, 1)
    swapped_KT = home_T.repeat(len(first_K), 1)
    swapped_KT[torch.arange(len(first_K)), first_K] = home_T[second_K]
    swapped_KT[torch.arange(len(first_K)), second_K] = home_T[first_K]
    all_KT = torch.cat([home_T[None], moved_KT, swapped_KT])
    return torch.nn.functional.one_hot(all_KT, devices).float()


def _balanced(tasks: Tasks, weights_BT: Tensor, priorities_BT: Tensor) -> Tensor:
    """Highest priority first, each to the device with the least weight so far."""
    loads_BD = torch.zeros(len(tasks), tasks.devices, dtype=torch.float64)
    rows_B = torch.arange(len(tasks))

    def place(table_B: Tensor, device_B: Tensor) -> None:
        loads_BD[rows_B, device_B] += weights_BT[rows_B, table_B]

    return _in_order(tasks, priorities_BT, lambda _: loads_BD, place)


def _in_order(
    tasks: Tasks,
    priorities_BT: Tensor,
    costs: Callable[[Tensor], Tensor],
    place: Callable[[Tensor, Tensor], None],
) -> Tensor:
    """Place tables by falling priority on the cheapest device that has room; repair what does not fit in the end."""
    order_BT = priorities_BT.argsort(dim=1, descending=True, stable=True)
    rows_B = torch.arange(len(tasks))
    devices_BT = torch.zeros(tasks.sizes_BT.shape, dtype=torch.long)
    room_BD = tasks.capacity_B[:, None].repeat(1, tasks.devices)
    for table_B in order_BT.T:
        size_B1 = tasks.sizes_BT[rows_B, table_B][:, None]
        full_BD = size_B1 > room_BD
        device_B = (costs(table_B) + FULL * full_BD - room_BD * full_BD).argmin(1)
        devices_BT[rows_B, table_B] = device_B
        room_BD[rows_B, device_B] -= size_B1[:, 0]
        place(table_B, device_B)
    return repaired(one_hot(devices_BT, tasks.devices), tasks)

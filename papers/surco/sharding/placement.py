"""The surrogate problem of table sharding: cheapest placement, linear in which table goes where, under memory limits.

Where memory does not bind it falls apart into one argmin per table. Where it binds, it is a generalised assignment
problem, solved exactly by CP-SAT.

Shape suffixes: B instances, T tables, D devices, N = T D variables with x[t D + d] = table t is on device d, M
equations and V variables of the relaxation.
"""

import numpy as np
import torch
from ortools.sat.python import cp_model
from torch import Tensor

from papers.surco.errors import RowsFailed, SurcoError
from papers.surco.polytope import Polytope
from papers.surco.sharding.tasks import Tasks

COST_STEPS = 10**8
"""CP-SAT wants whole numbers: costs are rounded to this share of the greatest."""
WORK_LIMIT = 30.0
"""Of CP-SAT's deterministic time per problem; thousands of times what these problems take."""


def solve(costs_BN: Tensor, tasks: Tasks) -> Tensor:
    """Minimise costs . x over the placements that fit; see `papers.surco.problem.Problem.solve`.

    Raises:
        SurcoError: costs of the wrong shape.
        RowsFailed: for rows where the tables fit on no placement, or costs are not finite.
    """
    shape = (len(tasks), tasks.tables * tasks.devices)
    if costs_BN.shape != shape:
        raise SurcoError(f"placement: costs have shape {list(costs_BN.shape)}; needed: {list(shape)}")
    x_BN = cheapest(costs_BN, tasks)
    finite_B = costs_BN.isfinite().all(1)
    failures = dict.fromkeys((~finite_B).nonzero().flatten().tolist(), "costs are not finite")
    for row in (~tasks.fits(x_BN) & finite_B).nonzero().flatten().tolist():
        costs_TD = costs_BN[row].reshape(-1, tasks.devices).double().numpy()
        devices_T = assign(costs_TD, tasks.sizes_BT[row].numpy(), int(tasks.capacity_B[row]))
        if devices_T is None:
            total, capacity = int(tasks.sizes_BT[row].sum()), int(tasks.capacity_B[row])
            failures[row] = f"no placement fits {total} MiB of tables on {tasks.devices} devices of {capacity} MiB"
        else:
            x_BN[row] = one_hot(torch.from_numpy(devices_T)[None], tasks.devices)[0]
    if failures:
        raise RowsFailed(failures, x_BN)
    return x_BN


def cheapest(costs_BN: Tensor, tasks: Tasks) -> Tensor:
    """Put every table where it costs least, whatever the memory: [B, N]."""
    return one_hot(costs_BN.reshape(len(tasks), -1, tasks.devices).argmin(2), tasks.devices).to(costs_BN.dtype)


def one_hot(devices_BT: Tensor, devices: int) -> Tensor:
    """Turn the device of each table into x: [B, N], float32."""
    return torch.nn.functional.one_hot(devices_BT, devices).flatten(1).float()


def assign(costs_TD: np.ndarray, sizes_T: np.ndarray, capacity: int) -> np.ndarray | None:
    """Solve one generalised assignment problem to optimality.

    Returns:
        The device of each table, or None where nothing fits.

    Raises:
        SurcoError: CP-SAT met its limit before it had proven the optimum.
    """
    tables, devices = costs_TD.shape
    whole_TD = np.rint(costs_TD * (COST_STEPS / max(np.abs(costs_TD).max(), 1e-300))).astype(np.int64)
    model = cp_model.CpModel()
    x_TD = [[model.new_bool_var("") for _ in range(devices)] for _ in range(tables)]
    for x_D in x_TD:
        model.add_exactly_one(x_D)
    for x_T in zip(*x_TD, strict=True):
        model.add(cp_model.LinearExpr.weighted_sum(x_T, sizes_T.tolist()) <= capacity)
    flat_N = [variable for x_D in x_TD for variable in x_D]
    model.minimize(cp_model.LinearExpr.weighted_sum(flat_N, whole_TD.ravel().tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = WORK_LIMIT
    # What pays on large models costs more than it saves here: a third of the time, measured.
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.symmetry_level = 0
    solver.parameters.cut_level = 0
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status != cp_model.OPTIMAL:
        raise SurcoError(f"placement: CP-SAT ended with {solver.status_name(status)} before the optimum was proven")
    return np.array([[solver.boolean_value(variable) for variable in x_D] for x_D in x_TD]).argmax(1)


def repaired(x_BN: Tensor, tasks: Tasks) -> Tensor:
    """Return the placements that fit and move the fewest tables; those that fit stay as they are."""
    return solve(-x_BN, tasks)


def relaxation(tasks: Tasks) -> Polytope:
    """Let x be fractional: one equation per table, and one per device with its free share of memory as a slack."""
    devices, eye_DD = tasks.devices, torch.eye(tasks.devices, dtype=torch.float64)
    tables_TN = torch.eye(tasks.tables, dtype=torch.float64).repeat_interleave(devices, 1)
    share_BT = tasks.sizes_BT.double() / tasks.capacity_B[:, None]
    memory_BDN = torch.einsum("bt,de->bdte", share_BT, eye_DD).flatten(2)
    upper_BTV = torch.nn.functional.pad(tables_TN, (0, devices)).expand(len(tasks), -1, -1)
    lower_BDV = torch.cat([memory_BDN, eye_DD.expand(len(tasks), -1, -1)], 2)
    matrix_BMV = torch.cat([upper_BTV, lower_BDV], 1)
    return Polytope(matrix_BMV, torch.ones(matrix_BMV.shape[:2], dtype=torch.float64), extra=devices)

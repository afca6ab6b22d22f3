"""Solvers and objectives that are plain CPU code for one instance at a time, run for a whole batch in processes.

Shape suffixes: B rows of a batch, N variables.
"""

import faulthandler
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from papers.surco.errors import RowsFailed

SolveOne = Callable[[np.ndarray, Any], np.ndarray]
"""(costs [N], instance) -> x [N]."""
ValueAndSlope = Callable[[np.ndarray, Any], tuple[float, np.ndarray]]
"""(x [N], instance) -> f(x), df/dx [N]."""


@dataclass(frozen=True)
class Failure:
    """What went wrong with one row."""

    text: str


class Pool:
    """Worker processes for calls on rows; a row that fails, hangs or kills its worker costs no other row its result.

    Use it in a `with` block.

    Args:
        workers: processes.
        timeout: seconds that one row may take; compiled code that does not return is killed with its worker.
        preload: modules that the workers need, imported once before they are forked.
    """

    def __init__(self, workers: int, timeout: float, preload: Sequence[str] = ()) -> None:
        self.workers, self.timeout = workers, timeout
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._executor = self._start()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._executor.shutdown(cancel_futures=True)

    def run(self, function: Callable, rows: Iterable[tuple]) -> list[Any]:
        """Call a module-level function with the arguments of each row.

        Returns:
            One result for each row; a `Failure` where the call raised, took too long or lost its worker.
        """
        rows = list(rows)
        results = self._collect([self._submit(function, row) for row in rows])
        for index, result in enumerate(results):
            if result is None:  # lost with the pool: by its own fault, or by that of a row beside it
                results[index] = self._collect([self._submit(function, rows[index])])[0]
            if results[index] is None:
                results[index] = Failure(f"took more than {self.timeout:g} s, or its worker was killed")
        return [result[0] if isinstance(result, tuple) else result for result in results]

    def solver(self, solve_one: SolveOne) -> Callable[[Tensor, Sequence[Any]], Tensor]:
        """Turn a solver of one instance into the `solve` of a `papers.surco.problem.Problem`."""

        def solve(costs_BN: Tensor, instances: Sequence[Any]) -> Tensor:
            rows = zip(costs_BN.detach().numpy(), instances, strict=True)
            results, failures = _sorted_out(self.run(solve_one, rows), np.zeros(costs_BN.shape[1]))
            x_BN = torch.from_numpy(np.stack(results)).to(costs_BN.dtype)
            if failures:
                raise RowsFailed(failures, x_BN)
            return x_BN

        return solve

    def objective(self, value_and_slope: ValueAndSlope) -> Callable[[Tensor, Sequence[Any]], Tensor]:
        """Turn a function that returns value and gradient of one instance into the `objective` of a `Problem`."""

        def objective(x_BN: Tensor, instances: Sequence[Any]) -> Tensor:
            rows = zip(x_BN.detach().numpy(), instances, strict=True)
            results, failures = _sorted_out(self.run(value_and_slope, rows), (0.0, np.zeros(x_BN.shape[1])))
            values_B, slopes_BN = (np.stack(column) for column in zip(*results, strict=True))
            f_B = _Given.apply(x_BN, torch.as_tensor(values_B), torch.as_tensor(slopes_BN))
            if failures:
                raise RowsFailed(failures, f_B)
            return f_B

        return objective

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, self._context)

    def _submit(self, function: Callable, row: tuple) -> Future:
        try:
            return self._executor.submit(_call, function, row, self.timeout)
        except BrokenProcessPool:
            self._executor = self._start()
            return self._executor.submit(_call, function, row, self.timeout)

    def _collect(self, futures: list[Future]) -> list[Any]:
        """Results in order; None for calls that were lost because a worker died."""
        results = []
        for future in futures:
            try:
                results.append(future.result())
            except BrokenProcessPool:
                results.append(None)
        return results


class _Given(torch.autograd.Function):
    """A function of which value and derivative are known already."""

    @staticmethod
    def forward(ctx, x_BN: Tensor, values_B: Tensor, slopes_BN: Tensor) -> Tensor:
        """Return the values."""
        ctx.save_for_backward(slopes_BN.to(x_BN.dtype))
        return values_B.to(x_BN.dtype)

    @staticmethod
    def backward(ctx, gradient_B: Tensor) -> tuple[Tensor, None, None]:
        """Scale the slopes."""
        (slopes_BN,) = ctx.saved_tensors
        return gradient_B[:, None] * slopes_BN, None, None


def _call(function: Callable, row: tuple, timeout: float) -> tuple[Any] | Failure:
    """Run one call in a worker, under a watchdog that also stops compiled code."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(timeout, exit=True, file=nowhere)
        try:
            return (function(*row),)
        except Exception as error:  # any fault of a user's solver is the row's, and told as such
            return Failure(f"{type(error).__name__}: {error}")
        finally:
            faulthandler.cancel_dump_traceback_later()


def _sorted_out(results: list[Any], blank: Any) -> tuple[list[Any], dict[int, str]]:
    failures = {row: result.text for row, result in enumerate(results) if isinstance(result, Failure)}
    return [blank if isinstance(result, Failure) else result for result in results], failures

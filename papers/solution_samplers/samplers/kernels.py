"""The compiled CPU kernels of the Gibbs samplers: one vertex after another, all chains at once, one per vector lane.

A torch CPU generator takes about 4 ns per float32, several times what a Gibbs update otherwise costs. Here every
chain has a xoshiro128+ generator of its own (Blackman and Vigna 2021, "Scrambled linear pseudorandom number
generators"), seeded from the torch generator, in plain loops that the compiler turns into vector instructions.
All kernels share this file because numba's cache knows a change by the file's date, not by that of what it calls.

Shape suffixes: C chains, N vertices, M = 2E ends of edges, P connected parts, H units of a layer.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
import torch
from numpy.typing import NDArray

_f = np.float32
_u = np.uint32
_PER_UNIT = _f(1 / math.log(2))
_TAYLOR = tuple(_f(math.log(2) ** k / math.factorial(k)) for k in range(7))
"""Of 2^x at 0: on [-1/2, 1/2] the rest is below float32's resolution."""


class IsingArrays(NamedTuple):
    """What `sweep_ising` wants to know of an `Ising` model, as arrays: see there."""

    starts_N1: NDArray[np.int64]
    neighbours_M: NDArray[np.int64]
    fields_N: NDArray[np.float32]
    part_N: NDArray[np.int64]


def seed_lanes(chains: int, generator: torch.Generator) -> NDArray[np.uint32]:
    """Draw the states of one generator per chain, shape [4, C]."""
    return torch.randint(2**32, (4, chains), generator=generator).numpy().astype(np.uint32)


@numba.njit(cache=True)
def uniform(lanes_4C, out_C):
    """Fill `out_C` with float32 numbers uniform on [0, 1) and advance every chain's generator by one."""
    a_C, b_C, c_C, d_C = lanes_4C[0], lanes_4C[1], lanes_4C[2], lanes_4C[3]
    for i in range(out_C.size):
        a, b, c, d = a_C[i], b_C[i], c_C[i], d_C[i]
        # numba makes 64-bit numbers of all these; the casts keep 32-bit lanes
        out_C[i] = _f(_u(a + d) >> _u(8)) * _f(2**-24)  # the low bits of the sum are the weak ones
        c_with_a, d_with_b = _u(c ^ a), _u(d ^ b)
        a_C[i] = _u(a ^ d_with_b)
        b_C[i] = _u(b ^ c_with_a)
        c_C[i] = _u(c_with_a ^ _u(b << _u(9)))
        d_C[i] = _u(_u(d_with_b << _u(11)) | _u(d_with_b >> _u(21)))


@numba.njit(cache=True, fastmath={"contract"})
def exponential(x):
    """Return `exp(x)` of a float32 with a relative error near `1e-7 (1 + |x|)`, within 2^-126 ... 2^126.

    numba would call the C library's scalar `expf`, which keeps the loop around it from being vectorised.
    """
    exponent = min(max(x * _PER_UNIT, _f(-126)), _f(126))
    whole = np.rint(exponent)
    rest = exponent - whole
    result = _TAYLOR[6]
    for k in range(5, -1, -1):
        result = result * rest + _TAYLOR[k]
    power_of_two = np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
    return result * power_of_two


@numba.njit(cache=True, fastmath={"contract"})
def add_rows(out_C, rows_NC, index_M, weights_M, start, end):
    """Add `sum_m weights[m] * rows[index[m]]` over start <= m < end to `out_C`."""
    m = start
    while m + 4 <= end:  # four rows at a time: the sums are read and written a quarter as often
        i, j, k, n = index_M[m], index_M[m + 1], index_M[m + 2], index_M[m + 3]
        wi, wj, wk, wn = weights_M[m], weights_M[m + 1], weights_M[m + 2], weights_M[m + 3]
        for c in range(out_C.size):
            out_C[c] += wi * rows_NC[i, c] + wj * rows_NC[j, c] + wk * rows_NC[k, c] + wn * rows_NC[n, c]
        m += 4
    while m < end:
        i, wi = index_M[m], weights_M[m]
        for c in range(out_C.size):
            out_C[c] += wi * rows_NC[i, c]
        m += 1


@numba.njit(cache=True, fastmath={"contract"})
def draw_spins(field_C, lanes_4C, uniform_C, spins_C):
    """Write spins that are +1 with chance `1 / (1 + exp(-2 field))`; `uniform_C` is room to work in."""
    uniform(lanes_4C, uniform_C)
    for c in range(field_C.size):
        up = uniform_C[c] * (_f(1) + exponential(_f(-2) * field_C[c])) < _f(1)
        spins_C[c] = _f(1) if up else _f(-1)


@numba.njit(cache=True, fastmath={"contract"})
def sweep_ising(spins_NC, model, couplings_M, inverse_temperatures_PC, lanes_4C, sweeps):
    """Update all spins of an Ising density `sweeps` times; see `gibbs.sweep`."""
    vertices, chains = spins_NC.shape
    field_C, uniform_C = np.empty(chains, np.float32), np.empty(chains, np.float32)
    for _ in range(sweeps):
        for vertex in range(vertices):
            field_C[:] = model.fields_N[vertex]
            start, end = model.starts_N1[vertex], model.starts_N1[vertex + 1]
            add_rows(field_C, spins_NC, model.neighbours_M, couplings_M, start, end)
            part = model.part_N[vertex]
            for c in range(chains):
                field_C[c] *= inverse_temperatures_PC[part, c]
            draw_spins(field_C, lanes_4C, uniform_C, spins_NC[vertex])


@numba.njit(cache=True, fastmath={"contract"})
def score_above(units_2HC, index_H, layers, score_C):
    """Write a bias-free ReLU net's scores, given the outputs of its first layer.

    Args:
        units_2HC: [0] holds what the first layer gives after its ReLU; both halves are overwritten.
        index_H: 0, 1, ..., as many as the widest layer has units.
        layers: weights of the other layers, [outputs, inputs]; the last has one output.
        score_C: filled with the scores.
    """
    given = 0
    for layer in layers:
        outputs, inputs = layer.shape
        for o in range(outputs):
            score_C[:] = _f(0)
            add_rows(score_C, units_2HC[given], index_H, layer[o], 0, inputs)
            for c in range(score_C.size):
                units_2HC[1 - given, o, c] = max(score_C[c], _f(0))
        given = 1 - given


@numba.njit(cache=True, fastmath={"contract"})
def add_outer(sums_HC, weights_H, change_C):
    """Add the outer product `weights x change` to `sums_HC`."""
    for h in range(weights_H.size):
        weight = weights_H[h]
        for c in range(change_C.size):
            sums_HC[h, c] += weight * change_C[c]


@numba.njit(cache=True, fastmath={"contract"})
def rectify(sums_HC, weights_H, change_C, units_HC):
    """Write `relu(sums + weights x change)` to `units_HC`."""
    for h in range(weights_H.size):
        weight = weights_H[h]
        for c in range(change_C.size):
            units_HC[h, c] = max(sums_HC[h, c] + weight * change_C[c], _f(0))


@numba.njit(cache=True, fastmath={"contract"})
def sweep_net(spins_NC, first_NH, layers, inverse_temperature, lanes_4C, sweeps):
    """Update all spins under a bias-free ReLU net's score `sweeps` times; see `NetGibbs.run`.

    A flip moves the first layer's sums by one row of its weights, so that only the layers above are computed anew.

    Args:
        spins_NC: the chains.
        first_NH: weights of the first layer, by input.
        layers: weights of the others, as `score_above` takes them.
        inverse_temperature: power of the density, float32.
        lanes_4C: see `seed_lanes`.
        sweeps: passes over the spins.
    """
    (vertices, hidden), chains = first_NH.shape, spins_NC.shape[1]
    widest = hidden
    for layer in layers:
        widest = max(widest, layer.shape[0])
    index = np.arange(widest)
    units_2HC = np.empty((2, widest, chains), np.float32)
    sums_HC = np.zeros((hidden, chains), np.float32)
    score_C, flipped_C = np.empty(chains, np.float32), np.empty(chains, np.float32)
    uniform_C, change_C = np.empty(chains, np.float32), np.zeros(chains, np.float32)
    for vertex in range(vertices):
        add_outer(sums_HC, first_NH[vertex], spins_NC[vertex])
    rectify(sums_HC, first_NH[0], change_C, units_2HC[0])
    score_above(units_2HC, index, layers, score_C)
    for _ in range(sweeps):
        for vertex in range(vertices):
            for c in range(chains):
                change_C[c] = _f(-2) * spins_NC[vertex, c]
            rectify(sums_HC, first_NH[vertex], change_C, units_2HC[0])
            score_above(units_2HC, index, layers, flipped_C)
            uniform(lanes_4C, uniform_C)
            for c in range(chains):
                stay_over_flip = exponential(inverse_temperature * (score_C[c] - flipped_C[c]))
                flip = uniform_C[c] * (_f(1) + stay_over_flip) < _f(1)
                change_C[c] = change_C[c] if flip else _f(0)
                score_C[c] = flipped_C[c] if flip else score_C[c]
                spins_NC[vertex, c] += change_C[c]
            add_outer(sums_HC, first_NH[vertex], change_C)


@numba.njit(cache=True, fastmath={"contract"})
def sweep_products(spins_NC, starts_N1, weights_X, others_XO, lanes_4C, sweeps):
    """Update all spins but the last row, which stays 1, `sweeps` times; see `ProductGibbs.run`."""
    chains, factors = spins_NC.shape[1], others_XO.shape[1]
    field_C, term_C = np.empty(chains, np.float32), np.empty(chains, np.float32)
    uniform_C = np.empty(chains, np.float32)
    for _ in range(sweeps):
        for vertex in range(starts_N1.size - 1):
            field_C[:] = _f(0)
            for x in range(starts_N1[vertex], starts_N1[vertex + 1]):
                term_C[:] = weights_X[x]
                for k in range(factors):
                    other = others_XO[x, k]
                    for c in range(chains):
                        term_C[c] *= spins_NC[other, c]
                for c in range(chains):
                    field_C[c] += term_C[c]
            draw_spins(field_C, lanes_4C, uniform_C, spins_NC[vertex])

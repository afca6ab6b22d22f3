"""The loops over all solutions, compiled, in float32; row by row, so that all stays in cache.

One file, since numba's cache does not see that a function from another file has changed.

Both models run over the solutions (a, b, +1) only. Their mirror images have the same linear scores, and cost a net
without biases almost nothing: `relu(z) - relu(-z) = z`, so where `h = relu(U s)` are the first hidden units of s, those
of -s are `h - U s`, and the second layer there is `V h - (V U) s`, where `(V U) s`, as `U s`, is a sum over two halves.
Backwards, with d+ and d- the derivatives of the second layer's units at s and at -s, the layers' gradients are

    V:  sum_s (d+ + d-) h^T - (sum_s d- s^T) U^T          U:  sum_s [h > 0] V^T (d+ + d-) s^T - V^T (sum_s d- s^T)

Shape suffixes: B graphs, A and C assignments of the two halves, H vertices of the first; R rows of a table of scores, A
or 2 A (with mirror images); K units of the net's first and M of its second hidden layer, I inputs and O outputs.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.typing.context import BaseContext
from numba.extending import intrinsic

from papers.solution_samplers.small_graphs.tables import NetTables, f4

i4 = np.int32
ZERO = f4(0.0)
LOWEST = f4(-3e38)
"""Stands in for minus infinity, which fast floating point does not know."""
NEGLIGIBLE = f4(-60.0)
"""Solutions whose score is so far below the highest count as impossible: their 1e-26 is far below the rounding of sums
in float32, and products with it would leave the range of normal numbers, where processors are slow."""
LOG2_E = f4(1.4426950408889634)
EXPONENT_BIAS, MANTISSA_BITS = i4(127), i4(23)
BLOCK = 5
"""Rows that one sweep of `_combine` and `_outer` takes together, in registers; K and M are multiples of it."""


@intrinsic
def _bits_as_float(context: BaseContext, bits: types.Type):
    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@njit(fastmath=True, cache=True)
def _exp(x):
    """Return exp(x) for x <= 0 to 7e-7: 2^k times a polynomial, since numba's own exp is no vector instruction."""
    power = max(x, NEGLIGIBLE) * LOG2_E
    whole = np.floor(power + f4(0.5))
    r = power - whole
    series = f4(0.0013333558) + r * f4(1.54e-4)
    series = f4(0.24022651) + r * (f4(0.055504109) + r * (f4(0.0096181291) + r * series))
    series = f4(1.0) + r * (f4(0.69314718) + r * series)
    value = series * _bits_as_float((i4(whole) + EXPONENT_BIAS) << MANTISSA_BITS)
    return value if x > NEGLIGIBLE else ZERO


@njit(fastmath=True, cache=True)
def _highest(scores_RC):
    """Return the row and the column of the highest score."""
    rows, columns = scores_RC.shape
    highest_C = np.full(columns, LOWEST, f4)
    for r in range(rows):
        row_C = scores_RC[r]
        for c in range(columns):
            highest_C[c] = max(highest_C[c], row_C[c])
    column = np.argmax(highest_C)
    row = 0
    while row < rows - 1 and scores_RC[row, column] != highest_C[column]:
        row += 1
    return row, column


@njit(fastmath=True, cache=True)
def _exponentials(scores_C, costs_C, factor, entropy, out_C):
    """Write exp(factor scores) to `out_C`; return its sum, and those of it times cost and times energy."""
    total, cost, energy = ZERO, ZERO, ZERO
    for c in range(scores_C.size):
        value = _exp(factor * scores_C[c])
        out_C[c] = value
        total += value
        cost += value * costs_C[c]
        energy += value * (costs_C[c] + entropy * scores_C[c])
    return total, cost, energy


@njit(fastmath=True, cache=True, error_model="numpy")  # scores that are not finite shall end in NaN, not in an error
def weigh(scores_RC, costs_AC, terms, fast_RC, slow_RC):
    """Write the objective's derivative with respect to the scores to `fast_RC`: `objective.score_gradients`.

    Args:
        scores_RC: scores; their maximum is subtracted in place.
        costs_AC: costs.
        terms: see `Terms`.
        fast_RC: for the result.
        slow_RC: working space.

    Returns:
        The expected cost under the fast part, and the cost of its mode.
    """
    rows, columns = scores_RC.shape
    period = costs_AC.shape[0]
    row, column = _highest(scores_RC)
    top = scores_RC[row, column]
    mode_cost = costs_AC[row % period, column]
    mixed = terms.slow_weight > 0
    total, cost, energy, slow_total, slow_energy = 0.0, 0.0, 0.0, 0.0, 0.0
    for r in range(rows):
        scores_C, costs_C = scores_RC[r], costs_AC[r % period]
        for c in range(columns):
            scores_C[c] -= top
        sums = _exponentials(scores_C, costs_C, f4(1.0), terms.fast_entropy, fast_RC[r])
        total, cost, energy = total + sums[0], cost + sums[1], energy + sums[2]
        if mixed:
            sums = _exponentials(scores_C, costs_C, terms.slow_factor, terms.slow_entropy, slow_RC[r])
            slow_total, slow_energy = slow_total + sums[0], slow_energy + sums[2]
    weight, mean = f4(terms.fast_weight / total), f4(energy / total)
    for r in range(rows):
        scores_C, costs_C, fast_C = scores_RC[r], costs_AC[r % period], fast_RC[r]
        for c in range(columns):
            fast_C[c] *= weight * (costs_C[c] + terms.fast_entropy * scores_C[c] - mean)
    if mixed:
        weight, mean = f4(terms.slow_weight / slow_total), f4(slow_energy / slow_total)
        for r in range(rows):
            scores_C, costs_C, fast_C, slow_C = scores_RC[r], costs_AC[r % period], fast_RC[r], slow_RC[r]
            for c in range(columns):
                fast_C[c] += slow_C[c] * weight * (costs_C[c] + terms.slow_entropy * scores_C[c] - mean)
    return cost / total, mode_cost


@njit(fastmath=True, cache=True)
def _linear_scores(rows_A, columns_C, cross_HC, scores_AC):
    """Fill the table of scores: bit i of a row's number says that spin i of the first half is -1."""
    scores_AC[0] = columns_C + cross_HC.sum(axis=0)
    for i in range(len(cross_HC)):
        step_C = cross_HC[i]
        for a in range(1 << i):
            from_C, to_C = scores_AC[a], scores_AC[a + (1 << i)]
            for c in range(step_C.size):
                to_C[c] = from_C[c] - f4(2.0) * step_C[c]
    for a in range(rows_A.size):
        scores_AC[a] += rows_A[a]


@njit(fastmath=True, cache=True)
def _fold(weights_AC, rows_A, columns_C, cross_HC):
    """Transpose of `_linear_scores`: sums over columns, over rows, and over rows with the sign of each spin."""
    for a in range(rows_A.size):
        row_C = weights_AC[a]
        total = ZERO
        for c in range(columns_C.size):
            total += row_C[c]
        rows_A[a] = total
    for i in range(len(cross_HC) - 1, -1, -1):
        signed_C = cross_HC[i]
        signed_C[:] = ZERO
        for a in range(1 << i):
            plus_C, minus_C = weights_AC[a], weights_AC[a + (1 << i)]
            for c in range(columns_C.size):
                signed_C[c] += plus_C[c] - minus_C[c]
                plus_C[c] += minus_C[c]
    columns_C[:] = weights_AC[0]


@njit(fastmath=True, cache=True)
def linear_gradients(tables, costs_BAC, terms, sums, stats_2B):
    """As `net_gradients`, with `LinearTables`."""
    scores_AC = np.empty(costs_BAC.shape[1:], f4)
    fast_AC, slow_AC = np.empty_like(scores_AC), np.empty_like(scores_AC)
    for g in range(len(costs_BAC)):
        _linear_scores(tables.rows_BA[g], tables.columns_BC[g], tables.cross_BHC[g], scores_AC)
        stats_2B[0, g], stats_2B[1, g] = weigh(scores_AC, costs_BAC[g], terms, fast_AC, slow_AC)
        _fold(fast_AC, sums.rows_BA[g], sums.columns_BC[g], sums.cross_BHC[g])


@njit(fastmath=True, cache=True)
def net_gradients(tables, costs_BAC, terms, sums, stats_2B):
    """Add up the derivatives of the objective of every net.

    Args:
        tables: `NetTables` with a leading axis B.
        costs_BAC: costs.
        terms: see `Terms`.
        sums: `NetTables` of zeros, for the result.
        stats_2B: for the expected cost and the mode's cost of the fast part.
    """
    rows, columns = costs_BAC.shape[1:]
    units, hidden = tables.second_MK.shape[1:]
    units_AMC = np.empty((rows, units, columns), f4)
    scores_RC = np.empty((2 * rows, columns), f4)
    fast_RC, slow_RC = np.empty_like(scores_RC), np.empty_like(scores_RC)
    hidden_KC, back_KC = np.empty((hidden, columns), f4), np.empty((hidden, columns), f4)
    deltas_MC = np.empty((units, columns), f4)
    for g in range(len(costs_BAC)):
        net, into = _of(tables, g), _of(sums, g)
        _net_scores(net, hidden_KC, units_AMC, scores_RC)
        stats_2B[0, g], stats_2B[1, g] = weigh(scores_RC, costs_BAC[g], terms, fast_RC, slow_RC)
        for a in range(rows):
            _back_third(a, net, fast_RC[a], fast_RC[rows + a], units_AMC[a], deltas_MC, into)
            _hide(net.rows_KA[:, a], net.columns_KC, hidden_KC)
            _outer(deltas_MC, hidden_KC, into.second_MK)
            _combine(net.second_MK.T, deltas_MC, back_KC)
            _back_first(a, hidden_KC, back_KC, into)


@njit(fastmath=True, cache=True)
def _of(tables, g):
    return NetTables(
        tables.rows_KA[g], tables.columns_KC[g], tables.through_rows_MA[g], tables.through_columns_MC[g],
        tables.second_MK[g], tables.third_1M[g],
    )  # fmt: skip


@njit(fastmath=True, cache=True)
def _net_scores(net, hidden_KC, units_AMC, scores_RC):
    """Compute the units of the second layer at (a, b, +1), and the scores there and at the mirror images."""
    rows = len(units_AMC)
    for a in range(rows):
        _hide(net.rows_KA[:, a], net.columns_KC, hidden_KC)
        _combine(net.second_MK, hidden_KC, units_AMC[a])
        plus_C, minus_C = scores_RC[a], scores_RC[rows + a]
        plus_C[:] = ZERO
        minus_C[:] = ZERO
        for m in range(units_AMC.shape[1]):
            weight, shift = net.third_1M[0, m], net.through_rows_MA[m, a]
            for c in range(plus_C.size):
                unit = units_AMC[a, m, c]
                plus_C[c] += weight * max(unit, ZERO)
                minus_C[c] += weight * max(unit - net.through_columns_MC[m, c] - shift, ZERO)


@njit(fastmath=True, cache=True)
def _hide(row_K, columns_KC, hidden_KC):
    for k in range(row_K.size):
        for c in range(hidden_KC.shape[1]):
            hidden_KC[k, c] = max(columns_KC[k, c] + row_K[k], ZERO)


@njit(fastmath=True, cache=True)
def _combine(weights_OI, inputs_IC, out_OC):
    """Write `weights_OI @ inputs_IC`."""
    out_OC[:] = ZERO
    for o in range(out_OC.shape[0]):
        out_C = out_OC[o]
        for i in range(0, inputs_IC.shape[0], BLOCK):
            w0, w1, w2 = weights_OI[o, i], weights_OI[o, i + 1], weights_OI[o, i + 2]
            w3, w4 = weights_OI[o, i + 3], weights_OI[o, i + 4]
            for c in range(out_C.size):
                three = w0 * inputs_IC[i, c] + w1 * inputs_IC[i + 1, c] + w2 * inputs_IC[i + 2, c]
                out_C[c] += three + w3 * inputs_IC[i + 3, c] + w4 * inputs_IC[i + 4, c]


@njit(fastmath=True, cache=True)
def _outer(deltas_MC, hidden_KC, out_MK):
    """Add `deltas_MC @ hidden_KC.T`."""
    for m in range(deltas_MC.shape[0]):
        for k in range(0, hidden_KC.shape[0], BLOCK):
            s0, s1, s2, s3, s4 = ZERO, ZERO, ZERO, ZERO, ZERO
            for c in range(deltas_MC.shape[1]):
                delta = deltas_MC[m, c]
                s0 += delta * hidden_KC[k, c]
                s1 += delta * hidden_KC[k + 1, c]
                s2 += delta * hidden_KC[k + 2, c]
                s3 += delta * hidden_KC[k + 3, c]
                s4 += delta * hidden_KC[k + 4, c]
            for i, value in enumerate((s0, s1, s2, s3, s4)):
                out_MK[m, k + i] += value


@njit(fastmath=True, cache=True)
def _back_third(a, net, plus_C, minus_C, units_MC, deltas_MC, into):
    """Pass the scores' derivatives at row `a` and at its mirror image through the last layer: d+ + d-, and sums."""
    for m in range(units_MC.shape[0]):
        weight, shift = net.third_1M[0, m], net.through_rows_MA[m, a]
        mirror_C = into.through_columns_MC[m]
        third, mirror = ZERO, ZERO
        for c in range(plus_C.size):
            unit = units_MC[m, c]
            mirror_unit = unit - net.through_columns_MC[m, c] - shift
            third += plus_C[c] * max(unit, ZERO) + minus_C[c] * max(mirror_unit, ZERO)
            minus = weight * minus_C[c] if mirror_unit > ZERO else ZERO
            deltas_MC[m, c] = minus + (weight * plus_C[c] if unit > ZERO else ZERO)
            mirror_C[c] += minus
            mirror += minus
        into.third_1M[0, m] += third
        into.through_rows_MA[m, a] = mirror


@njit(fastmath=True, cache=True)
def _back_first(a, hidden_KC, back_KC, into):
    """Stop derivatives at hidden units that are off; sum the others over columns and over rows."""
    for k in range(hidden_KC.shape[0]):
        sums_C = into.columns_KC[k]
        total = ZERO
        for c in range(sums_C.size):
            value = back_KC[k, c] if hidden_KC[k, c] > ZERO else ZERO
            sums_C[c] += value
            total += value
        into.rows_KA[k, a] = total

"""The brush generator against a plain transcription of the algorithm, and the constraint that it must satisfy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from papers.surco.errors import RowsFailed, SurcoError
from papers.surco.photonics.brush import CROSS, feasible, opened, paint, solve, stroke_rewards
from papers.surco.photonics.devices import draw

SHAPES = [(3, 3), (4, 7), (9, 9), (16, 12), (40, 40)]


def covered(strokes):
    return ndimage.binary_dilation(strokes, CROSS)


def plain(rewards):
    """The algorithm as its authors state it, with whole images, and nothing kept from one stroke to the next."""
    gains = np.stack([stroke_rewards(rewards), -stroke_rewards(rewards)])
    made = np.zeros(gains.shape, dtype=bool)
    while True:
        existing = np.stack([covered(strokes) for strokes in made])
        if existing.any(0).all():
            return existing[0]
        valid = np.stack([~covered(existing[1 - kind]) & ~made[kind] for kind in (0, 1)])
        possible = np.stack([covered(made[kind] | valid[kind]) for kind in (0, 1)])
        required = ~existing & ~possible[::-1]
        resolving = np.stack([covered(pixels) for pixels in required]) & valid
        free = np.stack([~covered((possible | existing)[1 - kind]) & valid[kind] for kind in (0, 1)])
        if free.any():
            made |= free
        else:
            candidates = resolving if resolving.any() else valid
            made.flat[np.where(candidates, gains, -np.inf).argmax()] = True


def fields(shape, count, seed=0):
    """White noise, smooth noise, and signs of smooth noise, where many rewards tie."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        noise = rng.standard_normal(shape)
        smooth = ndimage.gaussian_filter(noise, 1.0 + index % 3)
        yield from (noise, smooth, np.sign(smooth))


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_plain_algorithm_bit_for_bit(shape):
    for rewards in fields(shape, count=1 if max(shape) > 20 else 20):
        assert (paint(rewards) == plain(rewards)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_output_is_feasible_and_is_its_own_output(shape):
    for rewards in fields(shape, count=30):
        design = paint(rewards)
        assert feasible(design)
        assert (paint(np.where(design, 1.0, -1.0)) == design).all()


def opened_both_ways(pixels):
    """Remove what no stroke covers, solid and void in turn, until nothing is left to remove."""
    while True:
        smaller = ~opened(~opened(pixels))
        if (smaller == pixels).all():
            return pixels
        pixels = smaller


@pytest.mark.parametrize("shape", SHAPES)
def test_every_feasible_design_is_an_output_even_if_the_generator_did_not_make_it(shape):
    designs = [opened_both_ways(rewards > 0) for rewards in fields(shape, count=30)]
    designs = [design for design in designs if feasible(design)]
    assert len(designs) > 30
    for design in designs:
        assert (paint(np.where(design, 1.0, -1.0)) == design).all()


def unions_of_strokes(pixels):
    """Definition of the constraint, stroke by stroke."""
    union = np.zeros_like(pixels)
    for x, y in np.ndindex(pixels.shape):
        shape = np.zeros_like(pixels)
        shape[x, y] = True
        stroke = covered(shape)
        if (pixels | ~stroke).all():
            union |= stroke
    return (union == pixels).all()


def test_feasible_agrees_with_the_definition():
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(300):
        design = paint(rng.standard_normal((6, 6)))
        if rng.random() < 0.7:
            design.flat[rng.integers(36)] ^= True
        expected = bool(unions_of_strokes(design) and unions_of_strokes(~design))
        assert feasible(design) == expected
        seen.add(expected)
    assert seen == {True, False}


def test_constant_rewards_give_whole_designs():
    assert paint(np.ones((8, 8))).all()
    assert not paint(-np.ones((8, 8))).any()


def test_solve_minimises_costs_row_by_row_and_tells_bad_rows():
    first, second = draw("bend", 2, seed=0)
    costs = torch.from_numpy(np.random.default_rng(2).standard_normal((2, 1600)))
    x = solve(costs, [first, second])
    assert (x[1].reshape(40, 40).numpy() == paint(-costs[1].reshape(40, 40).numpy())).all()
    assert (costs * x).sum() < (costs * (1 - x)).sum()
    costs[0, 3] = torch.nan
    with pytest.raises(RowsFailed, match="row 0: costs are not finite") as failed:
        solve(costs, [first, second])
    assert torch.equal(failed.value.results[1], x[1])
    with pytest.raises(SurcoError, match=r"bend .*: 9 costs for a design of \(40, 40\) pixels"):
        solve(torch.zeros(1, 9), [first])


def test_a_design_smaller_than_the_brush_is_refused():
    with pytest.raises(SurcoError, match=r"brush of \(3, 3\) pixels does not fit a design of \(2, 40\)"):
        paint(np.ones((2, 40)))

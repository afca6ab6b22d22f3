"""The tuning protocol on made-up quality curves, and one real sweep against runs one after the other."""

import math

import pytest
import torch

from common.optimizers import learning_rate_grid, make
from papers.adaptive_optimizers.jobs import SweepJob
from papers.adaptive_optimizers.sweep import choose, shared_batches, sweep_optimizer, tune
from papers.adaptive_optimizers.tasks import TASKS, Part, build_network, evaluate, read_data
from tests.papers.adaptive_optimizers.made_build import params_at

NAN = math.nan


def peak_at(best: float, asked: list[list[float]]):
    """Quality that falls with the distance from `best` in decades; notes what it was asked."""

    def quality_of(rates: list[float]) -> list[list[float]]:
        asked.append(rates)
        return [[-abs(math.log10(rate / best)), -1 - abs(math.log10(rate / best))] for rate in rates]

    return quality_of


def test_an_optimum_inside_the_grid_is_found_without_another_run():
    asked, grid = [], learning_rate_grid("adam", 5)
    chosen = tune("adam", points=5, extend=4, quality_of=peak_at(grid[1], asked))
    assert (chosen["best"], chosen["at_edge"], asked) == (grid[1], False, [grid])
    assert chosen["learning_rates"] == grid
    assert [len(row) for row in chosen["quality"]] == [2] * 5


@pytest.mark.parametrize("direction", [-1, 1])
def test_an_end_that_is_best_is_extended_until_the_optimum_lies_inside(direction):
    asked, wide = [], learning_rate_grid("adam", 11)
    best = wide[5 + 4 * direction]  # two beyond the end of the five in the middle
    chosen = tune("adam", points=5, extend=3, quality_of=peak_at(best, asked))
    assert (chosen["best"], chosen["at_edge"]) == (best, False)
    added = [wide[5 + place * direction] for place in (3, 4, 5)]
    assert asked == [wide[3:8], *([rate] for rate in added)]
    assert chosen["learning_rates"] == sorted([*wide[3:8], *added])
    assert [row[0] for row in chosen["quality"]] == [row[0] for row in peak_at(best, [])(chosen["learning_rates"])]


@pytest.mark.parametrize(("extend", "best"), [(0, 1e9), (2, 1e9), (2, 1e-9)])
def test_the_grid_grows_by_no_more_than_it_may(extend, best):
    asked = []
    chosen = tune("adam", points=3, extend=extend, quality_of=peak_at(best, asked))
    assert len(asked) == 1 + extend
    assert len(chosen["learning_rates"]) == 3 + extend
    assert chosen["at_edge"]


def test_a_learning_rate_at_which_one_seed_diverged_is_never_chosen():
    chosen = choose([0.1, 1.0, 10.0], [[50.0, 50.0], [99.0, NAN], [60.0, 58.0]])
    assert chosen["best"] == 10.0
    assert chosen["quality"] == [[50.0, 50.0], [99.0, None], [60.0, 58.0]]


def test_where_everything_diverged_the_smallest_learning_rate_is_taken_and_smaller_ones_are_tried():
    asked, grid = [], learning_rate_grid("adam", 7)

    def quality_of(rates: list[float]) -> list[list[float]]:
        asked.append(rates)
        return [[NAN] for _ in rates]

    chosen = tune("adam", points=3, extend=2, quality_of=quality_of)
    assert (chosen["best"], chosen["at_edge"]) == (grid[0], True)
    assert asked == [grid[2:5], [grid[1]], [grid[0]]]
    assert chosen["quality"] == [[None]] * 5


def test_the_batches_are_those_of_the_seed_with_a_new_order_in_every_epoch():
    part = Part(torch.arange(10.0), torch.arange(10))
    batches = list(shared_batches(part, 3, epochs=2, seed=5))
    assert [len(x) for x, _ in batches] == [3] * 6
    orders = [torch.cat([y for _, y in batches[start : start + 3]]).tolist() for start in (0, 3)]
    assert orders[0] != orders[1]
    assert all(torch.equal(x, y.float()) for x, y in batches)
    again = shared_batches(part, 3, epochs=2, seed=5)
    assert all(torch.equal(first[1], second[1]) for first, second in zip(batches, again, strict=True))


def test_a_sweep_scores_every_learning_rate_as_a_run_of_its_own_with_the_same_batches():
    sizes = {"train_examples": None, "tuning_examples": 512, "tuning_epochs": 2, "valid_examples": 200}
    params = params_at("smoke", workloads={"digits_classification": sizes}, tuning={"extend": 0, "seeds": [100, 101]})
    swept = sweep_optimizer(SweepJob(params, "digits_classification", "adam"))
    assert swept["learning_rates"] == learning_rate_grid("adam", 3)

    workload, task = params.workloads["digits_classification"], TASKS["classification"]
    data = read_data(workload, params.split_seed)
    seen = Part(data.train.x[:512], data.train.y[:512])
    alone = []
    for seed in params.tuning.seeds:
        network = build_network(workload, data, seed)
        reference = make("adam", network.parameters(), {"lr": swept["learning_rates"][1]})
        for x, y in shared_batches(seen, workload.batch_size, 2, seed=params.tuning.seeds[0]):
            reference.zero_grad()
            task.loss(network(x)[None], y)[0].backward()
            reference.step()
        alone.append(evaluate(task, network, data.valid)[1])
    assert swept["quality"][1] == alone
    assert min(alone) > 15  # it learns, where chance is 10

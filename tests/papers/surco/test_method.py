"""SurCo's four algorithms on problems small enough to enumerate, and what they say when something is wrong."""

import warnings

import pytest
import torch
from torch import nn

from papers.surco.choices import Training
from papers.surco.errors import InstancesFailed, RowsFailed, SurcoError, VanishingGradient
from papers.surco.estimators import make
from papers.surco.method import surco_hybrid, surco_prior, surco_zero, train_prior, train_prior_lambda
from papers.surco.problem import Problem
from tests.papers.surco.toys import differentiation, made_instances, nearest, over, search, subsets

VERTICES = subsets(6, 3)
PROBLEM = nearest(VERTICES)
BLACKBOX = differentiation("blackbox", strength=3.0, scaled=True)
PERTURBED = differentiation("perturbed", strength=1.0, samples=16)


def optima(instances):
    values = [PROBLEM.objective(vertex.expand(len(instances), -1), instances) for vertex in VERTICES]
    return torch.stack(values).amin(0)


def starts(count, instances, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, len(instances), 6, generator=generator, dtype=torch.float64)


class Linear(nn.Module):
    """Predicts u_i from the correlation of column i with the target and with the other columns, and its length."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Linear(3, 1).double()

    def forward(self, instances):
        matrix, target = instances[..., :-1], instances[..., -1:]
        features = [matrix.mT @ target, matrix.mT @ matrix.sum(2, keepdim=True), matrix.square().sum(1)[..., None]]
        return self.layer(torch.cat(features, 2)).squeeze(-1)


def zero(instances, count=8, estimator=BLACKBOX, problem=PROBLEM, **changes):
    return surco_zero(problem, instances, starts(count, instances), make(estimator, 0), search(**changes))


def test_surco_zero_finds_the_optimum_of_small_problems_from_a_few_starts():
    instances = made_instances(40, 6)
    outcome = zero(instances)
    assert (outcome.values_B < optima(instances) + 1e-9).double().mean() > 0.9
    torch.testing.assert_close(PROBLEM.objective(outcome.x_BN, instances), outcome.values_B)
    torch.testing.assert_close(PROBLEM.solve(outcome.costs_BN, instances), outcome.x_BN)


@pytest.mark.parametrize("name", ["blackbox", "imle", "perturbed", "identity"])
def test_every_estimator_improves_on_its_start(name):
    instances = made_instances(40, 6)
    outcome = zero(instances, 1, differentiation(name, strength=0.5, scaled=True))
    first, last = outcome.best_TSB[0].mean(), outcome.best_TSB[-1].mean()
    assert last < first - 0.5
    assert (outcome.best_TSB.diff(dim=0) <= 0).all()
    assert torch.equal(outcome.best_TSB[-1].amin(0), outcome.values_B)


def test_instances_do_not_depend_on_what_is_solved_beside_them():
    instances = made_instances(5, 6)
    together = zero(instances, 2, patience=3)
    alone = surco_zero(PROBLEM, instances[2:3], starts(2, instances)[:, 2:3], make(BLACKBOX, 0), search(patience=3))
    torch.testing.assert_close(alone.values_B, together.values_B[2:3])
    assert torch.equal(alone.steps_SB, together.steps_SB[:, 2:3])
    assert alone.calls_B.item() == together.calls_B[2].item()


def test_more_starts_are_never_worse():
    instances = made_instances(20, 6)
    assert (zero(instances, 4).values_B <= zero(instances, 1).values_B).all()


def test_solver_calls_are_counted():
    instances = made_instances(3, 6)
    assert zero(instances, 2, steps=7).calls_B.tolist() == [2 * 7 * 2] * 3
    assert zero(instances, 1, differentiation("identity"), steps=7).calls_B.tolist() == [7] * 3
    assert zero(instances, 1, differentiation("imle", samples=5), steps=7).calls_B.tolist() == [2 * 5 * 7] * 3
    assert zero(instances, 1, differentiation("perturbed", samples=5), steps=7).calls_B.tolist() == [6 * 7] * 3


def test_patience_ends_a_run():
    outcome = zero(made_instances(20, 6), 1, patience=2)
    assert outcome.steps_SB.min() < 30
    history = outcome.best_TSB[:, 0]
    for instance, steps in enumerate(outcome.steps_SB[0].tolist()):
        assert (history[steps - 1 :, instance] == history[steps - 1, instance]).all()


def test_training_a_prior_beats_the_untrained_network():
    train, test = made_instances(300, 6, seed=1), made_instances(100, 6, seed=2)
    network = Linear(seed=1)
    _, before = surco_prior(PROBLEM, test, network, "identity")
    training = Training(learning_rate=0.02, epochs=15, batch_size=30)
    losses = train_prior(PROBLEM, train, network, make(PERTURBED, 0), "identity", training, seed=0)
    _, after = surco_prior(PROBLEM, test, network, "identity")
    assert len(losses) == 15
    assert losses[-1] < losses[0] - 1
    assert after.mean() < before.mean() - 1


def test_the_hybrid_starts_where_the_prior_ends():
    instances = made_instances(20, 6)
    network = Linear()
    _, prior = surco_prior(PROBLEM, instances, network, "identity")
    hybrid = surco_hybrid(PROBLEM, instances, network, make(BLACKBOX, 0), search())
    torch.testing.assert_close(hybrid.best_TSB[0, 0], prior)
    assert hybrid.values_B.mean() < prior.mean() - 0.5


def test_prior_lambda_is_surco_zero_without_weight_and_follows_the_network_with_much():
    instances = made_instances(20, 6)
    network = Linear()
    with torch.no_grad():
        start = network(instances)[None]
    alone = surco_zero(PROBLEM, instances, start, make(BLACKBOX, 0), search())
    free = train_prior_lambda(PROBLEM, instances, Linear(), make(BLACKBOX, 0), search(), 0.0, 0.01)
    torch.testing.assert_close(free.values_B, alone.values_B)
    tied = train_prior_lambda(PROBLEM, instances, network, make(BLACKBOX, 0), search(), 1e3, 0.01)
    with torch.no_grad():
        moved = (network(instances) - start[0]).norm()
    assert moved > 0.1  # the network is pulled along
    assert tied.values_B.mean() >= free.values_B.mean()


class TestFaults:
    """One clear error that names the instance, and the results of the others."""

    def test_a_failed_solve_names_the_instance(self):
        instances = made_instances(4, 6)

        def solve(costs_BN, batch):
            x_BN = over(VERTICES)(costs_BN, batch)
            failed = {row: "no path" for row in range(len(batch)) if torch.equal(batch[row], instances[2])}
            if failed:
                raise RowsFailed(failed, x_BN)
            return x_BN

        problem = Problem(solve, PROBLEM.objective)
        with pytest.raises(InstancesFailed, match=r"^instance 2: no path \(results of the other") as caught:
            zero(instances, 3, problem=problem)
        kept, expected = caught.value.outcome, zero(instances, 3)
        assert torch.equal(kept.values_B[[0, 1, 3]], expected.values_B[[0, 1, 3]])
        assert kept.values_B[2] == float("inf")
        with pytest.raises(InstancesFailed, match="instance 2: no path"):
            surco_prior(problem, instances, Linear(), "identity")
        network = Linear()
        training = Training(learning_rate=0.02, epochs=2, batch_size=2)
        with pytest.raises(InstancesFailed, match="instance 2: no path") as caught:
            train_prior(problem, instances, network, make(BLACKBOX, 0), "identity", training, 0)
        assert len(caught.value.outcome) == 2
        assert all(parameter.isfinite().all() for parameter in network.parameters())

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_a_non_finite_objective_names_the_instance(self, bad):
        instances = made_instances(4, 6)
        instances[1, 0, -1] = bad
        with pytest.raises(InstancesFailed, match="instance b: objective is") as caught:
            surco_zero(
                PROBLEM, instances, starts(1, instances), make(BLACKBOX, 0), search(), names=["a", "b", "c", "d"]
            )
        assert caught.value.outcome.values_B.isfinite().tolist() == [True, False, True, True]

    def test_many_failures_are_one_line(self):
        instances = made_instances(9, 6) * float("nan")
        with pytest.raises(InstancesFailed, match=r"instance 2: .*; and 6 more") as caught:
            zero(instances, 1)
        assert len(caught.value.failures) == 9

    @pytest.mark.parametrize("shape", [(1, 3, 6), (4, 6), (1, 4, 6, 1)])
    def test_starts_of_the_wrong_shape(self, shape):
        with pytest.raises(SurcoError, match=r"starts have shape .*; needed: \[starts, 4, variables\]"):
            surco_zero(PROBLEM, made_instances(4, 6), torch.zeros(shape), make(BLACKBOX, 0), search())

    def test_starts_that_are_not_finite(self):
        with pytest.raises(SurcoError, match="starts are not finite"):
            surco_zero(PROBLEM, made_instances(1, 6), torch.full((1, 1, 6), torch.nan), make(BLACKBOX, 0), search())

    def test_a_network_of_the_wrong_shape(self):
        with pytest.raises(SurcoError, match=r"network returned costs of shape \[4, 3, 7\]; needed: \[4, variables\]"):
            surco_prior(PROBLEM, made_instances(4, 6), lambda instances: instances, "identity")

    def test_a_solver_of_the_wrong_shape(self):
        problem = Problem(lambda costs, _: costs[:, :2], PROBLEM.objective)
        with pytest.raises(SurcoError, match=r"solve: costs of shape \[4, 6\] gave x of shape \[4, 2\]"):
            zero(made_instances(4, 6), 1, problem=problem)

    def test_an_objective_of_the_wrong_shape(self):
        problem = Problem(PROBLEM.solve, lambda x, _: x.sum())
        with pytest.raises(SurcoError, match=r"objective: 4 solutions gave values of shape \[\]"):
            zero(made_instances(4, 6), 1, problem=problem)


class TestVanishingGradient:
    """It warns, once, and says what helps."""

    weak = differentiation("blackbox", strength=1e-9)

    def test_where_no_solution_changes(self):
        with pytest.warns(VanishingGradient, match="no solution changed for 3 steps; try a larger `strength`") as told:
            outcome = zero(made_instances(5, 6), 1, self.weak, warn_after=3)
        assert len(told) == 1
        assert not outcome.moved_SB.any()

    def test_not_where_solutions_change(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert zero(made_instances(40, 6), 1, warn_after=25).moved_SB.any()

    def test_in_training(self):
        training = Training(learning_rate=0.02, epochs=1, batch_size=5)
        with pytest.warns(VanishingGradient, match="in a whole epoch no gradient differed from zero"):
            train_prior(PROBLEM, made_instances(5, 6), Linear(), make(self.weak, 0), "identity", training, 0)

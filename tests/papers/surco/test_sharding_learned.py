"""Cost network, environments, DreamShard, the priors and direct prediction."""

from functools import partial

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv

from papers.surco import estimators
from papers.surco.choices import Search
from papers.surco.errors import InstancesFailed
from papers.surco.method import surco_zero
from papers.surco.polytope import solve_regularised
from papers.surco.problem import Problem
from papers.surco.sharding import cost_network, dreamshard, prediction
from papers.surco.sharding.cost_network import CostNetwork, Measured
from papers.surco.sharding.environment import PlacementEnv, PlacementVectorEnv
from papers.surco.sharding.networks import ContextPrior, ReleasedPrior
from papers.surco.sharding.placement import one_hot, relaxation, solve
from papers.surco.sharding.settings import CostTraining, DreamShard, Prediction
from tests.papers.surco.sharding_cases import LOOSE, TIGHT, network, tasks


class TestCostNetwork:
    def test_is_that_of_dreamshard_at_binary_x(self):
        some, net = tasks(), CostNetwork(0)
        x_BN = solve(torch.rand(4, 24, generator=torch.Generator().manual_seed(0)), some)
        home_BT = x_BN.reshape(4, 6, 4).argmax(2)
        for row in range(4):
            latents_TH = net.table(some.features_BTF[row])
            latents_DH = torch.stack([latents_TH[home_BT[row] == device].sum(0) for device in range(4)])
            expected = 10 * net.overall(latents_DH.amax(0))
            assert torch.allclose(net(x_BN, some)[row], expected, atol=1e-5)

    def test_devices_are_alike(self):
        some, net = tasks(), CostNetwork(0)
        home_BT = torch.arange(6).remainder(4).repeat(4, 1)
        assert torch.allclose(net(one_hot(home_BT, 4), some), net(one_hot(3 - home_BT, 4), some), atol=1e-5)

    def test_the_additive_control_finds_an_additive_truth_though_its_columns_depend_on_each_other(self):
        random = torch.Generator().manual_seed(0)
        features_QF = torch.randn(40, cost_network.FEATURES, generator=random)
        shares = torch.rand(40, cost_network.FEATURES - 4, generator=random)
        shares[:, 3] = 0  # a bin that no table has
        features_QF[:, 4:] = shares / shares.sum(1, keepdim=True)
        members_PQ = (torch.rand(300, 40, generator=random) < 0.2).float()
        weights_C3 = torch.rand(cost_network._design(_measured(features_QF, members_PQ)).shape[1], 3, generator=random)
        fitted, tested = (_measured(features_QF, members, weights_C3) for members in members_PQ.split(150))
        errors_B = cost_network.additive_errors(fitted, tested, torch.arange(120).reshape(30, 4))
        assert errors_B.abs().max() < 0.01

    def test_learns_an_additive_truth(self):
        random = torch.Generator().manual_seed(0)
        features_QF = torch.randn(30, cost_network.FEATURES, generator=random)
        members_PQ = (torch.rand(200, 30, generator=random) < 0.2).float()
        parts_P3 = members_PQ @ torch.stack([features_QF[:, k].abs() + 1 for k in range(3)], 1)
        measured, net = Measured(features_QF, members_PQ, parts_P3, ""), CostNetwork(0)
        settings = CostTraining(learning_rate=0.003, steps=80, placements=32, tested=10, seed=0)
        losses = cost_network.train(net, measured, settings, 4, 0)
        placements_BD = measured.placements(100, 4, np.random.default_rng(1))
        assert losses[-1] < losses[0] / 10
        assert cost_network.errors(net, measured, placements_BD).abs().mean() < 12

    def test_latency_of_a_placement_waits_for_the_slowest_and_the_widest(self):
        parts_P3 = torch.tensor([[1.0, 5.0, 2.0], [4.0, 1.0, 4.0]])
        measured = Measured(torch.zeros(1, 1), torch.zeros(2, 1), parts_P3, "")
        assert measured.latency(torch.tensor([[0, 1]])).item() == 8 + 2 * 5


class TestEnvironment:
    def test_single_environment_passes_gymnasiums_checks(self):
        check_env(PlacementEnv(tasks(TIGHT, count=1), network()), skip_render_check=True)

    def test_many_instances_at_once_play_as_one_after_the_other(self):
        some, net = tasks(TIGHT, count=3), network()
        together = PlacementVectorEnv(some, net)
        apart = SyncVectorEnv([partial(PlacementEnv, some[torch.tensor([row])], net) for row in range(3)])
        assert together.observation_space == apart.observation_space
        assert together.action_space == apart.action_space
        (seen, _), (expected, _) = together.reset(), apart.reset()
        actions_SB = np.random.default_rng(0).integers(0, 4, (6, 3))
        for actions_B in actions_SB:
            assert together.observation_space.contains(seen)
            assert all((seen[name] == expected[name]).all() for name in expected)
            seen, *rest = together.step(actions_B)
            expected, *others = apart.step(actions_B)
            assert all(np.allclose(mine, theirs) for mine, theirs in zip(rest[:3], others[:3], strict=True))
        assert rest[1].all()

    def test_reward_is_minus_the_latency_of_what_was_placed(self):
        some, net = tasks(LOOSE), network()
        game = PlacementVectorEnv(some, net)
        seen, _ = game.reset()
        chosen_BT = torch.zeros(4, 6, dtype=torch.long)
        for step in range(6):
            chosen_BT[range(4), seen["table"]] = step % 4
            seen, rewards_B, ended_B, _, _ = game.step(np.full(4, step % 4))
            assert ended_B.all() == (step == 5)
        assert torch.allclose(-torch.from_numpy(rewards_B).float(), net(one_hot(chosen_BT, 4), some))

    def test_full_devices_are_illegal(self):
        some = tasks(TIGHT, count=1)
        game = PlacementVectorEnv(some, network())
        seen, _ = game.reset()
        while seen["legal"].all():
            seen, *_ = game.step(np.zeros(1, dtype=int))
        table = int(seen["table"][0])
        used = (game.placed_BTD[0, :, 0] * some.sizes_BT[0].numpy()).sum()
        assert used + int(some.sizes_BT[0, table]) > int(some.capacity_B[0])
        assert not seen["legal"][0, 0]


class TestDreamShard:
    def test_training_lowers_the_latency_and_placements_fit(self):
        some, net = tasks(TIGHT, count=6), network()
        policy = dreamshard.Policy(net, 0)
        before = -policy.play(some, torch.Generator().manual_seed(0))[1].mean()
        settings = DreamShard(learning_rate=0.003, iterations=30, tasks=6, episodes=6, entropy=0.001)
        dreamshard.train(policy, some, settings, 0)
        game, rewards_B, log_B, _ = policy.play(some, None)
        assert some.fits(game.placements()).all()
        assert -rewards_B.mean() < before
        assert (log_B <= 0).all()


class TestSurCo:
    def test_zero_improves_on_its_start_and_only_the_pure_lp_gradient_vanishes(self):
        some, net = tasks(LOOSE, tables=8), network()
        problem = Problem(solve, net, relaxation)
        u_SBN = torch.rand(1, 4, 32, generator=torch.Generator().manual_seed(0)) - 0.5
        search = Search(link="sigmoid", learning_rate=0.05, betas=(0.9, 0.999), steps=30, patience=30, warn_after=30)
        outcome = surco_zero(problem, some, u_SBN, estimators.Blackbox(1.0, True), search)
        assert (outcome.best_TSB[-1] < outcome.best_TSB[0]).all()
        slopes_KBN = torch.rand(1, 4, 32, generator=torch.Generator().manual_seed(1)).double()
        norms = {
            gamma: solve_norm(u_SBN[0].sigmoid().double(), some, slopes_KBN, gamma).median() for gamma in (1e-6, 1.0)
        }
        assert norms[1e-6] < 1e-4 * norms[1.0]

    def test_an_instance_that_does_not_fit_is_named_and_the_others_have_results(self):
        some = tasks(TIGHT, count=3)
        some.capacity_B[1] = 1
        u_SBN = torch.rand(1, 3, 24, generator=torch.Generator().manual_seed(0)) - 0.5
        search = Search(link="sigmoid", learning_rate=0.05, betas=(0.9, 0.999), steps=2, patience=2, warn_after=9)
        problem = Problem(solve, network(), relaxation)
        with pytest.raises(InstancesFailed, match=r"1 \(6 tables on 4 devices\): no placement fits") as caught:
            surco_zero(problem, some, u_SBN, estimators.Blackbox(1.0, True), search, some.names())
        outcome = caught.value.outcome
        assert outcome.values_B.isinf().tolist() == [False, True, False]
        assert some.fits(outcome.x_BN)[[0, 2]].all()

    def test_context_priors_costs_are_centred_and_of_the_given_size(self):
        some = tasks(tables=8)
        u_BTD = ContextPrior(16, 4, 0, 1.5, network())(some).reshape(4, 8, 4)
        assert torch.allclose(u_BTD.mean(1), torch.zeros(4, 4), atol=1e-5)
        assert torch.allclose(u_BTD.square().mean((1, 2)), torch.full((4,), 1.5**2))

    def test_priors_differ_in_what_a_table_knows_of_the_others(self):
        some, net = tasks(tables=8), network()
        other = some[torch.arange(4)]
        other.features_BTF[:, 1:] = other.features_BTF[:, 1:].flip(1) + 1.0
        released, context = ReleasedPrior(16, 4, 0), ContextPrior(16, 4, 0, 1.0, net)
        assert torch.allclose(released(some)[:, :4], released(other)[:, :4])
        assert not torch.allclose(context(some)[:, :4], context(other)[:, :4])
        assert not any(parameter is mine for parameter in net.parameters() for mine in context.parameters())


class TestPrediction:
    def test_canonical_labels_name_devices_by_their_first_table(self):
        some = tasks(tables=4, count=1)
        x_BN = one_hot(torch.tensor([[2, 2, 0, 3]]), 4)
        assert prediction.canonical(x_BN, some).reshape(4, 4).argmax(1).tolist() == [0, 0, 1, 2]

    def test_rounding_may_place_a_table_nowhere_and_the_iterative_way_does_not(self):
        some = tasks(TIGHT, tables=6, count=4)
        network_ = prediction.train("softmax", some, solve(-torch.rand(4, 24), some), _settings(), 0)
        predicted_BN = prediction.predict("softmax", network_, some)
        assert torch.allclose(predicted_BN.reshape(4, 6, 4).sum(2), torch.ones(4, 6))
        nowhere_BN = torch.zeros(4, 24)
        assert not prediction.is_placement(nowhere_BN, some).any()
        placed_BN, fits_B = prediction.iterative(nowhere_BN, some)
        assert (placed_BN.reshape(4, 6, 4).sum(2) == 1).all()
        assert (fits_B == some.fits(placed_BN)).all()


def solve_norm(costs_BN, some, slopes_KBN, gamma):
    solved = solve_regularised(costs_BN, relaxation(some), gamma)
    return solved.gradient(slopes_KBN[0]).norm(dim=1)


def _settings() -> Prediction:
    return Prediction(hidden=16, learning_rate=0.01, steps=20)


def _measured(features_QF, members_PQ, weights_C3=None):
    """Sets of tables whose times are linear in the control's columns."""
    measured = Measured(features_QF, members_PQ, torch.zeros(len(members_PQ), 3), "made")
    if weights_C3 is None:
        return measured
    parts_P3 = torch.from_numpy(cost_network._design(measured)) @ weights_C3.double()
    return Measured(features_QF, members_PQ, parts_P3.float(), "made")

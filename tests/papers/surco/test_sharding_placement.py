"""The exact solver of the surrogate problem, its relaxation, and methods without learning."""

import pytest
import torch

from papers.surco.errors import RowsFailed, SurcoError
from papers.surco.polytope import solve_regularised
from papers.surco.sharding import classical
from papers.surco.sharding.genetic import genetic
from papers.surco.sharding.placement import assign, cheapest, one_hot, relaxation, repaired, solve
from papers.surco.sharding.settings import Genetic
from tests.papers.surco.sharding_cases import LOOSE, TIGHT, all_placements, network, tasks


def random_costs(some, seed=0):
    return torch.rand(len(some), some.tables * some.devices, generator=torch.Generator().manual_seed(seed))


class TestSolve:
    @pytest.mark.parametrize("setting", [LOOSE, TIGHT])
    def test_agrees_with_enumeration(self, setting):
        some = tasks(setting, tables=5, count=6)
        costs_BN = random_costs(some)
        x_BN = solve(costs_BN, some)
        for row in range(len(some)):
            every_SN = all_placements(some[torch.tensor([row])])
            fits_S = some[torch.full((len(every_SN),), row)].fits(every_SN)
            best = (every_SN[fits_S] @ costs_BN[row]).min()
            assert (x_BN[row] @ costs_BN[row]).item() == pytest.approx(best.item(), abs=1e-6)
        assert some.fits(x_BN).all()

    def test_memory_binds_in_the_tight_setting_only(self):
        loose, tight = (tasks(setting, tables=12, count=20) for setting in (LOOSE, TIGHT))
        assert loose.fits(cheapest(random_costs(loose), loose)).all()
        assert tight.fits(cheapest(random_costs(tight), tight)).double().mean() < 0.5

    def test_loose_memory_makes_the_problem_separable(self):
        some = tasks(LOOSE, tables=12, count=3)
        costs_BN = random_costs(some)
        for row in range(3):
            costs_TD = costs_BN[row].reshape(12, 4).double().numpy()
            devices_T = assign(costs_TD, some.sizes_BT[row].numpy(), int(some.capacity_B[row]))
            assert (devices_T == costs_TD.argmin(1)).all()

    def test_an_instance_that_does_not_fit_costs_the_others_nothing(self):
        some = tasks(TIGHT, count=3)
        some.capacity_B[1] = 1
        total = int(some.sizes_BT[1].sum())
        with pytest.raises(
            RowsFailed, match=f"row 1: no placement fits {total} MiB of tables on 4 devices of 1 MiB"
        ) as e:
            solve(random_costs(some), some)
        assert list(e.value.failures) == [1]
        assert some.fits(e.value.results)[[0, 2]].all()

    def test_bad_costs(self):
        some = tasks()
        with pytest.raises(SurcoError, match=r"costs have shape \[4, 23\]; needed: \[4, 24\]"):
            solve(torch.zeros(4, 23), some)
        costs_BN = random_costs(some)
        costs_BN[2, 3] = torch.nan
        with pytest.raises(RowsFailed, match="row 2: costs are not finite"):
            solve(costs_BN, some)

    def test_repair_moves_the_fewest_tables(self):
        some = tasks(TIGHT, tables=5, count=4)
        together_BN = one_hot(torch.zeros(4, 5, dtype=torch.long), 4)
        x_BN = repaired(together_BN, some)
        for row in range(4):
            every_SN = all_placements(some[torch.tensor([row])])
            fits_S = some[torch.full((len(every_SN),), row)].fits(every_SN)
            assert (x_BN[row] * together_BN[row]).sum() == (every_SN[fits_S] @ together_BN[row]).max()


class TestRelaxation:
    def test_vertices_satisfy_it(self):
        some = tasks(TIGHT, tables=5, count=3)
        polytope = relaxation(some)
        x_BN = solve(random_costs(some), some)
        slack_BD = 1 - some.loads(x_BN) / some.capacity_B[:, None]
        point_BV = torch.cat([x_BN.double(), slack_BD], 1)
        assert torch.allclose((polytope.matrix_BMV @ point_BV[..., None])[..., 0], polytope.bound_BM)
        assert ((slack_BD >= 0) & (slack_BD <= 1)).all()

    def test_with_loose_memory_its_solution_is_the_problems(self):
        some = tasks(LOOSE, tables=5, count=3)
        costs_BN = random_costs(some).double()
        assert (solve_regularised(costs_BN, relaxation(some), 1e-6).x_BN.round() == solve(costs_BN, some)).all()


class TestClassical:
    def test_dim_greedy_by_hand(self):
        some = tasks(count=1, tables=5)
        some.dims_BT[0] = torch.tensor([1, 8, 4, 2, 1])
        devices_T = classical.dim_greedy(some).reshape(5, 4).argmax(1)
        # 8, 4 and 2 to an empty device each, a 1 to the last empty one, the other 1 beside it
        assert devices_T[[1, 2, 3]].tolist() == [0, 1, 2]
        assert devices_T[[0, 4]].tolist() == [3, 3]

    @pytest.mark.parametrize("setting", [LOOSE, TIGHT])
    def test_all_are_placements_and_local_search_improves(self, setting):
        some, net = tasks(setting, tables=8), network()
        for method in (classical.dim_greedy, classical.size_greedy, classical.lookup_greedy):
            x_BN = method(some)
            assert (x_BN.reshape(4, 8, 4).sum(2) == 1).all()
            assert some.fits(x_BN).all()
        greedy_BN = classical.cost_greedy(some, net)
        x_BN = classical.local_search(greedy_BN, some, net, 50)
        assert some.fits(x_BN).all()
        assert (net(x_BN, some) <= net(greedy_BN, some) + 1e-5).all()

    def test_local_search_ends_where_no_move_or_swap_helps(self):
        some, net = tasks(LOOSE, tables=4, count=1), network()
        x_BN = classical.local_search(classical.dim_greedy(some), some, net, 50)
        every_SN = all_placements(some)
        moved_S = (every_SN != x_BN).sum(1) / 2
        one_move_SN = every_SN[moved_S == 1]
        values_S = net(one_move_SN, some[torch.zeros(len(one_move_SN), dtype=torch.long)])
        assert values_S.min() >= net(x_BN, some) - 1e-5

    def test_random_search_gains_from_more_tries(self):
        some, net = tasks(TIGHT, tables=8), network()
        few, many = (
            net(classical.random_search(some, net, count, torch.Generator().manual_seed(0)), some) for count in (1, 20)
        )
        assert (many <= few).all()
        assert (many < few).any()

    def test_genetic_finds_a_placement(self):
        some, net = tasks(TIGHT, tables=5, count=1), network()
        x_BN = genetic(some, net, Genetic(population=20, generations=20), 0)
        every_SN = all_placements(some)
        fits_S = some[torch.zeros(len(every_SN), dtype=torch.long)].fits(every_SN)
        values_S = net(every_SN, some[torch.zeros(len(every_SN), dtype=torch.long)])
        assert some.fits(x_BN).all()
        assert net(x_BN, some).item() <= values_S[fits_S].quantile(0.2).item()


@pytest.mark.filterwarnings("ignore")  # what cvxpy and diffcp say of themselves is not ours to mend
def test_released_layer_has_no_gradient_through_the_pure_linear_program():
    """CVXPYLayers on the relaxation, as in the released code: solver noise without a quadratic term."""
    cvxpy = pytest.importorskip("cvxpy")
    layers = pytest.importorskip("cvxpylayers.torch")
    some = tasks(TIGHT, tables=5, count=1)
    polytope = relaxation(some)
    costs_N, slopes_N = random_costs(some)[0].double(), random_costs(some, 1)[0].double()
    matrix_MV, norms = polytope.matrix_BMV[0].numpy(), {}
    for gamma in (0.0, 1.0):
        x_V, c_N = cvxpy.Variable(matrix_MV.shape[1]), cvxpy.Parameter(20)
        objective = c_N @ x_V[:20] + gamma / 2 * cvxpy.sum_squares(x_V[:20])
        problem = cvxpy.Problem(cvxpy.Minimize(objective), [matrix_MV @ x_V == 1, x_V >= 0, x_V <= 1])
        leaf_N = costs_N.clone().requires_grad_()
        (found_V,) = layers.CvxpyLayer(problem, parameters=[c_N], variables=[x_V])(leaf_N)
        (found_V[:20] @ slopes_N).backward()
        norms[gamma] = leaf_N.grad.norm().item()
    solved = solve_regularised(costs_N[None], polytope, 1.0)
    assert norms[0.0] < 0.01 * norms[1.0]
    assert norms[1.0] == pytest.approx(solved.gradient(slopes_N[None]).norm().item(), rel=0.02)

"""One contract for every optimizer of the table."""

import copy

import pytest
import torch

from common.errors import RepriseError
from common.optimizers import CONVENTIONS, OPTIMIZERS, defaults, find, learning_rate_grid, make

EVERY_OPTIMIZER = pytest.mark.parametrize("name", OPTIMIZERS)
FUSED = [name for name, spec in OPTIMIZERS.items() if "fused" in spec.options]

# rates and steps for two dimensions without noise, far from those of a network
PARABOLA = {"sgd": 0.1, "momentum": 0.01, "nesterov": 0.01, "adagrad": 1.0, "adadelta": 10.0}
ROSENBROCK = {"sgd": 1.9e-3, "momentum": 1e-3, "nesterov": 1e-3, "adagrad": 0.5, "adadelta": 0.3, "rmsprop": 3e-3}
SLOW = {"sgd", "adagrad", "adadelta"}


def parabola(x: float, y: float) -> list[float]:
    """Gradient of (x - 1)^2 + (y + 1)^2."""
    return [2 * (x - 1), 2 * (y + 1)]


def rosenbrock(x: float, y: float) -> list[float]:
    """Gradient of (1 - x)^2 + 100 (y - x^2)^2."""
    return [2 * (x - 1) - 400 * x * (y - x * x), 200 * (y - x * x)]


@EVERY_OPTIMIZER
@pytest.mark.parametrize(
    ("gradient", "rates", "minimum", "steps"),
    [(parabola, PARABOLA, [1.0, -1.0], 500), (rosenbrock, ROSENBROCK, [1.0, 1.0], 3000)],
)
def test_finds_the_minimum(name, gradient, rates, minimum, steps):
    point = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    rate = rates.get(name, 0.01 if gradient is rosenbrock else 0.03)
    optimizer = make(name, [point], {"lr": rate})
    steps *= 3 if name in SLOW else 1
    for step in range(steps):
        # steps of a fixed length (Lion) would circle the minimum: let them shrink in the second half
        optimizer.param_groups[0]["lr"] = rate * min(1, 2 - 2 * step / steps)
        point.grad = torch.tensor(gradient(*point.tolist()), dtype=torch.float64)
        optimizer.step()
    assert point.tolist() == pytest.approx(minimum, abs=0.03)


def parameters(dtype: torch.dtype = torch.float32) -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 3), (3,), (2, 1, 3, 3)]
    return [torch.nn.Parameter(torch.randn(s, generator=generator, dtype=dtype)) for s in shapes]


def walk(optimizer: torch.optim.Optimizer, steps: range) -> None:
    """Take steps along gradients that depend on the step's number only."""
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)
        optimizer.step()


@EVERY_OPTIMIZER
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_resumes_bit_for_bit_from_a_state_dict(name, convention):
    straight = parameters()
    optimizer = make(name, straight, defaults(name, convention))
    walk(optimizer, range(7))
    state, resumed = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(straight)
    walk(optimizer, range(7, 20))
    restarted = make(name, resumed, {})
    restarted.load_state_dict(state)
    walk(restarted, range(7, 20))
    assert all(torch.equal(a, b) for a, b in zip(straight, resumed, strict=True))


@EVERY_OPTIMIZER
def test_groups_keep_their_own_learning_rate(name):
    grouped, alone, other = parameters(), parameters(), parameters()
    walk(make(name, [{"params": grouped[:1]}, {"params": grouped[1:], "lr": 0.0}], {"lr": 0.01}), range(3))
    walk(make(name, alone, {"lr": 0.01}), range(3))
    assert torch.equal(grouped[0], alone[0])
    assert all(torch.equal(a, b) for a, b in zip(grouped[1:], other[1:], strict=True))


@EVERY_OPTIMIZER
def test_none_and_zero_gradients_leave_parameters_alone(name):
    before, after = parameters(), parameters()
    optimizer = make(name, after, {"lr": 0.1, "weight_decay": 0.0})
    after[0].grad, after[1].grad = None, torch.zeros_like(after[1])
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


@EVERY_OPTIMIZER
def test_works_in_double_precision(name):
    single, double = parameters(torch.float64), parameters(torch.float64)
    single = [torch.nn.Parameter(p.detach().float()) for p in single]
    for chosen in (single, double):
        optimizer = make(name, chosen, {"lr": 0.01})
        for step in range(20):
            for p, reference in zip(chosen, double, strict=True):
                generator = torch.Generator().manual_seed(step)
                p.grad = torch.randn(reference.shape, generator=generator, dtype=torch.float64).to(p.dtype)
            optimizer.step()
    for a, b in zip(single, double, strict=True):
        assert b.dtype == torch.float64
        torch.testing.assert_close(a.double(), b, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", FUSED)
def test_the_fused_kernel_equals_the_loop(name):
    fused, loop = parameters(), parameters()
    walk(make(name, fused, {"lr": 0.01}), range(30))
    spec = find(name)
    options = {**spec.options, "fused": False, "foreach": False}
    walk(spec.factory(loop, **(defaults(name, "torch") | {"lr": 0.01}), **options), range(30))
    for a, b in zip(fused, loop, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


@EVERY_OPTIMIZER
def test_the_table_says_how_much_state_is_kept(name):
    chosen = parameters()
    optimizer = make(name, chosen, {})
    walk(optimizer, range(1))
    kept = sum(t.numel() for state in optimizer.state.values() for t in state.values() if t.dim() > 0)
    assert kept == find(name).state_buffers * sum(p.numel() for p in chosen)


@EVERY_OPTIMIZER
def test_the_torch_convention_is_what_the_constructor_does(name):
    ours = make(name, parameters(), {}).defaults
    constructor = find(name).factory(parameters()).defaults
    differs = {key for key in defaults(name, "torch") if ours[key] != constructor[key]}
    assert differs == ({"momentum"} if name in {"momentum", "nesterov"} else set())


def test_the_conventions_name_the_same_hyperparameters():
    for name in OPTIMIZERS:
        assert defaults(name, "torch").keys() == defaults(name, "paper_era").keys()


def test_the_grid_runs_in_half_decades():
    assert learning_rate_grid("adam") == [1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1]
    assert learning_rate_grid("sgd", points=3) == [3.16e-2, 1e-1, 3.16e-1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make("adma", parameters(), {}), "no optimizer 'adma'; did you mean 'ada"),
        (lambda: make("adam", parameters(), {"beta": 0.9}), "'beta'; did you mean 'betas'?"),
        (lambda: make("sgd", parameters(), {"momentum": 0.9}), "no hyperparameter of sgd 'momentum' (known: "),
        (lambda: defaults("adam", "tensorflow"), "no convention 'tensorflow' (known: paper_era, torch)"),
    ],
)
def test_unknown_names_are_one_clear_line(call, message):
    with pytest.raises(RepriseError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)

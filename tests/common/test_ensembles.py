"""Stacked runs against the same runs one after the other."""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from common.ensembles import RULES, Ensemble, Recipe, cross_entropy, mean_squared_error, train
from common.errors import RepriseError
from common.optimizers import CONVENTIONS, OPTIMIZERS, defaults, make

EVERY_RULE = pytest.mark.parametrize("name", OPTIMIZERS)
SEEDS = [3, 1, 4]
RATES = [0.3, 0.01, 1e-4]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)  # torch's NAdam keeps a scalar of its state in this precision
    yield
    torch.set_default_dtype(torch.float32)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10))


def small_cnn() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 10))


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 2, stride=2), nn.Sigmoid()
    )


class Residual(nn.Module):
    """Not a `Sequential`: the way of any other module."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(64, 64)
        self.head = nn.Linear(64, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        return self.head(x + torch.relu(self.inner(x)))


def digits(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    images, labels = load_digits(return_X_y=True)
    return torch.tensor(images / 16, dtype=dtype).view(-1, 1, 8, 8), torch.tensor(labels)


def minibatches(steps: int, seed: int = 0, size: int = 32) -> list[tuple[Tensor, Tensor]]:
    x, y = digits(torch.get_default_dtype())
    generator = torch.Generator().manual_seed(seed)
    chosen = [torch.randint(len(x), (size,), generator=generator) for _ in range(steps)]
    return [(x[i], y[i]) for i in chosen]


def fresh(build, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return build()


def flat(model: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def random_gradients(steps: int, shape: tuple[int, ...], dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator, dtype=dtype) for _ in range(steps)]


class Linear(nn.Module):
    """Its loss is theta . x: the batch x is the gradient."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.randn(11))

    def forward(self, x: Tensor) -> Tensor:
        return self.theta * x


def total(outputs_RP: Tensor, _: Tensor) -> Tensor:
    return outputs_RP.sum(1)


@EVERY_RULE
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("decay", [None, 0.1])
def test_a_rule_equals_its_reference_run_by_run(name, convention, decay, double):
    hyper = defaults(name, convention) | ({} if decay is None else {"weight_decay": decay})
    gradients = random_gradients(100, (len(SEEDS), 11), torch.float64)
    ensemble = Ensemble(Linear, SEEDS)
    ensemble.theta_RP = ensemble.theta_RP.double()
    recipe = Recipe(name, hyper | {"lr": RATES})
    start_RP = ensemble.theta_RP.clone()
    train(ensemble, recipe, [(g, g) for g in gradients], total, per_run=True)
    for r, rate in enumerate(RATES):
        theta = nn.Parameter(start_RP[r].clone())
        optimizer = make(name, [theta], hyper | {"lr": rate})
        for gradient_RP in gradients:
            theta.grad = gradient_RP[r].clone()
            optimizer.step()
        torch.testing.assert_close(ensemble.theta_RP[r], theta.detach(), rtol=1e-9, atol=1e-11)


def test_every_optimizer_has_a_rule():
    assert RULES.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("name", ["momentum", "rmsprop", "adagrad"])
def test_every_scalar_may_differ_between_runs(name, double):
    key, values = {
        "momentum": ("momentum", [0.0, 0.5, 0.95]),
        "rmsprop": ("alpha", [0.5, 0.9, 0.999]),
        "adagrad": ("initial_accumulator_value", [0.0, 0.1, 1.0]),
    }[name]
    gradients = random_gradients(20, (11,), torch.float64)
    batches = [(g, g) for g in gradients]
    together = Ensemble(Linear, [0, 0, 0])
    train(together, Recipe(name, {key: values, "weight_decay": [0.0, 0.1, 0.2]}), batches, total)
    for r, value in enumerate(values):
        alone = Ensemble(Linear, [0])
        train(alone, Recipe(name, {key: value, "weight_decay": r / 10}), batches, total)
        torch.testing.assert_close(together.theta_RP[r], alone.theta_RP[0])


def test_runs_start_as_their_seed_says_and_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ensemble = Ensemble(mlp, [7, 8, 7])
    assert torch.equal(torch.rand(3), expected)
    for r, seed in enumerate([7, 8, 7]):
        assert torch.equal(ensemble.theta_RP[r], flat(fresh(mlp, seed)))
        assert torch.equal(flat(ensemble.module(r)), ensemble.theta_RP[r])


@pytest.mark.parametrize("build", [mlp, small_cnn, autoencoder, Residual])
@pytest.mark.parametrize("per_run", [False, True])
@pytest.mark.parametrize("vmap", [False, True])
def test_outputs_and_gradients_equal_those_of_the_single_models(build, per_run, vmap, monkeypatch):
    ensemble = Ensemble(build, SEEDS)
    monkeypatch.setattr(ensemble, "_vmap", vmap)  # the way of a GPU
    x, _ = digits()
    x = x[:12].unflatten(0, (3, 4)) if per_run else x[:4]
    theta_RP = ensemble.theta_RP.requires_grad_()
    outputs_RB = ensemble(x, per_run)
    (grad_RP,) = torch.autograd.grad(outputs_RB.square().sum(), theta_RP)
    for r, seed in enumerate(SEEDS):
        model = fresh(build, seed)
        outputs_B = model(x[r] if per_run else x)
        outputs_B.square().sum().backward()
        torch.testing.assert_close(outputs_RB[r], outputs_B)
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
        torch.testing.assert_close(grad_RP[r], gradient, atol=1e-5, rtol=1e-4)


def test_losses_are_those_of_torch_for_each_run():
    generator = torch.Generator().manual_seed(0)
    logits_RBC = torch.randn(2, 6, 4, generator=generator)
    labels_RB = torch.randint(4, (2, 6), generator=generator)
    own, shared = cross_entropy(logits_RBC, labels_RB), cross_entropy(logits_RBC, labels_RB[0])
    squares = mean_squared_error(logits_RBC, logits_RBC[0])
    for r in range(2):
        torch.testing.assert_close(own[r], F.cross_entropy(logits_RBC[r], labels_RB[r]))
        torch.testing.assert_close(shared[r], F.cross_entropy(logits_RBC[r], labels_RB[0]))
        torch.testing.assert_close(squares[r], F.mse_loss(logits_RBC[r], logits_RBC[0]))


def sequential(build, name: str, hyper: dict, seed: int, batches, clip: float | None = None) -> nn.Module:
    model = fresh(build, seed)
    optimizer = make(name, model.parameters(), hyper)
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    return model


@EVERY_RULE
def test_training_on_digits_equals_training_one_by_one(name, double):
    batches = minibatches(25)
    rates = [0.1, 0.01, 0.001]
    ensemble = Ensemble(mlp, SEEDS)
    train(ensemble, Recipe(name, {"lr": rates}), batches, cross_entropy)
    for r, (seed, rate) in enumerate(zip(SEEDS, rates, strict=True)):
        alone = sequential(mlp, name, {"lr": rate}, seed, batches)
        torch.testing.assert_close(ensemble.theta_RP[r], flat(alone), rtol=1e-7, atol=1e-9)


@EVERY_RULE
def test_single_precision_stays_close_to_the_reference(name):
    batches = minibatches(10)
    ensemble = Ensemble(mlp, [0])
    train(ensemble, Recipe(name, {"lr": [0.01], "weight_decay": 0.01}), batches, cross_entropy)
    alone = sequential(mlp, name, {"lr": 0.01, "weight_decay": 0.01}, 0, batches)
    difference = (ensemble.theta_RP[0] - flat(alone)).abs()
    assert difference.median() < 1e-6  # single signs and ratios of tiny gradients may turn


@pytest.mark.parametrize("build", [small_cnn, Residual])
def test_any_module_trains_like_its_single_runs_with_own_batches(build, double):
    per_run = [minibatches(5, seed) for seed in SEEDS]
    stacked = [tuple(torch.stack(t) for t in zip(*step, strict=True)) for step in zip(*per_run, strict=True)]
    ensemble = Ensemble(build, SEEDS)
    train(ensemble, Recipe("momentum", {"lr": 0.05}), stacked, cross_entropy, per_run=True)
    for r, seed in enumerate(SEEDS):
        alone = sequential(build, "momentum", {"lr": 0.05}, seed, per_run[r])
        torch.testing.assert_close(ensemble.theta_RP[r], flat(alone))


@EVERY_RULE
def test_learns_the_digits(name):
    rate = {"sgd": 0.5, "momentum": 0.1, "nesterov": 0.1, "adagrad": 0.1, "adadelta": 3.0, "lion": 3e-3}
    ensemble = Ensemble(mlp, range(3))
    history = train(ensemble, Recipe(name, {"lr": rate.get(name, 0.01)}), minibatches(300), cross_entropy)
    x, y = digits()
    accuracy_R = (ensemble(x).argmax(2) == y).float().mean(1)
    assert history.losses_SR.shape == (300, 3)
    assert accuracy_R.min() > 0.9


def test_each_run_is_clipped_by_its_own_norm(double):
    batches = [(100 * x, y) for x, y in minibatches(5)]
    clips = [0.1, 1.0, 1e6]
    ensemble = Ensemble(mlp, SEEDS)
    train(ensemble, Recipe("sgd", {"lr": 0.1}, clip=clips), batches, cross_entropy)
    for r, (seed, clip) in enumerate(zip(SEEDS, clips, strict=True)):
        alone = sequential(mlp, "sgd", {"lr": 0.1}, seed, batches, clip)
        torch.testing.assert_close(ensemble.theta_RP[r], flat(alone))


@pytest.mark.parametrize("build", [mlp, small_cnn])
def test_a_diverging_run_does_not_touch_the_others(build):
    batches = minibatches(30)
    calm, wild = Ensemble(build, SEEDS), Ensemble(build, SEEDS)
    quiet = train(calm, Recipe("momentum", {"lr": [0.01, 0.01, 0.02]}), batches, cross_entropy)
    history = train(wild, Recipe("momentum", {"lr": [0.01, float("inf"), 0.02]}), batches, cross_entropy)
    assert quiet.diverged_at_R.tolist() == [0, 0, 0]
    assert torch.equal(calm.theta_RP[[0, 2]], wild.theta_RP[[0, 2]])
    assert torch.equal(quiet.losses_SR[:, [0, 2]], history.losses_SR[:, [0, 2]])
    _, at, _ = history.diverged_at_R.tolist()
    assert wild.theta_RP[1].isnan().all()
    assert history.losses_SR[: at - 1, 1].isfinite().all()
    assert not history.losses_SR[at - 1 :, 1].isfinite().any()


def test_a_last_step_that_overflows_counts_as_divergence():
    ensemble = Ensemble(mlp, SEEDS)
    history = train(ensemble, Recipe("sgd", {"lr": [0.1, float("inf"), 0.1]}), minibatches(1), cross_entropy)
    assert history.losses_SR.isfinite().all()
    assert history.diverged_at_R.tolist() == [0, 1, 0]


def test_records_what_was_asked_for_and_lets_the_caller_evaluate():
    ensemble, seen = Ensemble(mlp, SEEDS), []
    evaluate = lambda step, losses_R: seen.append((step, losses_R, ensemble.theta_RP.detach().clone()))  # noqa: E731
    every = train(Ensemble(mlp, SEEDS), Recipe("adam", {}), minibatches(6), cross_entropy)
    history = train(ensemble, Recipe("adam", {}), minibatches(6), cross_entropy, record={2, 6}, on_record=evaluate)
    assert history.steps_S == [2, 6]
    assert torch.equal(history.losses_SR, every.losses_SR[[1, 5]])
    assert [step for step, _, _ in seen] == [2, 6]
    assert torch.equal(seen[1][2], ensemble.theta_RP)


def test_a_schedule_scales_every_learning_rate(double):
    batches, factors = minibatches(3), [1.0, 0.5, 0.25]
    ensemble = Ensemble(mlp, [0, 0])
    recipe = Recipe("sgd", {"lr": [0.1, 0.2]}, schedule=lambda step: factors[step - 1])
    train(ensemble, recipe, batches, cross_entropy)
    stepwise = Ensemble(mlp, [0, 0])
    for factor, batch in zip(factors, batches, strict=True):
        train(stepwise, Recipe("sgd", {"lr": [0.1 * factor, 0.2 * factor]}), [batch], cross_entropy)
    torch.testing.assert_close(ensemble.theta_RP, stepwise.theta_RP)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe("adma", {}), "no optimizer 'adma'"),
        (Recipe("adam", {"learning_rate": 0.1}), "no hyperparameter of adam 'learning_rate'"),
        (Recipe("adam", {"lr": [0.1, 0.2]}), "2 values of a hyperparameter for an ensemble of 3 runs"),
    ],
)
def test_bad_recipes_are_one_clear_line(recipe, message):
    with pytest.raises(RepriseError, match=message):
        train(Ensemble(mlp, SEEDS), recipe, minibatches(1), cross_entropy)

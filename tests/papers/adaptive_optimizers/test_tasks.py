"""Loss, quality and splits of the workloads, against torch's own functions and images that carry their number."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from common import datasets
from common.errors import RepriseError
from papers.adaptive_optimizers import tasks
from papers.adaptive_optimizers.tasks import TASKS, Part, evaluate, read_data
from tests.papers.adaptive_optimizers.made_build import params_at

RUNS, BATCH = 3, 20


def outputs_and_targets(task: str) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    if task == "classification":
        return torch.randn(RUNS, BATCH, 10, generator=rng), torch.randint(10, (BATCH,), generator=rng)
    return torch.randn(RUNS, BATCH, 3, 4, 4, generator=rng), torch.rand(BATCH, 3, 4, 4, generator=rng)


@pytest.mark.parametrize(
    ("task", "loss"),
    [("classification", F.cross_entropy), ("autoencoder", F.binary_cross_entropy_with_logits)],
)
def test_the_loss_of_a_stack_is_the_loss_of_each_run(task, loss):
    outputs, targets = outputs_and_targets(task)
    expected = torch.stack([loss(run, targets) for run in outputs])
    torch.testing.assert_close(TASKS[task].loss(outputs, targets), expected)


def test_accuracy_is_the_share_of_right_answers_of_each_run_in_per_cent():
    logits, labels = outputs_and_targets("classification")
    expected = [
        100 * sum(int(z.argmax()) == int(y) for z, y in zip(run, labels, strict=True)) / BATCH for run in logits
    ]
    torch.testing.assert_close(TASKS["classification"].quality(logits, labels), torch.tensor(expected))


def test_psnr_of_a_reconstruction_that_is_a_tenth_off_everywhere_is_20_db():
    target = torch.full((BATCH, 1, 2, 2), 0.4)
    logits = torch.stack([torch.full_like(target, value).logit() for value in (0.5, 0.3, 0.41)])
    torch.testing.assert_close(TASKS["autoencoder"].quality(logits, target), torch.tensor([20.0, 20.0, 40.0]))


def test_evaluating_in_small_batches_changes_nothing():
    task, network = TASKS["classification"], torch.nn.Linear(4, 3)
    part = Part(torch.randn(50, 4), torch.randint(3, (50,)))
    expected = (float(F.cross_entropy(network(part.x), part.y).detach()), evaluate(task, network, part)[1])
    assert evaluate(task, network, part, batch_size=7) == pytest.approx(expected)


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset of 200 + 50 images, image i of which has the pixels i, 0, 0, 255 and the label i mod 10."""

    def images(numbers: range) -> np.ndarray:
        rows = [np.array([number, 0, 0, 255], dtype=np.uint8).reshape(2, 2, 1) for number in numbers]
        return np.stack(rows)

    train, test = range(200), range(200, 250)
    data = datasets.Dataset(
        "numbered", images(train), np.array(train) % 10, images(test), np.array(test) % 10, tuple("0123456789")
    )
    monkeypatch.setattr(tasks.datasets, "load", lambda name: data)


def workload(task: str, **sizes):
    base = params_at("smoke").workloads[f"digits_{task}"]
    return base.model_copy(update={"train_examples": 120, "valid_examples": 40, "test_examples": 30, **sizes})


def numbers(part: Part) -> list[int]:
    return (255 * part.x[:, 0, 0, 0]).round().int().tolist()


def test_the_parts_are_disjoint_of_the_sizes_asked_for_and_the_test_part_is_of_the_test_set(numbered):
    data = read_data(workload("autoencoder"), split_seed=0)
    train, valid, test = (numbers(part) for part in (data.train, data.valid, data.test))
    assert (len(set(train)), len(set(valid)), len(set(test))) == (120, 40, 30)
    assert not set(train) & set(valid)
    assert max(train + valid) < 200 <= min(test)


def test_null_takes_all_that_is_left(numbered):
    data = read_data(workload("autoencoder", train_examples=None, test_examples=None), split_seed=0)
    assert sorted(numbers(data.train) + numbers(data.valid)) == list(range(200))
    assert sorted(numbers(data.test)) == list(range(200, 250))


def test_a_split_is_decided_by_its_seed(numbered):
    first, again, other = (numbers(read_data(workload("autoencoder"), seed).valid) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_more_images_than_there_are_is_a_fault(numbered):
    with pytest.raises(RepriseError, match="digits, which has 160 left"):
        read_data(workload("autoencoder", train_examples=161), split_seed=0)


def test_an_autoencoders_targets_are_its_images_from_0_to_1(numbered):
    data = read_data(workload("autoencoder"), split_seed=0)
    for part in (data.train, data.valid, data.test):
        assert part.y is part.x
        assert (part.x[:, 0, 1, 1] == 1).all()
        assert (part.x[:, 0, 0, 1] == 0).all()


def test_images_are_standardised_by_the_training_part_alone_and_keep_their_labels(numbered):
    raw = read_data(workload("autoencoder"), split_seed=0)
    data = read_data(workload("classification"), split_seed=0)
    mean, std = raw.train.x.mean(), raw.train.x.std()
    for part, images in ((data.train, raw.train), (data.valid, raw.valid), (data.test, raw.test)):
        torch.testing.assert_close(part.x, (images.x - mean) / std)
        assert part.y.tolist() == [number % 10 for number in numbers(images)]
    assert float(data.train.x.mean()) == pytest.approx(0, abs=1e-6)
    assert abs(float(data.test.x.mean())) > 1e-3


def test_the_data_of_a_workload_know_their_shape_and_move_whole(numbered):
    data = read_data(workload("classification"), split_seed=0)
    assert (data.shape, data.outputs) == ((1, 2, 2), 10)
    moved = data.to(torch.device("meta"))
    assert {tensor.device.type for p in (moved.train, moved.valid, moved.test) for tensor in (p.x, p.y)} == {"meta"}
    assert moved.outputs == 10

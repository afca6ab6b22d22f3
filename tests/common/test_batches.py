import pytest
import torch

from common.batches import TensorBatches
from common.errors import RepriseError


def numbered(count: int, batch_size: int = 4, **options) -> TensorBatches:
    return TensorBatches((torch.arange(count), -torch.arange(count)), batch_size, **options)


def first_column(batches: TensorBatches) -> list[list[int]]:
    return [batch[0].tolist() for batch in batches]


def jitter(batch: tuple[torch.Tensor, ...], generator: torch.Generator) -> tuple[torch.Tensor, ...]:
    return batch[0] + torch.rand(len(batch[0]), generator=generator), batch[1]


def test_an_epoch_holds_every_sample_once_with_its_partner():
    batches = list(numbered(12))
    assert sorted(torch.cat([x for x, _ in batches]).tolist()) == list(range(12))
    assert all(torch.equal(x, -y) for x, y in batches)


def test_without_shuffling_the_order_is_that_of_the_tensors():
    assert first_column(numbered(8, shuffle=False)) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_the_order_depends_on_seed_and_epoch_alone():
    batches = numbered(40, seed=3)
    epochs = [first_column(batches) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    batches.set_epoch(1)
    assert first_column(batches) == epochs[1]
    assert first_column(numbered(40, seed=3)) == epochs[0] != first_column(numbered(40, seed=4))


@pytest.mark.parametrize("taken", range(6))
def test_goes_on_within_an_epoch_from_its_state(taken):
    whole, started, resumed = (numbered(20, seed=1, augment=jitter) for _ in range(3))
    expected = first_column(whole) + first_column(whole)
    stream = iter(started)
    head = [next(stream)[0].tolist() for _ in range(taken)]
    resumed.load_state_dict(started.state_dict())
    rest = first_column(resumed) + (first_column(resumed) if taken < 5 else [])
    assert head + rest == expected


def test_the_last_batch_is_dropped_or_short():
    assert [len(x) for x, _ in numbered(10)] == [4, 4]
    kept = numbered(10, drop_last=False)
    assert len(kept) == 3 and [len(x) for x, _ in kept] == [4, 4, 2]


def test_the_processes_share_the_batches_of_one_process_with_a_larger_batch():
    whole = first_column(numbered(26, batch_size=8, seed=2))
    parts = []
    for rank in range(2):
        part = numbered(26, batch_size=4, seed=2)
        part.shard(rank, world=2)
        parts.append(first_column(part))
    assert [left + right for left, right in zip(*parts, strict=True)] == whole


def test_moving_to_a_device_keeps_the_order():
    batches = numbered(12, seed=5)
    assert first_column(batches.to(torch.device("cpu"))) == first_column(batches)


def test_too_few_samples_and_unequal_tensors_are_refused():
    with pytest.raises(RepriseError, match="3 samples make no batch of 4: lower batch_size"):
        numbered(3)
    with pytest.raises(RepriseError, match="3 samples make no batch of 4"):
        numbered(3, batch_size=2).shard(0, world=2)
    with pytest.raises(RepriseError, match=r"equally long \(got \[2, 3\]\)"):
        TensorBatches((torch.zeros(2), torch.zeros(3)), 1)


@pytest.mark.gpu
def test_a_gpu_gets_the_same_batches():
    batches = numbered(12, seed=5)
    on_gpu = batches.to(torch.device("cuda"))
    assert next(iter(on_gpu))[0].is_cuda
    assert first_column(on_gpu) == first_column(numbered(12, seed=5))

"""Augmentation: known images in, known images out; random only through the generator."""

import pytest
import torch

from common.augmentation import channel_statistics, normalise, random_crop, random_flip


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_normalised_images_have_zero_mean_and_unit_variance_in_each_channel():
    x = torch.randint(0, 256, (50, 3, 8, 8), generator=seeded(), dtype=torch.uint8)
    x[:, 1] //= 3
    z = normalise(x, *channel_statistics(x))
    mean, std = channel_statistics(z)
    torch.testing.assert_close(mean, torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(std, torch.ones(3))


def test_a_crop_is_a_window_of_the_padded_image_and_every_offset_occurs():
    image = torch.arange(1, 25, dtype=torch.uint8).reshape(1, 2, 3, 4)
    padded = torch.zeros(2, 5, 6, dtype=torch.uint8)
    padded[:, 1:-1, 1:-1] = image[0]
    windows = {padded[:, r : r + 3, c : c + 4].numpy().tobytes() for r in range(3) for c in range(3)}
    crops = random_crop(image.expand(500, -1, -1, -1), 1, seeded())
    assert crops.shape == (500, 2, 3, 4)
    assert {crop.numpy().tobytes() for crop in crops} == windows


def test_crop_offsets_are_uniform():
    image = torch.zeros(1, 1, 3, 3)
    image[0, 0, 1, 1] = 1
    counts = random_crop(image.expand(9000, -1, -1, -1), 1, seeded()).sum(0)[0]
    assert torch.all((counts - 1000).abs() < 5 * 1000**0.5)


def test_a_crop_without_padding_changes_nothing():
    x = torch.rand(4, 3, 5, 5, generator=seeded())
    assert torch.equal(random_crop(x, 0, seeded()), x)


def test_half_of_the_images_are_mirrored_and_no_other_thing_happens():
    image = torch.arange(6.0).reshape(1, 1, 2, 3)
    flipped = random_flip(image.expand(10_000, -1, -1, -1), seeded())
    mirrored = (flipped == image.flip(-1)).all((1, 2, 3))
    assert torch.equal(flipped[~mirrored], image.expand(int((~mirrored).sum()), -1, -1, -1))
    assert abs(int(mirrored.sum()) - 5000) < 250  # five standard deviations


@pytest.mark.parametrize("augment", [lambda x, g: random_crop(x, 2, g), random_flip])
def test_equal_seeds_give_equal_images_and_leave_the_global_generator_alone(augment):
    x = torch.rand(32, 1, 6, 6, generator=seeded())
    before = torch.get_rng_state()
    assert torch.equal(augment(x, seeded(3)), augment(x, seeded(3)))
    assert not torch.equal(augment(x, seeded(3)), augment(x, seeded(4)))
    assert torch.equal(torch.get_rng_state(), before)

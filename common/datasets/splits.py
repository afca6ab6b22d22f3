"""Train/test splits that stay the same for ever, for datasets without an official one."""

import hashlib

import numpy as np

from common.datasets.errors import DatasetError
from common.datasets.registry import Split


def indices(labels: np.ndarray, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Image indices of the train and the test part.

    Images fall into groups: one per image, or one per label (`by_label`), with the images of each tuple of
    `together` joined. Groups are put in random order; the first of them that hold at least `test_size`
    images are the test part, so that no group is on both sides. The order comes from the raw stream of
    PCG64, which NumPy promises never to change (it does not promise that for `permutation`).

    Args:
        labels: [N] label of each image.
        split: the rule and the sha256 of the test part (int64, in the order returned).

    Returns:
        Train and test indices, int64, in the random order of the groups: any prefix is a fair sample.

    Raises:
        DatasetError: the test part is not the one in the registry.
    """
    group = labels.astype(np.int64) if split.by_label else np.arange(len(labels))
    for images in split.together:
        group[list(images)] = group[images[0]]
    keys = np.random.PCG64(split.seed).random_raw(int(group.max()) + 1)[group]
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
    cut = ends[ends >= split.test_size][0]
    train, test = order[cut:], order[:cut]
    got = hashlib.sha256(test.astype("<i8").tobytes()).hexdigest()
    if got != split.test_sha256:
        raise DatasetError(f"the test split has sha256 {got}, expected {split.test_sha256}")
    return train, test

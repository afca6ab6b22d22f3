"""A dataset of a few kilobytes, for tests: its arrays, its files, its registry."""

import hashlib

import numpy as np
import yaml

from common import datasets
from common.datasets import registry

_random = np.random.default_rng(0)
ARRAYS = {
    "x_train": _random.integers(0, 256, (100, 28, 28, 1), np.uint8),
    "y_train": _random.integers(0, 10, 100, np.uint8),
    "x_test": _random.integers(0, 256, (20, 28, 28, 1), np.uint8),
    "y_test": _random.integers(0, 10, 20, np.uint8),
}


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def idx(array):
    """LeCun's idx format, without the channel axis."""
    array = array[..., 0] if array.ndim == 4 else array
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


FILES = {f"{key}.idx": idx(array) for key, array in ARRAYS.items()}


def write_mirror(folder):
    folder.mkdir(parents=True)
    for name, raw in FILES.items():
        (folder / name).write_bytes(raw)
    return folder


def write_registry(folder, monkeypatch, sources, **sha256s):
    """Make the registry hold one dataset, `toy`; sources read idx files unless they say otherwise."""
    files = {key: {"name": f"{key}.idx", "sha256": sha256(FILES[f"{key}.idx"])} for key in ARRAYS}
    toy = {
        "title": "a toy",
        "licence": "none",
        "citation": "Toy (2000).",
        "homepage": "http://example.org",
        "manual": "make it yourself.",
        "classes": list("0123456789"),
        "arrays": {
            key: {
                "dtype": "uint8",
                "shape": list(array.shape),
                "sha256": sha256s.get(key, sha256(array.tobytes())),
            }
            for key, array in ARRAYS.items()
        },
        "sources": [{"reader": "idx", "files": files, **source} for source in sources],
    }
    path = folder / "registry.yaml"
    path.write_text(yaml.safe_dump({"datasets": {"toy": toy}}, sort_keys=False))
    monkeypatch.setattr(registry, "REGISTRY", path)
    monkeypatch.setattr(registry, "read", getattr(registry.read, "__wrapped__", registry.read))
    return path


def load_toy():
    """Load the toy without progress and hold it against its arrays."""
    data = datasets.load("toy", progress=False)
    assert all(np.array_equal(getattr(data, key), array) for key, array in ARRAYS.items())

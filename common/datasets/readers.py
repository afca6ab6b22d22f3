"""From the bytes of a source's files to arrays: numpy and Pillow, nothing is executed.

A reader maps {role: bytes} to {array name: array}; images come out as uint8 NHWC. What it returns is then
compared with the registry (dtype, shape, sha256), so a reader need not be suspicious of its own result.
"""

import functools
import gzip
import io
import json
import pickle
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

Files = Mapping[str, bytes]
Arrays = dict[str, np.ndarray]


def idx(files: Files) -> Arrays:
    """LeCun's idx format, gzipped or plain; the roles are the array names."""
    return {name: _channel_last(_idx_array(raw)) for name, raw in files.items()}


def _idx_array(raw: bytes) -> np.ndarray:
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if raw[:3] != b"\x00\x00\x08":
        raise ValueError("not an idx file of bytes")
    start = 4 + 4 * raw[3]
    shape = np.frombuffer(raw[4:start], ">u4")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _channel_last(array: np.ndarray) -> np.ndarray:
    return array[..., None] if array.ndim == 3 else array


_PICKLED_ARRAY_GLOBALS = {
    ("numpy.core.multiarray", "_reconstruct"): np.ndarray.__new__,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Reads pickles of numpy arrays and refuses every other global, so that nothing can be called."""

    def find_class(self, module: str, name: str) -> Callable:
        """Look a global up in the short list of admitted ones."""
        if (module, name) not in _PICKLED_ARRAY_GLOBALS:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}: refused")
        return _PICKLED_ARRAY_GLOBALS[module, name]


def mnist_pickle(files: Files) -> Arrays:
    """Role `data`: a gzipped pickle of (images, labels) for 50k train, 10k validation and 10k test images.

    Pixels are float32 in steps of 1/256; train and validation in a row are MNIST's training set.
    """
    stream = io.BytesIO(gzip.decompress(files["data"]))
    train, valid, test = _ArrayUnpickler(stream, encoding="latin1").load()

    def pixels(images: np.ndarray) -> np.ndarray:
        return np.rint(images * 256).astype(np.uint8).reshape(-1, 28, 28, 1)

    return {
        "x_train": pixels(np.concatenate([train[0], valid[0]])),
        "y_train": np.concatenate([train[1], valid[1]]).astype(np.uint8),
        "x_test": pixels(test[0]),
        "y_test": test[1].astype(np.uint8),
    }


CIFAR_BATCHES = ("batch_1", "batch_2", "batch_3", "batch_4", "batch_5")


def cifar_binary(files: Files) -> Arrays:
    """CIFAR-10 binary version: records of one label byte and 3x32x32 pixel bytes.

    Roles `batch_1` to `batch_5` and `test`.
    """

    def records(*roles: str) -> tuple[np.ndarray, np.ndarray]:
        rows = np.concatenate([np.frombuffer(files[role], np.uint8).reshape(-1, 3073) for role in roles])
        return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0]

    x_train, y_train = records(*CIFAR_BATCHES)
    x_test, y_test = records("test")
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def cifar_png(files: Files) -> Arrays:
    """CIFAR-10 as PNGs of 1024 columns, one image per row (32x32x3 bytes), and JSON lists of labels.

    Roles `batch_1` to `batch_5`, `test`, `train_labels` and `test_labels`.
    """

    def images(*roles: str) -> np.ndarray:
        return np.concatenate([_pixels(files[role]).reshape(-1, 32, 32, 3) for role in roles])

    return {
        "x_train": images(*CIFAR_BATCHES),
        "y_train": np.array(json.loads(files["train_labels"]), np.uint8),
        "x_test": images("test"),
        "y_test": np.array(json.loads(files["test_labels"]), np.uint8),
    }


def _pixels(raw: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(raw)) as image:
        return np.asarray(image)


def tile_grid(files: Files, label: str, channels: int, tile: int = 64) -> Arrays:
    """Role `x`: one lossless picture of row-major tiles; role `y`: an npz whose array `label` has the labels.

    The grid may end in empty tiles: there are as many images as labels.
    """
    with np.load(io.BytesIO(files["y"]), allow_pickle=False) as npz:
        y = npz[label]
    grid = _pixels(files["x"])[..., :channels]
    rows, columns = grid.shape[0] // tile, grid.shape[1] // tile
    tiles = grid.reshape(rows, tile, columns, tile, channels).swapaxes(1, 2).reshape(-1, tile, tile, channels)
    return {"x": tiles[: len(y)], "y": y}


def digits_csv(files: Files) -> Arrays:
    """Role `table`: scikit-learn's gzipped CSV, 64 pixels (0..16) and the label in each row.

    Pixels are stretched to 0..255, rint(255 v / 16), which can be undone.
    """
    table = np.loadtxt(io.BytesIO(gzip.decompress(files["table"])), delimiter=",")
    x = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return {"x": x, "y": table[:, -1].astype(np.uint8)}


READERS: dict[str, Callable[[Files], Arrays]] = {
    "idx": idx,
    "mnist_pickle": mnist_pickle,
    "cifar_binary": cifar_binary,
    "cifar_png": cifar_png,
    "flower_grid": functools.partial(tile_grid, label="label", channels=3),
    "face_grid": functools.partial(tile_grid, label="person_id", channels=1),
    "digits_csv": digits_csv,
}

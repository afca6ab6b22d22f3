"""Collections of texts: the samples in the repository, the other places, and what is said when none has a file."""

import gzip

import pytest
import yaml

from common.datasets import DatasetError, texts
from tests.common.dataset_toys import sha256

TEXT = "3 2\n1 2 1\n2 3 1\n"
WITH_OTHER_BLANKS = "3  2 \r\n1 2\t1\r\n 2 3 1\r\n\r\n"


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The collection `toy` of the files `a` and `b`, a web that is a folder, and nothing anywhere; the root folder."""
    entry = {
        "title": "a toy",
        "licence": "none",
        "citation": "Toy (2000).",
        "manual": "write it yourself.",
        "nbytes": 10,
        "mirror": "toys/{name}.txt",
        "urls": [f"file://{tmp_path}/none/{{name}}", f"file://{tmp_path}/web/{{name}}.gz"],
        "files": {"a": sha256(TEXT.encode()), "b": sha256(b"other\n")},
    }
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(texts, "TEXTS", tmp_path / "data" / "texts.yaml")
    texts.TEXTS.write_text(yaml.safe_dump({"collections": {"toy": entry}}))
    monkeypatch.setattr(texts, "collections", texts.collections.__wrapped__)
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REPRISE_DATA", str(tmp_path / "mirror"))
    return tmp_path


def put(path, text, pack=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if pack else text.encode())


PLACES = {"shipped": ("data/toy/a.txt.gz", True), "mirror": ("mirror/toys/a.txt", False), "web": ("web/a.gz", True)}


@pytest.mark.parametrize("place", PLACES)
def test_a_file_is_found_in_every_place_whatever_its_line_ends(toy, place):
    name, pack = PLACES[place]
    put(toy / name, WITH_OTHER_BLANKS, pack)
    assert texts.read("toy", "a") == TEXT


def test_what_came_from_the_web_is_kept(toy):
    put(toy / "web/a.gz", TEXT, pack=True)
    texts.read("toy", "a")
    (toy / "web/a.gz").unlink()
    assert texts.read("toy", "a") == TEXT
    assert not list((toy / "cache").rglob("*.part"))


def test_a_damaged_copy_is_passed_over_and_told_by_verify(toy):
    put(toy / "mirror/toys/a.txt", TEXT.replace("1", "7"))
    put(toy / "web/a.gz", TEXT, pack=True)
    assert texts.read("toy", "a") == TEXT
    (fault,) = texts.verify("toy")
    assert fault.startswith(f"{toy}/mirror/toys/a.txt: wrong checksum: sha256 of the lines ")


def test_when_no_place_has_it_each_is_named_with_its_reason_and_the_way_by_hand(toy):
    (toy / "data/toy").mkdir()
    (toy / "data/toy/a.txt.gz").write_bytes(gzip.compress(TEXT.encode())[:-9])
    put(toy / "web/a.gz", "something else", pack=True)
    with pytest.raises(DatasetError) as caught:
        texts.read("toy", "a")
    lines = str(caught.value).splitlines()
    assert lines[0] == "toy: a cannot be had; tried:"
    for line, words in zip(
        lines[1:6], ("unreadable", "not there", "not there", "cannot be reached", "wrong"), strict=True
    ):
        assert words in line
    assert lines[6] == f"by hand: write it yourself. Put it at {toy}/mirror/toys/a.txt"
    assert not (toy / "cache/toy/a.txt").exists()


def test_without_a_mirror_the_message_says_how_to_have_one(toy, monkeypatch):
    monkeypatch.delenv("REPRISE_DATA")
    with pytest.raises(
        DatasetError, match=r"REPRISE_DATA is not set[\s\S]*FOLDER/toys/b.txt and set REPRISE_DATA=FOLDER"
    ):
        texts.read("toy", "b")


def test_a_cache_that_cannot_be_written_is_one_clear_line(toy, monkeypatch):
    put(toy / "file", "")
    put(toy / "web/a.gz", TEXT, pack=True)
    monkeypatch.setenv("REPRISE_CACHE", str(toy / "file" / "cache"))
    with pytest.raises(DatasetError, match=r"toy: a cannot be stored in .*file/cache: Not a directory"):
        texts.read("toy", "a")


def test_unknown_names_bring_a_suggestion(toy):
    with pytest.raises(DatasetError, match="no collection 'toys'; did you mean 'toy'"):
        texts.read("toys", "a")
    with pytest.raises(DatasetError, match=r"no toy file 'c' \(known: a, b\)"):
        texts.read("toy", "c")


def test_the_state_tells_whether_all_files_are_here(toy):
    def state():
        return texts.overview()[0].state

    assert state() == "samples"
    put(toy / "web/a.gz", TEXT, pack=True)
    put(toy / "web/b.gz", "other\n", pack=True)
    assert texts.fetch("toy") == toy / "cache" / "toy"
    assert state() == "cached"
    put(toy / "mirror/toys/a.txt", TEXT)
    assert state() == "mirror"


@pytest.mark.parametrize("name", texts.collections())
def test_every_collection_says_what_it_is_and_ships_a_faithful_sample(name, tmp_path, monkeypatch):
    monkeypatch.delenv("REPRISE_DATA", raising=False)
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path))
    monkeypatch.setattr(texts, "download", None)
    entry = texts.info(name)
    for words in (entry.title, entry.licence, entry.citation, entry.manual):
        assert len(words.split()) > 3
    shipped = {path.name.removesuffix(".gz") for path in (texts.TEXTS.parent / name).glob("*.gz")}
    known = {entry.file_name(file): file for file in entry.files}
    assert shipped and shipped <= set(known)
    for file in shipped:
        assert texts.read(name, known[file])
    assert texts.verify(name) == []

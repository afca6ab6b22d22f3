"""Downloads that break, from a server on this machine."""

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from common.datasets import DatasetError, download, store
from tests.common.dataset_toys import FILES, load_toy, write_registry


class Server(ThreadingHTTPServer):
    """Serves `files`; cuts the next answers after `cuts` bytes each; notes (path, Range) of all requests."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cuts, self.requests = files, [], []
        self.honours_range, self.seconds = True, 0.0
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        time.sleep(server.seconds)
        if self.path[1:] not in server.files:
            self.send_error(404, "Not Found")
            return
        start = int(wanted[6:-1]) if wanted and server.honours_range else 0
        body = server.files[self.path[1:]][start:]
        self.send_response(416 if wanted and not body else 206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server(dict(FILES)) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def use(tmp_path, monkeypatch):
    """Return a function that makes the given sources those of the dataset `toy`; the cache is empty."""
    monkeypatch.setenv("REPRISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("REPRISE_DATA", raising=False)
    return lambda *its_sources: write_registry(tmp_path, monkeypatch, its_sources)


def part():
    return store.root() / "downloads" / "toy" / "x_train.idx.part"


def test_a_url_is_read_with_one_request_per_file_and_no_download_is_left(use, server):
    use({"kind": "url", "url": server.url})
    load_toy()
    assert sorted(server.requests) == [(f"/{name}", None) for name in sorted(FILES)]
    assert not part().parent.exists()


def test_a_cut_download_goes_on_where_it_stopped(use, server):
    use({"kind": "url", "url": server.url})
    server.cuts = [1000, 5000]
    load_toy()
    ranges = [wanted for path, wanted in server.requests if path == "/x_train.idx"]
    assert ranges == [None, "bytes=1000-", "bytes=6000-"]


def test_a_truncated_download_is_told_and_resumed_by_the_next_call(use, server):
    use({"kind": "url", "url": server.url})
    server.cuts = [1000, 0]
    size = len(FILES["x_train.idx"])
    with pytest.raises(DatasetError, match=rf"{server.url}: cut at 1000 of {size} bytes"):
        load_toy()
    assert part().stat().st_size == 1000
    load_toy()
    assert ("/x_train.idx", "bytes=1000-") in server.requests[2:]


def test_a_server_that_ignores_ranges_starts_anew(use, server):
    use({"kind": "url", "url": server.url})
    server.honours_range = False
    server.cuts = [1000]
    load_toy()


def test_a_download_that_was_whole_before_it_was_checked_is_kept(use, server):
    use({"kind": "url", "url": server.url})
    part().parent.mkdir(parents=True)
    part().write_bytes(FILES["x_train.idx"])
    load_toy()


def test_a_wrong_checksum_is_told_thrown_away_and_the_next_source_is_tried(use, server, tmp_path, monkeypatch):
    right = dict(server.files)
    server.files["x_train.idx"] = FILES["x_train.idx"][:-1] + b"?"
    use({"kind": "url", "url": server.url})
    with pytest.raises(DatasetError, match=r"x_train.idx: wrong checksum: sha256 \w{64}, expected \w{64}"):
        load_toy()
    assert not part().exists()
    server.files |= {f"good/{name}": raw for name, raw in right.items()}
    use({"kind": "url", "url": server.url}, {"kind": "url", "url": server.url + "good/"})
    load_toy()


def test_an_absent_file_is_told_with_its_status(use, server):
    use({"kind": "url", "url": server.url + "elsewhere/"})
    with pytest.raises(DatasetError, match=r"elsewhere/: HTTP 404 Not Found"):
        load_toy()


def test_a_silent_server_is_given_up(use, server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.1)
    server.seconds = 0.5
    use({"kind": "url", "url": server.url})
    with pytest.raises(DatasetError, match=r"cannot be reached: .*timed out"):
        load_toy()


def test_two_processes_at_once_fetch_once(use, server, tmp_path):
    path = use({"kind": "url", "url": server.url})
    server.seconds = 0.3
    code = (
        "import sys, pathlib; from common import datasets; from common.datasets import registry;"
        "registry.REGISTRY = pathlib.Path(sys.argv[1]); print(len(datasets.load('toy').x_train))"
    )
    command = [sys.executable, "-c", code, str(path)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **streams) as one, subprocess.Popen(command, **streams) as other:
        answers = [one.communicate(timeout=60), other.communicate(timeout=60)]
    assert [answer[0] for answer in answers] == ["100\n", "100\n"], answers
    assert sorted(server.requests) == [(f"/{name}", None) for name in sorted(FILES)]

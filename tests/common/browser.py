"""A headless Chromium, driven over the WebDriver protocol with the standard library alone."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = ["headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync"]
FLAGS += ["disable-background-networking", "disable-component-update", "hide-scrollbars"]


class Browser:
    """One browser window.

    Attributes:
        session: the URL of the WebDriver session.
    """

    def __init__(self, session: str) -> None:
        self.session = session

    def open(self, url: str, width: int, height: int, scheme: str = "light") -> None:
        """Load a page in a window of this size (CSS pixels) that prefers this colour scheme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", size)
        scheme = [{"name": "prefers-color-scheme", "value": scheme}]
        self._devtools("Emulation.setEmulatedMedia", {"features": scheme})
        _call(f"{self.session}/url", {"url": url})

    def run(self, script: str) -> Any:
        """Run JavaScript in the page; what it returns."""
        return _call(f"{self.session}/execute/sync", {"script": script, "args": []})

    def errors(self) -> list[str]:
        """What the console has complained of since the last call."""
        return [entry["message"] for entry in _call(f"{self.session}/se/log", {"type": "browser"})]

    def picture(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(_call(f"{self.session}/screenshot"))

    def _devtools(self, command: str, parameters: dict) -> None:
        _call(f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser with an empty profile; skip the test where the machine has none."""
    driver, binary = shutil.which("chromedriver"), shutil.which("chromium")
    if not (driver and binary):
        pytest.skip("needs chromium and chromedriver (Debian: apt install chromium chromium-driver)")
    with (
        tempfile.TemporaryDirectory() as profile,
        subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            port = next(line.split()[-1].rstrip(".") for line in process.stdout if "success" in line)
            options = {"binary": binary, "args": [*(f"--{flag}" for flag in FLAGS), f"--user-data-dir={profile}"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            root = f"http://127.0.0.1:{port}/session"
            session = f"{root}/{_call(root, {'capabilities': {'alwaysMatch': wanted}})['sessionId']}"
            yield Browser(session)
            _call(session, method="DELETE")
        finally:
            process.terminate()
            time.sleep(0.2)


def _call(url: str, body: dict | None = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the driver is on this machine
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)["value"]

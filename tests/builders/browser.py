"""A real browser, and the real server of the dashboard for it."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def free_port() -> int:
    with closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def answers(url: str, *, seconds: float = 40) -> bytes:
    """What a server answers, once it does."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@contextmanager
def running(*command: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@dataclass
class Browser:
    """A page of headless Chromium, driven over its DevTools protocol."""

    send: Callable[..., dict[str, Any]]

    def open(self, url: str, *, until: str, seconds: float = 40) -> str:
        """Open a page; return its text once it says `until`."""
        self.send("Page.navigate", url=url)
        end = time.monotonic() + seconds
        while until not in (text := self.text()):
            if time.monotonic() > end:
                raise AssertionError(f"{until!r} is not on {url}: {text}")
            time.sleep(0.3)
        return text

    def wait(self, script: str, *, seconds: float = 40) -> None:
        """Until a script is true of the page: a table is drawn after the texts around it."""
        end = time.monotonic() + seconds
        while not self.evaluate(script):
            if time.monotonic() > end:
                raise AssertionError(f"not true of the page: {script}")
            time.sleep(0.3)

    def text(self) -> str:
        return str(self.evaluate("document.body ? document.body.innerText : ''"))

    def evaluate(self, script: str) -> Any:
        result = self.send("Runtime.evaluate", expression=script)["result"]
        return result.get("value")

    def screenshot(self, file: Path) -> None:
        shot = self.send("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def scheme(self, value: str) -> None:
        """Prefer a light or a dark page."""
        features = [{"name": "prefers-color-scheme", "value": value}]
        self.send("Emulation.setEmulatedMedia", features=features)


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium on this machine")
    port = free_port()
    flags = (*QUIET, f"--remote-debugging-port={port}", f"--user-data-dir={folder}")
    with running(program, *flags, "--window-size=1366,900", "about:blank"):
        answers(f"http://127.0.0.1:{port}/json/version")
        pages = json.loads(answers(f"http://127.0.0.1:{port}/json/list"))
        page = next(page for page in pages if page["type"] == "page")
        with connect(page["webSocketDebuggerUrl"], max_size=None) as socket_:
            count = 0

            def send(method: str, **params: Any) -> dict[str, Any]:
                nonlocal count
                count += 1
                socket_.send(json.dumps({"id": count, "method": method, "params": params}))
                while True:
                    message = json.loads(socket_.recv(timeout=60))
                    if message.get("id") == count:
                        return dict(message["result"])

            yield Browser(send)


@contextmanager
def dashboard(lake: Path) -> Iterator[str]:
    """The command's own server over a lake; gives its address."""
    port = free_port()
    command = (sys.executable, "-m", "pipeline", "dashboard", "--lake", str(lake))
    with running(*command, "--port", str(port)):
        url = f"http://127.0.0.1:{port}"
        answers(f"{url}/_stcore/health")
        yield url

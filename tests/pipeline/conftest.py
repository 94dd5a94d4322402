"""Fixtures of the pipeline's tests: servers of buckets, a world of logs that grow."""

from __future__ import annotations

import base64
import hmac
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import obstore
import pytest

from builders.growing import World
from pipeline import buckets
from pipeline.lake import ConcurrentWriteError, Lake

# The account and key that every Azurite has.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@dataclass(frozen=True)
class S3:
    """A server of S3, and the requests that came to it."""

    endpoint: str
    log: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
        }

    def make_bucket(self, name: str) -> None:
        urlopen(Request(f"{self.endpoint}/{name}", method="PUT")).close()

    def fill(self, bucket: str, keys: Iterable[str]) -> None:
        """Put an empty JSON object under each key."""
        told = json.dumps({"bucket": bucket, "keys": list(keys)}).encode()
        urlopen(Request(f"{self.endpoint}/-/fill", data=told, method="POST")).close()

    def put(self, bucket: str, key: str, content: bytes = b"{}") -> None:
        obstore.put(buckets.store("s3", bucket), key, content)

    def breaks(self, *faults: dict[str, Any]) -> None:
        """Break requests to come, as `s3_server.py` says, in place of those told before."""
        told = json.dumps(faults).encode()
        urlopen(Request(f"{self.endpoint}/-/faults", data=told, method="POST")).close()

    def requests(self, kind: str, bucket: str) -> list[str]:
        """The requests to a bucket so far: those that "list", or those that "get"."""
        lines = [
            line for line in self.log.read_text().splitlines() if line.startswith(f"GET /{bucket}")
        ]
        lists = [line for line in lines if "list-type=2" in line]
        return lists if kind == "list" else [line for line in lines if line not in lists]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    log = tmp_path_factory.mktemp("s3") / "requests.log"
    log.touch()
    script = Path(__file__).with_name("s3_server.py")
    # A process of its own: delta-rs holds Python's lock here and there while it waits for answers.
    with subprocess.Popen(
        [sys.executable, str(script), str(log)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield S3(f"http://127.0.0.1:{int(server.stdout.readline())}", log)
        server.terminate()


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server, and the environment that leads to it."""
    for name, value in s3_server.env.items():
        monkeypatch.setenv(name, value)
    buckets.store.cache_clear()
    s3_server.breaks()
    return s3_server


@pytest.fixture
def google(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The same server as Google's, and the environment that leads to it."""
    account = {"gcs_base_url": s3.endpoint, "disable_oauth": True}
    account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(file))
    return s3


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of Azurite, Microsoft's server for tests; skips where there is none."""
    command = shutil.which("azurite-blob")
    if command is None:
        pytest.skip("no azurite-blob on the PATH (npm install azurite)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"--blobHost 127.0.0.1 --blobPort {port} --inMemoryPersistence --disableTelemetry"
    with subprocess.Popen(
        [command, *options.split(), "--skipApiVersionCheck"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path_factory.mktemp("azurite"),
    ) as server:
        assert server.stdout is not None
        while "successfully listens" not in (line := server.stdout.readline()):
            assert line, "azurite ended"
        yield f"http://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        server.terminate()
        server.communicate()


@pytest.fixture
def azure_container(azurite: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A container of Azure, and the environment that leads to it."""
    env = {
        "AZURE_STORAGE_ACCOUNT_NAME": AZURITE_ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": AZURITE_KEY,
        "AZURE_STORAGE_ENDPOINT": azurite,
        "AZURE_ALLOW_HTTP": "true",
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    buckets.store.cache_clear()
    date, version = formatdate(usegmt=True), "2021-08-06"
    signed = (
        f"PUT{12 * chr(10)}x-ms-date:{date}\nx-ms-version:{version}\n"
        f"/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/company\nrestype:container"
    )
    digest = hmac.digest(base64.b64decode(AZURITE_KEY), signed.encode(), "sha256")
    headers = {
        "x-ms-date": date,
        "x-ms-version": version,
        "Authorization": f"SharedKey {AZURITE_ACCOUNT}:{base64.b64encode(digest).decode()}",
    }
    url = f"{azurite}/company?restype=container"
    urlopen(Request(url, method="PUT", headers=headers)).close()
    return "company"


@pytest.fixture
def world(tmp_path: Path, lake: Lake) -> World:
    return World(tmp_path / "in", lake)


@pytest.fixture
def lost_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next commit of events is made, and said to be refused."""
    commit = Lake.commit

    def lost(lake: Lake, *args: Any, **options: Any) -> None:
        commit(lake, *args, **options)
        monkeypatch.setattr(Lake, "commit", commit)
        raise ConcurrentWriteError("refused")

    monkeypatch.setattr(Lake, "commit", lost)

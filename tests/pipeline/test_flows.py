"""The Prefect flow: the same steps, retried on faults of reading and writing only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import (
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    temporary_settings,
)

from builders.cloudtrail import cloudtrail
from pipeline import flows
from pipeline.errors import InputError
from pipeline.settings import load
from pipeline.steps import Job


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """`nhiwatch run` over the folder's log, in a process of its own."""
    told = ("run", folder / "log.jsonl", "--lake", folder / "lake")
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, told)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PREFECT_HOME": str(folder / "prefect")},
    )


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log and the lake and Prefect of the first run on a machine, which makes
    Prefect's database.
    """
    folder = tmp_path_factory.mktemp("machine")
    (folder / "log.jsonl").write_text(json.dumps(cloudtrail()))
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert "1 new events" in done.stderr
    return folder


@pytest.fixture(scope="module")
def prefect(machine: Path) -> Iterator[None]:
    """The machine's Prefect in this process; its server takes long to start where much goes on."""
    updates = {
        PREFECT_HOME: machine / "prefect",
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 120,
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(updates):
        yield
        SubprocessASGIServer().stop()


def job(tmp_path: Path) -> Job:
    settings = load(lake=tmp_path / "lake")
    now = datetime(2026, 10, 1, tzinfo=timezone.utc)
    return Job(settings=settings, run_id="r", now=now, progress=lambda *_: None)


def test_a_second_run_has_nothing_to_do(machine: Path) -> None:
    done = run(machine)
    assert done.returncode == 0
    assert "nothing new: 1 files unchanged" in done.stderr


@pytest.mark.usefixtures("prefect")
def test_the_flow_brings_in_learns_and_judges(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail()))
    done = flows.main_job(job(tmp_path), [str(tmp_path / "log.jsonl")])
    assert done.summary.events == 1
    assert done.judged.days >= 3


@pytest.mark.usefixtures("prefect")
def test_an_error_a_user_can_fix_is_not_retried(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file"):
        flows.main_job(job(tmp_path), [str(tmp_path / "nothing")])


def test_only_faults_of_reading_and_writing_are_retried() -> None:
    class State:
        def __init__(self, fault: BaseException) -> None:
            self.fault = fault

        def result(self, *, raise_on_failure: bool) -> BaseException:
            return self.fault

    broken_disk = InputError("cannot read")
    broken_disk.__cause__ = OSError("disk")
    assert flows.is_io(None, None, State(OSError("disk")))
    assert flows.is_io(None, None, State(broken_disk))
    assert not flows.is_io(None, None, State(InputError("no such file")))
    assert not flows.is_io(None, None, State(ValueError("bug")))

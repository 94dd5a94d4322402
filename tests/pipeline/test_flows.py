"""The Prefect flow: the same steps, retried on faults of reading and writing only."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from prefect.testing.utilities import prefect_test_harness

from builders.cloudtrail import cloudtrail
from pipeline import flows
from pipeline.errors import InputError
from pipeline.settings import load
from pipeline.steps import Job


@pytest.fixture(scope="module", autouse=True)
def prefect() -> Any:
    """A throw-away Prefect server, which takes long to start on a busy machine."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


def job(tmp_path: Path) -> Job:
    settings = load(lake=tmp_path / "lake")
    now = datetime(2026, 10, 1, tzinfo=timezone.utc)
    return Job(settings=settings, run_id="r", now=now, progress=lambda *_: None)


def test_the_flow_brings_in_learns_and_judges(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail()))
    done = flows.main_job(job(tmp_path), [str(tmp_path / "log.jsonl")])
    assert done.summary.events == 1
    assert done.judged.days >= 3


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

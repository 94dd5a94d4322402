"""Prefect flows: each step of the main job a task, retried on faults of reading and writing.

The only module that imports prefect. A flow without a server starts one of its own, which takes
some ten seconds; the other commands call the same steps without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipeline import steps
from pipeline.steps import Done, Job


def is_io(_task: Any, _run: Any, state: Any) -> bool:
    """Whether a task failed on reading or writing, which may pass; anything else will not."""
    fault = state.result(raise_on_failure=False)
    cause = fault.__cause__ if isinstance(fault, BaseException) else None
    return isinstance(fault, OSError) or isinstance(cause, OSError)


_RETRIED: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [1, 5],
    "retry_condition_fn": is_io,
    "cache_policy": NO_CACHE,
}

ingest = task(name="ingest", **_RETRIED)(steps.bring_in)
baselines = task(name="baselines", **_RETRIED)(steps.learn)
detect = task(name="detect", **_RETRIED)(steps.detect)
housekeeping = task(name="housekeeping", **_RETRIED)(steps.keep_house)


@flow(name="nhiwatch", validate_parameters=False)
def main_job(job: Job, paths: Sequence[str], source: str | None = None) -> Done:
    """Ingest, baselines, detect, housekeeping: returns what each did."""
    summary = ingest(job, paths, source=source)
    baselines(job)
    judged = detect(job)
    return Done(summary=summary, judged=judged, house=housekeeping(job))

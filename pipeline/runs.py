"""The book of runs: what ran, on what, how long, what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from pipeline.errors import NotFoundError, encodable
from pipeline.lake import Lake
from pipeline.schemas import RUNS, TABLES, json_text

_BETWEEN = timedelta(minutes=1)
"""How long what a run that goes on has done may be missing in its row: each time that the row is
written is a commit, and leaves a file that is kept for `keep_hours`.
"""


@dataclass(frozen=True, kw_only=True)
class Book:
    """Where one run is written down when it ends, or time and again if it `goes_on`."""

    lake: Lake
    command: str
    run_id: str
    started_at: datetime
    goes_on: bool = False

    def finished(
        self,
        summary: Mapping[str, Any],
        *,
        failures: Sequence[str],
        lake_versions: Mapping[str, int],
        finished_at: datetime,
    ) -> None:
        """Write down what a run did, with or without failures and rejects."""
        status = "failed" if failures else "rejects" if summary.get("rejects") else "ok"
        self._write(finished_at, status, summary, failures, lake_versions)

    def failed(
        self, error: BaseException, *, summary: Mapping[str, Any], finished_at: datetime
    ) -> None:
        """Write down a run that broke off, and what it had done before."""
        told = encodable(f"{type(error).__name__}: {error}")
        self._write(finished_at, "failed", summary, [told], {})

    def _write(
        self,
        finished_at: datetime,
        status: str,
        summary: Mapping[str, Any],
        errors: Sequence[str],
        lake_versions: Mapping[str, int],
    ) -> None:
        row = {
            "run_id": self.run_id,
            "command": self.command,
            "started_at": self.started_at,
            "finished_at": finished_at,
            "status": status,
            "summary": json_text(summary),
            "errors": list(errors),
            "lake_versions": json_text(lake_versions),
            "version": version("nhiwatch"),
        }
        rows = RUNS.frame([row])
        if not (self.goes_on and self.lake.merge("runs", rows)):
            self.lake.append("runs", rows)


@dataclass(kw_only=True)
class Journal:
    """The row of a run that goes on: written with the first that it has to tell, then once a minute
    at the most, and when it is closed. Who is killed has the last minute's counts missing there, of
    what is in the lake nothing.
    """

    book: Book
    _unwritten: Mapping[str, Any] | None = None
    _due: datetime | None = None

    def tell(self, summary: Mapping[str, Any] | None, *, now: datetime) -> None:
        """Take down what the run did so far, if that is news, and write what is due."""
        self._unwritten = summary or self._unwritten
        if self._due is None or now >= self._due:
            self.close(now=now)

    def close(self, *, now: datetime) -> None:
        """Write what is not written yet."""
        if self._unwritten is not None:
            self.book.finished(self._unwritten, failures=[], lake_versions={}, finished_at=now)
            self._unwritten, self._due = None, now + _BETWEEN


def versions_of(lake: Lake, run_id: str) -> dict[str, int | None]:
    """The Delta version of each table that a run judged on; None of those that were not there."""
    with lake.reader(tables=["runs"]) as reader:
        runs = dict(reader.columns("runs", ["run_id", "lake_versions"]).rows())
    if run_id not in runs:
        raise NotFoundError(f"expected the id of a run (nhiwatch status), got {run_id!r}")
    versions: dict[str, int] = json.loads(runs[run_id])
    if not versions:
        raise NotFoundError(f"expected a run that judged (nhiwatch status), got {run_id}")
    return dict.fromkeys(TABLES) | versions

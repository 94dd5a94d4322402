"""The book of runs: what ran, on what, how long, what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from pipeline.errors import NotFoundError, encodable
from pipeline.lake import Lake
from pipeline.schemas import RUNS, TABLES, json_text


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

"""One finding told whole: observed against expected, its evidence, and the SQL to see it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import NotFoundError
from pipeline.reader import LakeReader, literal

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Explanation:
    """A finding's row, its evidence events (most telling first), and how to see them again.

    `lake_versions` are the Delta versions of the tables it was judged on.
    """

    finding: dict[str, Any]
    evidence: pl.DataFrame
    sql: str
    lake_versions: str


def explain(reader: LakeReader, finding_id: str) -> Explanation:
    """The explanation of a finding; its id may be shortened while it stays the only one."""
    rows = reader.query(SQL / "finding.sql", {"finding_id": finding_id})
    if rows.height != 1:
        found = "none" if rows.height == 0 else f"{rows.height} of them"
        raise NotFoundError(f"expected the id of one finding (nhiwatch findings), got {found}")
    finding = rows.row(0, named=True)
    first, last = finding["first_seen"].date(), finding["last_seen"].date()
    params = {"ids": finding["evidence"], "first_day": first, "last_day": last}
    return Explanation(
        finding,
        reader.query(SQL / "evidence.sql", params),
        evidence_sql(finding["evidence"], first_day=str(first), last_day=str(last)),
        finding.pop("lake_versions") or "{}",
    )


def evidence_sql(event_ids: list[str], *, first_day: str, last_day: str) -> str:
    """A SELECT, ready to paste, that returns the evidence."""
    ids = ", ".join(map(literal, event_ids))
    return (
        f"select * from events where event_date between '{first_day}' and '{last_day}' "  # noqa: S608
        f"and event_id in ({ids}) order by event_time"
    )


def as_dict(told: Explanation) -> dict[str, Any]:
    """The explanation as plain data."""
    return {
        **told.finding,
        "events": told.evidence.to_dicts(),
        "sql": told.sql,
        "lake_versions": json.loads(told.lake_versions),
    }

"""The data dictionary: tables from `pipeline.schemas`, views from the comments in their SQL."""

from __future__ import annotations

import re

import polars as pl

from pipeline.errors import NotFoundError
from pipeline.reader import RELATIONS, LakeReader
from pipeline.schemas import TABLES


def dictionary(reader: LakeReader, name: str | None = None) -> pl.DataFrame:
    """A row a column: relation, kind (table or view), column, type, unit, meaning."""
    rows = [
        (table.name, "table", column.name, column.type, column.unit, column.meaning)
        for table in TABLES.values()
        for column in table.columns
    ]
    comments = _view_comments()
    rows += [
        (view, "view", column, kind, "", comments.get((view, column), ""))
        for view, column, kind in reader.view_columns()
        if view not in TABLES
    ]
    names = ["relation", "kind", "column", "type", "unit", "meaning"]
    listed = pl.DataFrame(rows, schema=names, orient="row")
    if name is None:
        return listed
    asked = listed.filter(relation=name)
    if asked.is_empty():
        known = ", ".join(listed["relation"].unique(maintain_order=True))
        raise NotFoundError(f"expected one of {known}; got {name!r}")
    return asked


def _view_comments() -> dict[tuple[str, str], str]:
    """The comment behind each output column of each view: `... as column,  -- meaning`."""
    found = {}
    for folder in RELATIONS:
        for path in folder.glob("*.sql"):
            for line in path.read_text(encoding="utf-8").splitlines():
                match = re.search(r'\b"?(\w+)"?,?\s+--\s*(.+)$', line)
                if match is not None:
                    found[path.stem, match.group(1)] = match.group(2).strip()
    return found

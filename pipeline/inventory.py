"""The inventory of identities: what a file declares, joined with what the logs show."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.errors import InputError
from pipeline.lake import Lake
from pipeline.schemas import CAPABILITIES

SQL = Path(__file__).parent / "sql" / "inventory.sql"
DECLARED: dict[str, pl.DataType | type[pl.DataType]] = {
    "identity_id": pl.String,
    "owner": pl.String,
    "purpose": pl.String,
    "capability": pl.String,
    "allowed_networks": pl.List(pl.String),
    "allowed_tools": pl.List(pl.String),
}
"""Columns of an inventory file; in CSV the lists are separated by semicolons. Only the first must
be there."""

DECLARED_CAPABILITIES = ("analyse", "act", *CAPABILITIES)
"""What an identity may be declared to do; several are separated by semicolons."""


def take_inventory(lake: Lake, *, file: Path | None = None) -> int:
    """Make the table `identities` anew; returns how many identities there are.

    Without a file, what was declared before stays declared.
    """
    with lake.reader(tables=["identities", "daily_identity"]) as reader:
        known = reader.columns("identities", ["declared", *DECLARED]).filter("declared")
        declared = read_declared(file) if file is not None else known.drop("declared")
        reader.define("declared", declared)
        return lake.replace("identities", reader.arrow(SQL))


def read_declared(file: Path) -> pl.DataFrame:
    """The identities that an inventory file (.csv or .json, a list of objects) declares."""
    try:
        rows = pl.read_json(file) if file.suffix == ".json" else _read_csv(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"inventory {file}: {_line(error)}") from error
    unknown = sorted(set(rows.columns) - DECLARED.keys())
    if "identity_id" not in rows.columns or unknown:
        raise InputError(
            f"inventory {file}: expected columns {', '.join(DECLARED)}, "
            f"got {', '.join(rows.columns)}"
        )
    if rows["identity_id"].is_duplicated().any():
        twice = rows.filter(pl.col("identity_id").is_duplicated())["identity_id"][0]
        raise InputError(f"inventory {file}: {twice!r} is declared twice; keep one")
    missing = [pl.lit(None, kind).alias(c) for c, kind in DECLARED.items() if c not in rows.columns]
    full = rows.with_columns(missing).select(
        pl.col(name).cast(kind) for name, kind in DECLARED.items()
    )
    parts = full["capability"].drop_nulls().str.split(";").explode()
    wrong = set(parts) - set(DECLARED_CAPABILITIES)
    if wrong:
        raise InputError(
            f"inventory {file}: expected a capability of {', '.join(DECLARED_CAPABILITIES)}, "
            f"got {', '.join(sorted(wrong))}"
        )
    return full


def _read_csv(file: Path) -> pl.DataFrame:
    rows = pl.read_csv(file, infer_schema=False)
    lists = [name for name, kind in DECLARED.items() if kind != pl.String and name in rows.columns]
    return rows.with_columns(pl.col(name).str.split(";") for name in lists)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

"""Records in, rows out: what a source makes of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.reader import LakeReader, Repeated
from pipeline.sources import Source


def selected(source: Source, *records: Any) -> pl.DataFrame:
    """The rows of these records, in their order, as the source's SELECT makes them; text is taken
    as it is.
    """
    texts = [record if isinstance(record, str) else json.dumps(record) for record in records]
    told = pa.table(
        {
            "record": pa.array(range(len(texts)), pa.int64()),
            "raw": pa.array(texts, pa.string()),
        }
    )
    return pl.DataFrame(_planned(source)(told)).sort("record", maintain_order=True)


@cache
def _reader() -> LakeReader:
    """A reader of no table, for the rest of the process."""
    return Lake(Path("nowhere")).reader(tables=())


@cache
def _planned(source: Source) -> Repeated:
    """The source's SELECT, planned once a process: that takes a hundred times as long as a row."""
    return _reader().repeated(source.select)

"""Rows by their places are those that a copy would have, however the table is chunked."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.slicing import rows_at, rows_where

chunks = st.lists(st.integers(0, 300), min_size=1, max_size=5)


def table(sizes: list[int]) -> pa.Table:
    ends = np.cumsum([0, *sizes])
    parts = [
        pa.table({"n": pa.array(range(a, b), pa.int64()), "text": [f"t{n}" for n in range(a, b)]})
        for a, b in itertools.pairwise(ends)
    ]
    return pa.concat_tables(part.cast(parts[0].schema) for part in parts)


def places(told: st.DataObject, rows: int) -> list[int]:
    """Runs of rows, some of one row."""
    run = st.tuples(st.integers(0, rows - 1), st.sampled_from([1, 1, 2, 50])).map(
        lambda at: list(range(at[0], min(rows, at[0] + at[1])))
    )
    return [place for part in told.draw(st.lists(run, max_size=150)) for place in part]


@given(sizes=chunks, told=st.data())
def test_rows_at_their_places(sizes: list[int], told: st.DataObject) -> None:
    rows = table([1, *sizes])
    at = np.array(places(told, rows.num_rows), np.int64)
    assert rows_at(rows, at).equals(rows.take(pa.array(at)))


@given(sizes=chunks, told=st.data())
def test_rows_where_a_mask_is_true(sizes: list[int], told: st.DataObject) -> None:
    rows = table([1, *sizes])
    mask = np.zeros(rows.num_rows, bool)
    mask[places(told, rows.num_rows)] = True
    chosen = pa.chunked_array([pa.array(mask)])
    assert rows_where(rows, chosen).equals(rows.filter(chosen))


def test_rows_that_lie_together_are_not_copied() -> None:
    rows = table([1000])
    first = rows_at(rows, np.arange(10, 500))["text"].chunk(0).buffers()[2]
    assert first.address == rows["text"].chunk(0).buffers()[2].address

"""What pages hand out."""

from __future__ import annotations

import polars as pl

from dashboards import data


def test_plain_rows_have_nested_values_as_json_and_bytes_as_hex() -> None:
    rows = pl.DataFrame({"a": [{"b": [1]}, None], "c": [b"de", None]})
    assert data.plain(rows).rows() == [('{"b": [1]}', "6465"), (None, None)]

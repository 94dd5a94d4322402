"""Rows of an Arrow table by their places. Rows that lie together are not copied: the texts of a
batch are most of its memory, and each copy of them is new memory to be had from the system.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_MANY_RUNS, _SHORT_RUN = 64, 64
"""Many runs that are short on average are quicker copied, for which Arrow first joins the whole."""


def rows_at(table: pa.Table, places: npt.NDArray[np.int64]) -> pa.Table:
    """The rows at these places, in the places' order."""
    if len(places) == 0:
        return table.slice(0, 0)
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
    if len(starts) > max(_MANY_RUNS, len(places) // _SHORT_RUN):
        return table.take(pa.array(places))
    ends = np.append(starts[1:], len(places))
    return pa.concat_tables(
        table.slice(places[start], end - start) for start, end in zip(starts, ends, strict=True)
    )


def rows_where(table: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    """The rows where the mask is true."""
    return rows_at(table, np.flatnonzero(mask.to_numpy()))

"""Fixtures of the log sources' tests: what each of them has to hold."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from pipeline.schemas import (
    ACCESS_LEVELS,
    CREDENTIAL_KINDS,
    IDENTITY_KINDS,
    OUTCOMES,
)
from pipeline.sources import SELECTED


@pytest.fixture(scope="session")
def hold_the_contract() -> Callable[[pl.DataFrame], None]:
    """Every row is a problem or an event; every value is of its set; every column casts."""

    def hold(rows: pl.DataFrame) -> None:
        events = rows.filter(pl.col("problem").is_null())
        needed = ["event_id", "event_time", "identity_id", "identity_name", "action"]
        assert events.select(needed).null_count().row(0) == (0,) * len(needed)
        assert not (events["identity_id"] == "").any()
        for column, values in (
            ("identity_kind", IDENTITY_KINDS),
            ("credential_kind", (*CREDENTIAL_KINDS, None)),
            ("access", (*ACCESS_LEVELS, None)),
            ("outcome", OUTCOMES),
        ):
            assert set(events[column]) <= set(values)
        rows.to_arrow().select(SELECTED.names).cast(SELECTED)

    return hold

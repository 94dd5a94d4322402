"""What a log does not say itself: whose network, which client, what an action can do.

Each lookup is made once per distinct value of a batch, then joined; never per event.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from pipeline.enrich import access, client, network


def load(*, database: Path | None = None) -> None:
    """Read what the lookups look into, which else the first of each waits for."""
    network.load(database)
    access.load()


def added(parsed: pa.Table, *, database: Path | None = None) -> pa.Table:
    """The columns of `events` that lookups add to a source's rows, row by row: access where the
    source does not tell it, network, country, cloud, client; and event_date.
    """
    rows = pl.DataFrame(
        parsed.select([*access.KEY, "access", "event_time", "source_ip", "user_agent"])
    )
    looked_up = {
        ("source_ip",): network.networks(rows["source_ip"], database=database),
        ("user_agent",): client.clients(rows["user_agent"]),
        access.KEY: access.access_levels(rows.select(access.KEY).unique()).rename(
            {"access": "looked_up"}
        ),
    }
    for key, found in looked_up.items():
        rows = rows.join(found, on=key, how="left", nulls_equal=True, maintain_order="left")
    return rows.select(
        pl.col("event_time").dt.date().alias("event_date"),
        pl.coalesce("access", "looked_up", pl.lit("other")).alias("access"),
        "network",
        "country",
        "cloud",
        "client",
    ).to_arrow()

"""What a log does not say itself: whose network, which client, what an action can do.

Each lookup is made once per distinct value of a batch, then joined in SQL; never per event.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.enrich import access, client, network
from pipeline.reader import LakeReader

SELECT = Path(__file__).parent / "enrich.sql"
"""From `parsed` and the lookups to the columns of `events` that they add, row by row."""

_ACTIONS = Path(__file__).parent / "distinct_actions.sql"


def load(*, database: Path | None = None) -> None:
    """Read what the lookups look into, which else the first of each waits for."""
    network.load(database)
    access.load()


def lookups(reader: LakeReader, *, database: Path | None = None) -> dict[str, pl.DataFrame]:
    """The lookups for what the relation `parsed` holds, by the names that SELECT reads them."""
    addresses = reader.query("select distinct source_ip from parsed")["source_ip"]
    agents = reader.query("select distinct user_agent from parsed")["user_agent"]
    return {
        "networks": network.networks(addresses, database=database),
        "clients": client.clients(agents),
        "access_levels": access.access_levels(reader.query(_ACTIONS)),
    }

"""Whose the steps of agents' traces are: the agent that a span above them names.

A trace's spans come in any order and in any number of files, and only some name their agent.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa

from pipeline.lake import Lake, of_days, of_period
from pipeline.new_events import period_of
from pipeline.schemas import EVENTS, ROLLUPS

SQL = Path(__file__).parent / "sql"
_ONE_DAY = timedelta(days=1)
_NONE_ROLLED = ROLLUPS.arrow_schema.empty_table()


def with_agents(lake: Lake, events: pa.Table, *, source: str, own: str) -> pa.Table:
    """The events of a source with the agents that their traces' spans name, here or in the lake;
    `own` is the pattern that a record matches if it names its agent itself.

    Events that landed before their agent was known are put right, and their days rolled up again.
    """
    params = {"own_agent": own, **period_of(source, events)}
    # A run may go on past midnight: spans.sql looks a day further, each way.
    days_there = of_period(source, params["first_day"] - _ONE_DAY, params["last_day"] + _ONE_DAY)
    with lake.reader(tables=["events"], only={"events": days_there}) as reader:
        reader.define("arrived", events)
        reader.define("spans", SQL / "spans.sql", params)
        agents = reader.query(SQL / "agents.sql")
    landed = agents.filter("landed")
    if landed.height:
        days = of_days(landed.select("source", "event_date").unique().sort("event_date"))
        # Before, as a kill may come next; and after, as somebody may roll them up meanwhile.
        lake.replace("rollups", _NONE_ROLLED, where=days)
        lake.merge("events", landed.drop("landed", "event_date"))
        lake.replace("rollups", _NONE_ROLLED, where=days)
    return _updated(events, agents.drop("landed", "event_date"))


def _updated(events: pa.Table, changes: pl.DataFrame) -> pa.Table:
    """The events with the columns of `changes` in place of theirs where event_id is the same."""
    updated = pl.DataFrame(events).update(changes, on=["source", "event_id"])
    return updated.to_arrow().cast(EVENTS.arrow_schema)

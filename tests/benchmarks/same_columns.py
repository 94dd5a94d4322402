"""That another way's rows are nhiwatch's, and what nhiwatch looks up, for ways that cannot.

    python tests/benchmarks/same_columns.py lookups LAKE FOLDER
    python tests/benchmarks/same_columns.py compare LAKE OUT.parquet

The first writes what a lake's events have from lookups, by what it is looked up by; the second
compares the columns of OUT with the lake's, event by event, and fails if one is not the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.lake import Lake
from pipeline.reader import LakeReader, literal

LOOKUPS = {
    "actions": "select action as key, any_value(access) as looked_up from events group by action",
    "addresses": "select distinct source_ip as key, network, country, cloud from events",
    "agents": "select distinct user_agent as key, client from events",
}
OF_THE_LAKE = ("ingested_at", "source", "fingerprint")


def write_lookups(reader: LakeReader, folder: Path) -> None:
    folder.mkdir()
    for name, sql in LOOKUPS.items():
        reader.query(sql).drop_nulls("key").write_parquet(folder / f"{name}.parquet")


def differences(reader: LakeReader, out: str) -> dict[str, int]:
    """In how many events the columns differ that do, those that another way lacks in all."""
    theirs = f"read_parquet({literal(out)})"
    there = set(reader.query(f"select * from {theirs} limit 0").columns)
    names = reader.query("select * from events limit 0").columns
    counts = [
        f'count(*) filter (e."{name}" is distinct from o."{name}") as "{name}"'
        if name in there
        else f'count(e."{name}") as "{name}"'
        for name in names
        if name not in OF_THE_LAKE
    ]
    sql = f"select {', '.join(counts)} from events as e full join {theirs} as o using (event_id)"
    told = reader.query(sql).row(0, named=True)
    return {name: events for name, events in told.items() if events}


def main() -> None:
    what, lake, place = sys.argv[1:]
    with Lake(Path(lake)).reader(tables=["events"]) as reader:
        if what == "lookups":
            write_lookups(reader, Path(place))
        elif differ := differences(reader, place):
            sys.exit(f"expected the columns of events, got others: {differ}")


if __name__ == "__main__":
    main()

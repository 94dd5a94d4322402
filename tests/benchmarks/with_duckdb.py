"""CloudTrail with DuckDB's own reader: unnest the records, write them to Parquet; no columns.

    python tests/benchmarks/with_duckdb.py LOGS OUT.parquet

Prints how many records it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb


def main() -> None:
    logs, out = Path(sys.argv[1]), sys.argv[2]
    with duckdb.connect() as connection:
        connection.read_json(str(logs / "**" / "*.json.gz"), columns={"Records": "JSON[]"}).select(
            "unnest(Records) as record"
        ).write_parquet(out)
        [(rows,)] = connection.read_parquet(out).count("*").fetchall()
    print(rows)


if __name__ == "__main__":
    main()

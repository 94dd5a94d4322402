"""CloudTrail with ClickHouse (chdb), to Parquet with `raw` kept: the columns of `events`, or with
--plain those that a log's fields give at once.

    python tests/benchmarks/with_chdb.py LOGS OUT.parquet LOOKUPS
    python tests/benchmarks/with_chdb.py LOGS OUT.parquet --plain

LOOKUPS is a folder that same_columns.py made. Prints how many events it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import chdb
import pyarrow.parquet as pq

HERE = Path(__file__).parent
SETTINGS = (
    " settings output_format_parquet_compression_method = 'zstd',"
    " output_format_compression_level = 1, output_format_parquet_string_as_string = 1"
)
# What lies behind many conditions is worked out for all rows in three quarters of the time.
FOR_MANY_CONDITIONS = ", short_circuit_function_evaluation = 'disable'"


def main() -> None:
    logs, out, last = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    places = {"logs": str(logs / "**" / "*.json.gz"), "out": out}
    if last == "--plain":
        sql, settings = "with_chdb_plain.sql", SETTINGS
    else:
        sql, settings = "with_chdb.sql", SETTINGS + FOR_MANY_CONDITIONS
        places |= {file.stem: str(file) for file in Path(last).glob("*.parquet")}
    text = (HERE / sql).read_text(encoding="utf-8")
    for name, value in places.items():
        text = text.replace(f"{{{name}:String}}", "'" + value.replace("'", "''") + "'")
    chdb.query(text + settings)  # type: ignore[no-untyped-call]
    print(pq.read_metadata(out).num_rows)


if __name__ == "__main__":
    main()

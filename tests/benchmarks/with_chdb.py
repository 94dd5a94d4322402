"""CloudTrail with ClickHouse (chdb): the columns of `with_chdb.sql`, to Parquet with `raw` kept.

    python tests/benchmarks/with_chdb.py LOGS OUT.parquet

Prints how many events it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import chdb
import pyarrow.parquet as pq

SQL = Path(__file__).with_name("with_chdb.sql")
SETTINGS = (
    " settings output_format_parquet_compression_method = 'zstd',"
    " output_format_compression_level = 1, output_format_parquet_string_as_string = 1"
)


def main() -> None:
    logs, out = Path(sys.argv[1]), sys.argv[2]
    places = {"{logs:String}": str(logs / "**" / "*.json.gz"), "{out:String}": out}
    text = SQL.read_text(encoding="utf-8")
    for name, value in places.items():
        text = text.replace(name, "'" + value.replace("'", "''") + "'")
    chdb.query(text + SETTINGS)  # type: ignore[no-untyped-call]
    print(pq.read_metadata(out).num_rows)


if __name__ == "__main__":
    main()

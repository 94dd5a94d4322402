"""Every benchmark, as the table that the README shows.

    python tests/benchmarks/table.py                 all of it: about half an hour, 15 GB of disk
    python tests/benchmarks/table.py --quick         small sizes: two minutes; not for publishing
    python tests/benchmarks/table.py --only ingest memory

Needs the extra `benchmarks` (ClickHouse, to compare with). Each way runs in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import ingest
import known_files
import memory
import nightly
import row
import small_files
import start_up

BENCHMARKS = {
    "ingest": ingest.measure,
    "start_up": start_up.measure,
    "small_files": small_files.measure,
    "known_files": known_files.measure,
    "memory": memory.measure,
    "nightly": nightly.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    told = parser.parse_args()
    # The settings of whoever runs this would be measured with it.
    for name in [name for name in os.environ if name.startswith("NHIWATCH_")]:
        del os.environ[name]
    print(row.HEAD, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in told.only:
            for line in BENCHMARKS[name](Path(folder), quick=told.quick):
                print(line, flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()

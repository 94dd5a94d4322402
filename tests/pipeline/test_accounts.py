"""A lake that knows many files: what one more costs, and that it is known again among them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from pipeline.housekeeping import Rules, keep_house
from pipeline.ingest import Summary, ingest
from pipeline.lake import Lake
from pipeline.schemas import INGESTS
from pipeline.settings import Retention

NOW = datetime(2026, 9, 1, tzinfo=timezone.utc)
MANY = 250_000
PEAK = r"""
import re, sys
from datetime import datetime, timezone
from pathlib import Path
from pipeline.ingest import ingest
from pipeline.lake import Lake
ingest(Lake(Path(sys.argv[1])), [sys.argv[2]], now=datetime.now(timezone.utc), run_id="r")
# Not what getrusage tells: there a process begins with the peak of the one that started it.
print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


def accounts(many: int) -> pl.DataFrame:
    """So many of files that are no more."""
    digits = np.random.default_rng(1).bytes(16 * many).hex()
    contents = [digits[32 * n : 32 * n + 32] for n in range(many)]
    rows = pl.DataFrame({"fingerprint": contents, "content": contents}).with_columns(
        source_file=pl.format("s3://logs/AWSLogs/2026/01/02/{}.json.gz", "fingerprint"),
        source=pl.lit("aws_cloudtrail"),
        bytes=pl.lit(2_000),
        records=pl.lit(3),
        events=pl.lit(3),
        duplicates=pl.lit(0),
        rejects=pl.lit(0),
        ingested_at=pl.lit(NOW),
    )
    return pl.concat([INGESTS.frame([]), rows], how="diagonal_relaxed").cast(
        dict(INGESTS.frame([]).schema)
    )


def log(folder: Path, name: str, number: int) -> Path:
    """A document of one record that no other has."""
    record = {
        "eventID": str(number),
        "eventTime": "2026-08-01T00:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "userIdentity": {"type": "IAMUser", "userName": "ci"},
    }
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps({"Records": [record]}))
    return folder / name


def bring(lake: Lake, *paths: Path) -> Summary:
    return ingest(lake, paths, now=NOW, run_id="r")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_file_costs_no_more_memory_where_many_are_known(tmp_path: Path) -> None:
    peaks = []
    for many in (0, MANY):
        lake = Lake(tmp_path / f"lake{many}")
        lake.append("ingests", accounts(many))
        command = [sys.executable, "-c", PEAK, str(lake.location), str(log(tmp_path, "a.json", 1))]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(int(told.stdout) * 1024)
    # Names and contents of all of them would be 70 MB, as text.
    assert peaks[1] - peaks[0] < MANY * 200


def test_files_and_logs_are_known_again_among_many(lake: Lake, tmp_path: Path) -> None:
    lake.append("ingests", accounts(110_000))
    files = [log(tmp_path / "logs", f"{n}.json", n) for n in range(30)]
    lines = tmp_path / "logs" / "app.jsonl"
    lines.write_text("".join(f"{file.read_text()}\n" for file in files[:2]).replace('"0"', '"x"'))
    assert bring(lake, tmp_path / "logs").files == 31
    (tmp_path / "logs").rename(tmp_path / "moved")
    again = bring(lake, tmp_path / "moved")
    assert (again.events, again.records) == (0, 0)
    assert (again.files, again.unchanged) == (30, 1)
    assert bring(lake, tmp_path / "moved").unchanged == 31


def test_accounts_lie_in_small_files_and_a_log_that_grew_rewrites_one(
    lake: Lake, tmp_path: Path
) -> None:
    app = tmp_path / "app.jsonl"
    line = json.dumps(json.loads(log(tmp_path, "a.json", 1).read_text())["Records"][0])
    app.write_text(f"{line}\n")
    for part in accounts(MANY).iter_slices(MANY // 10):
        lake.append("ingests", part)
    assert bring(lake, app).events == 1
    keep_house(lake, rules=Rules(), retention=Retention(), now=NOW)
    files = lake.files("ingests")
    assert files["rows"].sum() == MANY + 1
    assert 1 < files.height < 20
    assert files["bytes"].max() < 2 * 1024**2
    with app.open("a") as more:
        more.write(line.replace('"1"', '"2"') + "\n")
    assert bring(lake, app).events == 1
    table = lake.table("ingests")
    assert table is not None
    merge = table.history(1)[0]["operationMetrics"]
    assert merge["num_target_rows_updated"] == 1
    assert merge["num_target_rows_copied"] < MANY // 8


def test_compacted_files_tell_the_bounds_of_their_keys(lake: Lake) -> None:
    for part in accounts(20).iter_slices(2):
        lake.append("ingests", part)
    keep_house(lake, rules=Rules(), retention=Retention(), now=NOW)
    table = lake.table("ingests")
    assert table is not None
    (file,) = pl.DataFrame(pa.table(table.get_add_actions(flatten=True))).to_dicts()
    names = accounts(20)["source_file"]
    bounds = file["min.source_file"], file["max.source_file"]
    assert bounds == (names.min(), names.max())

"""Paths that mean files: what cannot be read is told in a line, and keeps nothing else from it."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pipeline.errors import InputError, LakeError, NotThereError
from pipeline.files import LocalFile
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.paths import find

NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)
EVENT = (
    b'{"eventVersion":"1.11","userIdentity":{"type":"Root","accountId":"111122223333"},'
    b'"eventTime":"2026-09-01T00:00:00Z","eventSource":"s3.amazonaws.com",'
    b'"eventName":"ListBuckets","eventID":"e"}\n'
)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.log").write_bytes(EVENT)
    return folder


def test_a_name_that_is_no_utf_8_is_read_and_told_with_escapes(lake: Lake, logs: Path) -> None:
    odd = os.fsencode(logs) + b"/bad\xff.log"
    with open(odd, "wb") as file:  # noqa: PTH123  (no Path has bytes)
        file.write(EVENT.replace(b'"e"', b'"f"'))
    for again in range(2):
        summary = ingest(lake, [logs], now=NOW, run_id="r")
        assert (summary.events, summary.unchanged) == ((2, 0) if not again else (0, 2))
    with lake.reader(tables=["ingests"]) as reader:
        names = reader.query("select source_file from ingests order by 1")["source_file"]
    assert [Path(name).name for name in names] == ["bad\\udcff.log", "good.log"]
    with pytest.raises(NotThereError) as told:
        find([os.fsdecode(b"nope\xff")], apart_from=logs / "lake")
    str(told.value).encode()


def test_a_link_to_itself_is_no_file(logs: Path) -> None:
    (logs / "loop.log").symlink_to("loop.log")
    files = find([logs, logs / "good.log"], apart_from=logs / "lake").files
    assert [Path(file.name).name for file in files] == ["good.log"]


def test_a_pipe_is_no_file(logs: Path) -> None:
    os.mkfifo(logs / "pipe.log")
    for path in (logs, logs / "*.log"):
        files = find([path], apart_from=logs / "lake").files
        assert [Path(file.name).name for file in files] == ["good.log"]
    with pytest.raises(InputError, match="pipe or a device: write what comes of it to a file"):
        find([logs / "pipe.log"], apart_from=logs / "lake", may_come=True)


def test_a_link_to_nothing_is_not_there(logs: Path) -> None:
    (logs / "gone.log").symlink_to("nowhere")
    assert len(find([logs / "*.log"], apart_from=logs / "lake").files) == 1
    with pytest.raises(NotThereError, match=r"got .*gone\.log"):
        find([logs / "gone.log"], apart_from=logs / "lake")


@pytest.mark.parametrize("path", ["", "x" * 300])
def test_what_can_be_no_path_is_told_in_a_line(logs: Path, path: str) -> None:
    with pytest.raises(InputError, match="nothing" if not path else "too long"):
        find([path], apart_from=logs / "lake")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read_is_told(logs: Path) -> None:
    logs.chmod(0)
    try:
        for path in (logs, logs / "good.log"):
            with pytest.raises(InputError, match="Permission denied"):
                find([path], apart_from=logs / "lake")
    finally:
        logs.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_folder_below_that_may_not_be_read_is_told_and_keeps_nothing_else(logs: Path) -> None:
    below = logs / "below"
    below.mkdir(mode=0)
    with pytest.raises(InputError, match=r"cannot read .*below: Permission denied"):
        find([logs], apart_from=logs / "lake")
    found = find([logs], apart_from=logs / "lake", may_come=True)
    assert [Path(file.name).name for file in found.files] == ["good.log"]
    assert found.missing == (f"cannot read {below}: Permission denied",)


def test_a_lake_that_cannot_be_made_is_told_in_a_line(logs: Path) -> None:
    with pytest.raises(LakeError, match="Not a directory"):
        ingest(Lake(logs / "good.log"), [logs], now=NOW, run_id="r")


@pytest.mark.parametrize(("time", "told"), [(3e11, "9999"), (-3e11, "0001"), (0.0, "1970")])
def test_a_time_of_any_year_is_one(
    logs: Path, monkeypatch: pytest.MonkeyPatch, time: float, told: str
) -> None:
    stat = os.stat_result((0,) * 7 + (0, time, 0))
    monkeypatch.setattr(Path, "stat", lambda _: stat)
    assert str(LocalFile(logs / "good.log").modified()).startswith(told)

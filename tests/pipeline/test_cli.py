"""The command as users call it: what it prints where, and its exit status."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from builders.cloudtrail import cloudtrail
from pipeline import cli
from pipeline.lake import Lake
from pipeline.schemas import EVENTS, FINDINGS, IDENTITIES, IN_PART, INGESTS, TRIAGE


def nhiwatch(*args: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """The command in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["nhiwatch", *map(str, args)])
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        for name, value in env.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    texts = []
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
        texts.append(stream.read())
    return subprocess.CompletedProcess(args, int(ended.value.code or 0), *texts)


def in_a_process(*args: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of three events and a reject, made by the command."""
    folder = tmp_path_factory.mktemp("small")
    hostile = cloudtrail(2, userAgent="\x1b[31mred\x1b[0m <script>")
    lines = [json.dumps(r) for r in (cloudtrail(0), cloudtrail(1), hostile)]
    (folder / "log.jsonl").write_text("\n".join([*lines, "{half"]))
    done = nhiwatch("ingest", folder / "log.jsonl", "--lake", folder / "lake")
    assert done.returncode == 3, done.stderr
    return folder / "lake"


def test_ingest_says_in_a_line_what_it_did_and_exits_3_for_rejects(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail(0)) + "\n{half")
    done = nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", tmp_path / "lake")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "1 new events, 0 duplicates, 1 rejects" in done.stderr
    again = nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", tmp_path / "lake")
    assert again.returncode == 0
    assert "1 unchanged" in again.stderr


def test_json_is_all_that_is_on_stdout(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail(0)))
    done = nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", tmp_path / "lake", "--json")
    told = json.loads(done.stdout)
    assert (told["files"], told["events"], told["rejects"]) == (1, 1, 0)


def test_sql_prints_tables_json_and_csv(small: Path) -> None:
    statement = "select event_id, access from events order by 1"
    table = nhiwatch("sql", statement, "--lake", small).stdout
    assert "event-0" in table
    assert "3 rows" in table
    told = json.loads(nhiwatch("sql", statement, "--lake", small, "--format", "json").stdout)
    assert told[0] == {"event_id": "event-0", "access": "list"}
    text = nhiwatch("sql", statement, "--lake", small, "--format", "csv").stdout
    assert list(csv.DictReader(io.StringIO(text)))[2]["event_id"] == "event-2"


def test_sql_writes_parquet_to_a_file(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.parquet"
    options = ("--format", "parquet", "--output", file)
    assert nhiwatch("sql", "select * from events", "--lake", small, *options).returncode == 0
    assert pl.read_parquet(file).height == 3


def test_sql_refuses_to_write_in_one_line(small: Path) -> None:
    done = nhiwatch("sql", "delete from events", "--lake", small)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "read-only" in done.stderr


def test_sql_without_a_statement_reads_them_from_a_prompt(small: Path) -> None:
    typed = "select count(*) as n\nfrom events;\nselect 'last' as a;"
    done = nhiwatch("sql", "--lake", small, stdin=typed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.index(" 3 ") < done.stdout.index("last")


def test_a_table_of_many_rows_shows_the_first(small: Path) -> None:
    cut = nhiwatch("sql", "from range(300)", "--lake", small)
    assert (cut.returncode, cut.stderr) == (0, "the first 200 rows; --format csv for all\n")
    assert " 199 " in cut.stdout
    assert " 200 " not in cut.stdout
    whole = nhiwatch("sql", "from range(200)", "--lake", small)
    assert "200 rows" in whole.stdout
    assert whole.stderr == ""
    text = nhiwatch("sql", "from range(300)", "--lake", small, "--format", "csv").stdout
    assert text.count("\n") == 301


VALUES = "{'b': ['ab'::blob]} as nested, '=1+1' as formula, 1/0 as infinite, true as yes"


def test_a_table_has_values_as_csv_has_them(small: Path) -> None:
    table = nhiwatch("sql", f"select {VALUES}", "--lake", small).stdout
    assert table.splitlines()[3].split() == ['{"b":', '["6162"]}', "=1+1", "inf", "true"]


def test_csv_is_for_spreadsheets_and_json_and_parquet_are_exact(
    small: Path, tmp_path: Path
) -> None:
    asked, file = ("sql", f"select {VALUES}", "--lake", small), tmp_path / "out"
    text = nhiwatch(*asked, "--format", "csv").stdout
    assert text == 'nested,formula,infinite,yes\n"{""b"": [""6162""]}",\'=1+1,inf,true\n'
    assert nhiwatch(*asked, "--format", "csv", "--output", file).returncode == 0
    assert file.read_text() == text
    told = nhiwatch(*asked, "--json").stdout
    exact = {"nested": {"b": ["6162"]}, "formula": "=1+1", "infinite": None, "yes": True}
    assert json.loads(told, parse_constant=pytest.fail) == [exact]
    nhiwatch(*asked, "--format", "parquet", "--output", file)
    assert pl.read_parquet(file).row(0) == ({"b": [b"ab"]}, "=1+1", math.inf, True)


@pytest.mark.parametrize("kind", ["table", "csv", "json"])
@pytest.mark.parametrize("value", ["date 'infinity'", "'\udcff'"])
def test_a_statement_that_cannot_be_shown_is_one_line(small: Path, value: str, kind: str) -> None:
    done = in_a_process("sql", f"select {value} as d", "--lake", small, "--format", kind)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("error: expected")


def test_a_prompt_on_a_pipe_prints_results_alone(small: Path) -> None:
    done = nhiwatch("sql", "--lake", small, "--json", stdin="select 1 as a")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [{"a": 1}], "")


def test_a_statement_that_fails_ends_the_prompt_with_1(small: Path) -> None:
    done = nhiwatch("sql", "--lake", small, "--json", stdin="nonsense;\nselect 1 as a;")
    assert (done.returncode, json.loads(done.stdout)) == (1, [{"a": 1}])
    assert done.stderr.count("\n") == 1


def test_the_prompt_has_no_output_file(small: Path) -> None:
    done = nhiwatch("sql", "--lake", small, "--output", "x")
    assert done.returncode == 2
    assert "expected a statement" in done.stderr


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("place", ["/no-such-folder/x", "/tmp", "/dev/full"])
def test_a_file_that_cannot_be_written_is_one_line(small: Path, format: str, place: str) -> None:
    options = ("--lake", small, "--format", format, "--output", place)
    done = nhiwatch("sql", "select 1 as a", *options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"expected to write to {place}" in done.stderr


@pytest.mark.parametrize(
    "args", ["status", "tables --format csv", "sql 'select 1'", "status --json"]
)
def test_a_reader_that_has_seen_enough_is_no_failure(small: Path, args: str) -> None:
    line = f"{sys.executable} -m pipeline {args} --lake {small} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("to", [">/dev/full", ">&-"])
@pytest.mark.parametrize("args", ["status", "status --json"])
def test_output_that_goes_nowhere_is_one_line(small: Path, args: str, to: str) -> None:
    line = f"{sys.executable} -m pipeline {args} --lake {small} {to}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: expected a standard output")
    assert done.stderr.count("\n") == 1


def test_machines_get_utf_8_and_a_terminal_what_it_takes(small: Path) -> None:
    options, ascii_only = ("sql", "select 'é' as a", "--lake", small), {"PYTHONIOENCODING": "ascii"}
    assert '"é"' in in_a_process(*options, "--json", **ascii_only).stdout
    assert in_a_process(*options, "--format", "csv", **ascii_only).stdout == "a\né\n"
    assert "\\xe9" in in_a_process(*options, **ascii_only).stdout


@pytest.mark.parametrize(
    ("args", "known"),
    [
        (["findings", "--severity", "nope"], "low, medium, high, critical"),
        (["findings", "--detector", "nope"], "credential_reuse"),
        (["scores", "--detector", "nope"], "credential_reuse"),
        (["identities", "--kind", "nope"], "human, service_account"),
    ],
)
def test_a_filter_that_nothing_can_pass_is_refused(
    small: Path, args: list[str], known: str
) -> None:
    done = nhiwatch(*args, "--lake", small)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert known in done.stderr


def test_filters_that_are_known_are_taken(small: Path) -> None:
    for args in (["findings", "--severity", "high"], ["identities", "--kind", "agent"]):
        done = nhiwatch(*args, "--lake", small, "--json")
        assert (done.returncode, done.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    "args",
    [
        ["findings", "--format", "parquet"],
        ["rejects", "--format", "parquet"],
        ["evaluate", "no-such-file", "--format", "parquet"],
        ["sql", "select 1", "--format", "parquet"],
        ["findings", "--limit", "99999999999999999999"],
        ["compact", "--keep-hours", "99999999999999999999"],
        ["dashboard", "--port", "99999999"],
        ["dashboard", "--port", "-1"],
        ["detect", "--since", "2026-01-02", "--until", "2026-01-01"],
    ],
)
def test_what_an_option_does_not_take_is_a_usage_error(small: Path, args: list[str]) -> None:
    done = nhiwatch(*args, "--lake", small)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected" in done.stderr or "Input should be" in done.stderr


@pytest.mark.parametrize("name", ["a\nb", "a\udcffb"])
def test_an_error_is_one_line_whatever_a_path_has(tmp_path: Path, name: str) -> None:
    done = nhiwatch("ingest", tmp_path / name, "--lake", tmp_path / "lake")
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert [line for line in lines if "expected a file" in line] == lines
    assert name.encode("unicode_escape").decode() in done.stderr


def test_a_log_cannot_drive_the_terminal(small: Path) -> None:
    done = nhiwatch("sql", "select user_agent from events", "--lake", small)
    assert "\x1b" not in done.stdout
    assert "<script>" in done.stdout


def test_a_narrow_terminal_still_shows_every_column(small: Path) -> None:
    done = nhiwatch("tables", "rejects", "--lake", small, COLUMNS="60")
    assert "record_index" in done.stdout


def test_status_tells_of_feeds_rejects_runs_tables_and_what_to_do(small: Path) -> None:
    told = json.loads(nhiwatch("status", "--lake", small, "--json").stdout)
    assert told["feeds"][0]["source"] == "aws_cloudtrail"
    assert told["rejects"][0]["records"] == 1
    assert told["rejects"][0]["record_index"] == 3
    assert told["runs"][-1]["status"] == "rejects"
    assert told["runs"][-1]["summary"]["events"] == 3
    [events] = [table for table in told["tables"] if table["table"] == "events"]
    assert (events["rows"], events["files"]) == (3, 1)
    assert events["bytes"] > 0
    assert any("nhiwatch rejects" in step for step in told["next"])


def test_status_tells_of_feeds_that_stopped_and_of_wrong_clocks(tmp_path: Path) -> None:
    now, lake = datetime.now(timezone.utc), Lake(tmp_path / "lake")
    month, file = timedelta(days=30), tmp_path / "log.jsonl"
    wrong = cloudtrail(0, eventID="wrong", eventTime="2100-01-01T00:00:00Z")
    file.write_text("\n".join(map(json.dumps, (cloudtrail(1), wrong))))
    nhiwatch("ingest", file, "--lake", lake.location)
    nhiwatch("detect", "--lake", lake.location)
    told = nhiwatch("status", "--lake", lake.location).stdout
    assert "aws_cloudtrail   past" in told
    assert "is quiet" not in told
    assert "Feed aws_cloudtrail has events dated over a day later than they came in (1)" in told
    row = {"source_file": "f", "fingerprint": "f", "source": "otel_genai", "events": 1}
    live = {**row, "last_event_at": now - month, "ingested_at": now - month}
    lake.append("ingests", INGESTS.frame([live]))
    told = nhiwatch("status", "--lake", lake.location).stdout
    assert "Feed otel_genai is quiet, its newest event 720 hours old" in told


def test_status_fits_a_narrow_terminal(small: Path) -> None:
    page = nhiwatch("status", "--lake", small).stdout
    for title in ("Next", "Feeds", "Rejects", "Runs", "Tables"):
        assert title in page
    assert "record 3 of" in page
    assert "3 new events" in page


def test_status_tells_what_failed(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail(0)))
    nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", tmp_path / "lake")
    nhiwatch("ingest", tmp_path / "none", "--lake", tmp_path / "lake")
    page = nhiwatch("status", "--lake", tmp_path / "lake").stdout
    assert "The last ingest failed" in page
    assert "error: NotThereError: expected a file" in page


def test_status_tells_what_is_in_only_in_part_and_may_still_come(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(cloudtrail(0)))
    nhiwatch("ingest", log, "--lake", lake.location)
    # The second is something else by now, of which all is in.
    half = [in_part("half.jsonl"), in_part(str(log))]
    lake.append("ingests", INGESTS.frame(half))
    page = json.loads(nhiwatch("status", "--lake", lake.location, "--json").stdout)
    assert any(step.startswith("1 files are in only in part") for step in page["next"])


def test_status_of_a_lake_whose_first_ingest_was_killed(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("ingests", INGESTS.frame([in_part("half.jsonl")]))
    lake.next_turn("events", "ingest")
    [step] = json.loads(nhiwatch("status", "--lake", lake.location, "--json").stdout)["next"]
    assert "give it again" in step


def in_part(name: str) -> dict[str, Any]:
    began = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return {"source_file": name, "fingerprint": "f", "content": IN_PART, "ingested_at": began}


def test_rejects_are_listed_and_shown_safely(tmp_path: Path) -> None:
    lines = [json.dumps(cloudtrail(0)), "{half \x1b[31m <script>"]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    lake = tmp_path / "lake"
    nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", lake)
    [reject] = json.loads(nhiwatch("rejects", "--lake", lake, "--json").stdout)
    assert (reject["record_index"], reject["source"]) == (1, "aws_cloudtrail")
    assert reject["reject_id"] in nhiwatch("rejects", "--lake", lake).stdout
    assert nhiwatch("rejects", "--lake", lake, "--format", "csv").stdout.count("\n") == 2
    page = nhiwatch("rejects", reject["reject_id"][:6], "--lake", lake).stdout
    assert "record 1 (0-based)" in page
    assert "<script>" in page
    assert "\x1b" not in page
    assert nhiwatch("rejects", "--lake", lake, "--reason", "no such", "--json").stdout == "[]\n"


def test_a_reject_whose_text_is_not_kept_is_shown(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail(0)) + "\n{half\n")
    lake, drop = tmp_path / "lake", {"NHIWATCH_CONTENT": '{"default": "drop"}'}
    nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", lake, **drop)
    [reject] = json.loads(nhiwatch("rejects", "--lake", lake, "--json").stdout)
    page = nhiwatch("rejects", reject["reject_id"], "--lake", lake)
    assert page.returncode == 0
    assert "5, of which 0 are kept" in page.stdout


@pytest.mark.parametrize("every", ["nan", "inf", "1e12", "0"])
def test_a_wait_that_is_none_is_a_usage_error(tmp_path: Path, every: str) -> None:
    done = nhiwatch("ingest", tmp_path, "--follow", "--every", every, "--lake", tmp_path / "lake")
    assert done.returncode == 2


def test_a_replay_says_what_it_did_and_exits_3_while_rejects_are_left(tmp_path: Path) -> None:
    long = json.dumps(cloudtrail(1, userAgent="x" * 3000))
    (tmp_path / "log.jsonl").write_text("\n".join([json.dumps(cloudtrail(0)), long]))
    lake, small = tmp_path / "lake", {"NHIWATCH_MAX_RECORD_BYTES": "2000"}
    nhiwatch("ingest", tmp_path / "log.jsonl", "--lake", lake, **small)
    failed = nhiwatch("rejects", "--replay", "--lake", lake, **small)
    assert failed.returncode == 3
    assert "1 rejects tried again: 0 new events, 0 duplicates, 1 rejects left" in failed.stderr
    done = nhiwatch("rejects", "--replay", "--lake", lake, "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["tried"], told["events"], told["rejects"]) == (1, 1, 0)
    status = json.loads(nhiwatch("status", "--lake", lake, "--json").stdout)
    assert [run["command"] for run in status["runs"]] == ["replay", "replay", "ingest"]
    assert status["rejects"] == []


def test_texts_of_rejects_can_be_exported(small: Path, tmp_path: Path) -> None:
    done = nhiwatch("rejects", "--export", tmp_path / "fix.jsonl", "--lake", small)
    assert done.returncode == 0
    assert (tmp_path / "fix.jsonl").read_text() == "{half\n"


@pytest.mark.parametrize("options", [["--as", "otel_genai"], ["--replay", "--export", "x"]])
def test_options_of_rejects_that_do_not_go_together(small: Path, options: list[str]) -> None:
    assert nhiwatch("rejects", "--lake", small, *options).returncode == 2


def test_detect_judges_and_the_second_time_finds_nothing_to_judge(small: Path) -> None:
    first = json.loads(nhiwatch("detect", "--lake", small, "--json").stdout)
    assert first["detector_days"] >= 3
    second = json.loads(nhiwatch("detect", "--lake", small, "--json").stdout)
    assert second["detector_days"] == 0


@pytest.mark.parametrize("size", ["lots", "10MB"])
def test_a_memory_limit_that_is_none_is_told_in_a_line(
    small: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    monkeypatch.setenv("NHIWATCH_MEMORY_LIMIT", size)
    done = nhiwatch("status", "--lake", small)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "memory_limit" in done.stderr
    assert size in done.stderr


def test_an_empty_list_of_findings_is_no_error(small: Path) -> None:
    done = nhiwatch("findings", "--lake", small, "--detector", "unusual_tool_chain", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["findings", "--lake", "no-such-lake"], "expected a lake at no-such-lake"),
        (["ingest", "no-such-file"], "expected a file, a folder or a glob"),
        (["explain", "ffff"], "expected"),
        (["tables", "nonsense"], "expected one of events"),
        (["rejects", "ffff"], "expected the id of one reject"),
        (["rejects", "ffff", "--replay"], "expected the id of one reject"),
        (["rejects", "--replay", "--as", "nonsense"], "expected a source of"),
        (["detect", "--detector", "nonsense"], "expected a detector of"),
    ],
)
def test_errors_a_user_can_fix_are_one_line(small: Path, args: list[str], expected: str) -> None:
    lake = [] if "--lake" in args else ["--lake", str(small)]
    done = nhiwatch(*args, *lake)
    assert done.returncode == 1
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_wrong_setting_is_one_line(small: Path) -> None:
    done = nhiwatch("status", "--lake", small, NHIWATCH_HISTORY_DAYS="many")
    assert done.returncode == 1
    assert "history_days" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_threshold_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(cloudtrail(0)))
    wrong = {"NHIWATCH_DETECTORS": '{"credential_reuse": {"threshold": 0}}'}
    done = nhiwatch("run", tmp_path / "log.jsonl", "--lake", tmp_path / "lake", **wrong)
    assert (done.returncode, done.stdout) == (1, "")
    assert "[detectors.credential_reuse] threshold: Input should be greater" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "lake").exists()


COMMANDS = [
    command.callback.__name__ for command in cli.app.registered_commands if command.callback
]


@pytest.mark.parametrize("width", [40, 60, 100])
def test_help_fits_every_terminal(width: int) -> None:
    for name in COMMANDS:
        done = nhiwatch(name, "--help", COLUMNS=str(width), NO_COLOR="1")
        assert "Example: nhiwatch" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= width


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("status", "[default: ./lake]"),
        ("ingest", "[default: 10]"),
        ("compact", "[default: setting keep_hours]"),
        ("findings", "low, medium, high, critical"),
        ("findings", "--since YYYY-MM-DD From this UTC day on."),
        ("sql", "a text that a spreadsheet would run as a formula has ' before it"),
        ("identities", "human, service_account,"),
    ],
)
def test_help_tells_defaults_and_what_values_there_are(name: str, told: str) -> None:
    page = nhiwatch(name, "--help", COLUMNS="120").stdout
    assert told in " ".join(page.replace("│", " ").split())


@pytest.mark.parametrize("command", ["rejects", "scores", "identities"])
def test_a_list_that_is_cut_says_so(small: Path, command: str) -> None:
    nhiwatch("detect", "--lake", small)
    done = nhiwatch(command, "--limit", "1", "--lake", small, "--json")
    assert len(json.loads(done.stdout)) == 1
    assert done.stderr == "the first 1 rows; --limit for more\n"
    assert nhiwatch(command, "--limit", "1000", "--lake", small, "--json").stderr == ""


def test_scores_as_a_table_leave_the_features_to_json(small: Path) -> None:
    nhiwatch("detect", "--lake", small)
    assert "features" not in nhiwatch("scores", "--lake", small).stdout
    told = json.loads(nhiwatch("scores", "--lake", small, "--json").stdout)
    assert "features" in told[0]


def test_findings_are_found_by_the_name_that_is_shown(tmp_path: Path) -> None:
    lake, at = Lake(tmp_path / "lake"), datetime(2026, 9, 1, tzinfo=timezone.utc)
    who = {"identity_id": "arn:aws:iam::1:role/x", "identity_name": "Dockhand"}
    lake.append("identities", IDENTITIES.frame([who]))
    found = {"finding_id": "f", "identity_id": who["identity_id"], "window": "2026-09-01"}
    lake.append("findings", FINDINGS.frame([{**found, "first_seen": at, "last_seen": at}]))
    lake.append("events", EVENTS.frame([{"event_id": "e", "event_date": at.date()}]))
    for text in ("dockh", "ROLE/X"):
        done = nhiwatch("findings", "--identity", text, "--lake", lake.location, "--json")
        assert [row["finding_id"] for row in json.loads(done.stdout)] == ["f"], done.stderr
    assert (
        nhiwatch("findings", "--identity", "y", "--lake", lake.location, "--json").stdout == "[]\n"
    )


def test_findings_that_became_more_urgent_since_they_were_decided_are_told(tmp_path: Path) -> None:
    lake, at = Lake(tmp_path / "lake"), datetime(2026, 9, 1, tzinfo=timezone.utc)
    found: dict[str, Any] = {"severity": "high", "title": "A new reach", "evidence": ["e"]}
    found |= {"window": "2026-09-01", "first_seen": at, "last_seen": at}
    lake.append("findings", FINDINGS.frame([{**found, "finding_id": id_} for id_ in "ab"]))
    lake.append("events", EVENTS.frame([{"event_id": "e", "event_date": at.date()}]))
    decided = {"decision": "hand_over", "assignee": "ann", "note": "a scan", "decided_at": at}
    lake.append(
        "triage",
        TRIAGE.frame(
            [
                {**decided, "finding_id": "a", "severity": "low"},
                {**decided, "finding_id": "b", "severity": "high"},
            ]
        ),
    )
    [row] = json.loads(nhiwatch("findings", "--lake", lake.location, "--json").stdout)
    told = row["finding_id"], row["state"], row["severity"], row["raised_from"]
    assert told == ("a", "new", "high", "low")
    assert "high, was low" in nhiwatch("findings", "--lake", lake.location).stdout
    explained = nhiwatch("explain", "a", "--lake", lake.location).stdout
    for field, value in {"state": "new", "raised_from": "low", "assignee": "ann"}.items():
        assert re.search(f"^{field} +{value} *$", explained, re.MULTILINE)


def test_an_unknown_format_is_a_usage_error(small: Path) -> None:
    assert nhiwatch("findings", "--lake", small, "--format", "xml").returncode == 2


def test_compact_leaves_the_rows_as_they_were(small: Path) -> None:
    assert nhiwatch("compact", "--lake", small).returncode == 0
    told = nhiwatch("sql", "select count(*) as n from events", "--lake", small, "--json").stdout
    assert json.loads(told) == [{"n": 3}]


def test_a_lake_with_many_small_files_is_compacted_by_the_next_run(tmp_path: Path) -> None:
    for n in range(3):
        (tmp_path / f"{n}.jsonl").write_text(json.dumps(cloudtrail(n)))
        options = ("--lake", tmp_path / "lake", "--json")
        done = nhiwatch(
            "ingest", tmp_path / f"{n}.jsonl", *options, NHIWATCH_COMPACT_SMALL_FILES="2"
        )
    told = {work["table"]: work for work in json.loads(done.stdout)["housekeeping"]}
    assert (told["events"]["files_before"], told["events"]["files_after"]) == (3, 1)


def test_tables_as_they_were_once_their_files_are_deleted_are_one_line(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for n in range(2):
        (tmp_path / f"{n}.jsonl").write_text(json.dumps(cloudtrail(n)))
        nhiwatch("ingest", tmp_path / f"{n}.jsonl", "--lake", lake)
    run_id = json.loads(nhiwatch("detect", "--lake", lake, "--json").stdout)["run_id"]
    at = ("sql", "select count(*) as n from events", "--at", run_id, "--lake", lake, "--json")
    assert json.loads(nhiwatch(*at).stdout) == [{"n": 2}]
    assert nhiwatch("compact", "--keep-hours", "0", "--lake", lake).returncode == 0
    done = nhiwatch(*at)
    assert done.returncode == 1
    assert "is no longer there" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_command_does_not_import_pandas(small: Path) -> None:
    done = in_a_process(
        "sql", "select now() as t", "--lake", small, "--json", PYTHONPROFILEIMPORTTIME="1"
    )
    assert done.returncode == 0
    assert "pyarrow.lib" in done.stderr
    assert "pandas._libs" not in done.stderr


def test_the_version_is_told() -> None:
    assert nhiwatch("--version").stdout == f"nhiwatch {metadata.version('nhiwatch')}\n"

"""How results reach a terminal, a pipe or a file: table, JSON, CSV, Parquet; progress."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from pipeline import plain
from pipeline.errors import NhiwatchError
from pipeline.explain import Explanation
from pipeline.reader import LakeReader
from pipeline.status import Status, as_dict
from pipeline.steps import Progress as Report
from pipeline.summaries import in_words

_PIPE_WIDTH = 200
_CELL = 200
_RUNS = 5
_ROWS = 200
"""Rows that a statement's table has at most: Rich lays out all of them before it prints one."""
_JUDGED = (
    "finding_id",
    "detector",
    "severity",
    "score",
    "confidence",
    "identity_id",
    "subject",
    "window",
    "observed",
    "expected",
    "support",
    "frameworks",
)
_DECIDED = ("state", "raised_from", "suppressed_until", "assignee", "note")
_LONG = ("raw", "tool_arguments", "tool_result", "source_file", "record_index")
"""What of an event leads back to its record, and is not shown beside a finding."""


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def write(text: str, *, encoding: str = "utf-8") -> None:
    """Put text on standard output: for machines as UTF-8, whatever the terminal takes."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
        sys.stdout.flush()
    except OSError as error:
        # Or Python would try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise NhiwatchError(
            f"expected a standard output that takes the result, got: {error.strerror}"
        ) from error


@contextmanager
def page() -> Iterator[Console]:
    """What is printed on it reaches standard output at the end; a pipe gets a fixed width so that
    what reads it sees whole columns.
    """
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        yield console
    write(captured.get(), encoding=sys.stdout.encoding)


def say(line: str) -> None:
    """One line of news for people: standard error, so that standard output is the result alone."""
    Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True).print(
        plain.printable(line.replace("\n", "\\n"))
    )


def show(rows: pl.DataFrame, kind: Format, *, brief: Sequence[str] = ()) -> None:
    """Print rows; as a table only the `brief` columns, if given."""
    if kind is Format.TABLE:
        with page() as console:
            _lay_out(rows.select(brief) if brief else rows, console)
            _tell_height(rows, console)
    else:
        write(_text(rows, kind))


def tell_limit(rows: pl.DataFrame, limit: int) -> None:
    """Say so if there may be more rows than were asked for."""
    if rows.height == limit:
        say(f"the first {limit:,} rows; --limit for more")


def show_result(reader: LakeReader, statement: str, kind: Format) -> None:
    """Print what a user's SELECT returns; as a table the first rows of it."""
    if kind is not Format.TABLE:
        show(plain.frame(reader.user_query(statement)), kind)
        return
    rows = plain.frame(reader.user_query(statement, limit=_ROWS + 1))
    if rows.height <= _ROWS:
        show(rows, kind)
        return
    with page() as console:
        _lay_out(rows.head(_ROWS), console)
    say(f"the first {_ROWS} rows; --format csv for all")


def write_result(reader: LakeReader, statement: str, kind: Format, *, file: Path) -> None:
    """Write what a user's SELECT returns to a file, as CSV if it is to be a table."""
    result = reader.user_query(statement)
    text = None if kind is Format.PARQUET else _text(plain.frame(result), kind)
    try:
        with file.open("wb") as opened:
            if text is None:
                pq.write_table(result, opened)
            else:
                opened.write(text.encode())
    except OSError as error:
        raise NhiwatchError(f"expected to write to {file}, got: {error}") from error


def show_findings(rows: pl.DataFrame, kind: Format) -> None:
    """Findings: a table of what an analyst reads first, or every column in the other formats."""
    if kind is not Format.TABLE:
        show(rows, kind)
        return
    brief = rows.select(
        id="finding_id",
        day=pl.col("window").str.slice(0, 10),
        severity=pl.concat_str("severity", "raised_from", separator=", was ", ignore_nulls=True),
        score=pl.col("score").round(2),
        detector="detector",
        identity="identity_name",
        title="title",
    )
    show(brief, kind)


def show_explanation(told: Explanation) -> None:
    """One finding as a page of text."""
    with page() as console:
        _lay_out_explanation(told, console)


def _lay_out_explanation(told: Explanation, console: Console) -> None:
    finding = told.finding
    console.print(plain.printable(finding["title"]), style="bold")
    fields = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for name in (*_JUDGED, *(name for name in _DECIDED if finding[name] is not None)):
        fields.add_row(name, Text(_cell_whole(finding[name])))
    console.print(fields)
    console.print()
    brief = told.evidence.drop(*_LONG)
    _lay_out(
        brief.select(c for c in brief.columns if brief[c].null_count() < brief.height), console
    )
    _tell_height(brief, console)
    console.print()
    console.print("SQL that returns the evidence, all columns:")
    console.print(plain.printable(told.sql), soft_wrap=True)
    console.print()
    console.print(f"Judged on Delta versions {told.lake_versions}; to query them as they were:")
    console.print(f'nhiwatch sql --at {finding["run_id"]} "..."', soft_wrap=True)


def show_rejects(rows: pl.DataFrame, kind: Format) -> None:
    """Rejects: a table of where and why, or every column in the other formats."""
    if kind is not Format.TABLE:
        show(rows.drop("text"), kind)
        return
    brief = rows.select(
        id="reject_id",
        source="source",
        record="record_index",
        file=pl.col("source_file").str.split("/").list.last(),
        reason="reason",
    )
    show(brief, kind)


def show_reject(reject: dict[str, Any], kind: Format) -> None:
    """One reject as a page of text: where, why, and what came; or all of it in other formats."""
    if kind is not Format.TABLE:
        show(pl.DataFrame([reject]), kind)
        return
    text = reject["text"] or ""
    record = reject["record_index"]
    place = "the file as a whole" if record < 0 else f"record {record} (0-based)"
    lines = {
        "reject": reject["reject_id"],
        "file": reject["source_file"],
        "place": place,
        "source": reject["source"] or "(not recognised)",
        "reason": reject["reason"],
        "rejected": _cell(reject["rejected_at"]),
        "bytes": f"{reject['text_bytes']:,}, of which {len(text.encode()):,} are kept",
    }
    with page() as console:
        for name, value in lines.items():
            console.print(f"{name:<10} {plain.printable(value)}", soft_wrap=True)
        console.print()
        console.print(plain.printable(text), soft_wrap=True)


def show_status(told: Status) -> None:
    """The status as a page that fits 80 columns."""
    data = as_dict(told)
    newest = pl.col("last_event_at").dt.strftime("%Y-%m-%d %H:%MZ").alias("newest event")
    age, lag = (
        pl.col(f"{name}_hours").round().cast(pl.Int64).alias(f"{name} h") for name in ("age", "lag")
    )
    size = (pl.col("bytes") / 1e6).round(2).alias("MB")
    with page() as console:
        _part("Next", data["next"], console, empty="nothing: all is judged, nothing was rejected")
        console.print("Feeds", style="bold")
        feeds = told.feeds.select("source", "state", "events", "rejects", newest, age, lag)
        _lay_out(feeds, console)
        _part("Rejects", _reject_lines(data["rejects"]), console, empty="none")
        _part("Runs, newest first", _run_lines(data["runs"][:_RUNS]), console, empty="none")
        console.print("Tables", style="bold")
        _lay_out(told.tables.select("table", "rows", "files", size), console)


def _part(title: str, lines: list[str], console: Console, *, empty: str) -> None:
    """Lines under a title, wrapped between words: a path stays whole."""
    console.print(title, style="bold")
    for line in lines or [empty]:
        text = line.lstrip(" ")
        indent = " " * (2 + len(line) - len(text))
        wrapped = textwrap.fill(
            plain.printable(text),
            console.width,
            initial_indent=indent,
            subsequent_indent=indent + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        console.print(wrapped, soft_wrap=True)
    console.print()


def _reject_lines(rejects: list[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rejects:
        record, others = row["record_index"], row["files"] - 1
        place = f"record {record} of" if record >= 0 else "all of"
        more = f" and in {others:,} more files" if others else ""
        lines.append(f"{row['records']:,} × {row['reason']}")
        lines.append(f"    {place} {row['source_file']}{more}")
    return lines


def _run_lines(runs: list[dict[str, Any]]) -> list[str]:
    lines = []
    for run in runs:
        began = f"{_cell(run['started_at'])} {run['command']}"
        lines.append(f"{began}: {run['status']} ({run['run_id']})")
        if run["summary"]:
            lines.append(f"    {in_words(run['summary'])}; {run['seconds']} s")
        lines.extend(f"    error: {error}" for error in run["errors"] or ())
    return lines


def prompt(reader: LakeReader, kind: Format) -> int:
    """Read statements, each ended by a semicolon or by the end of all, and print what they return;
    returns how many failed.
    """
    failed = 0
    for statement in _statements():
        try:
            show_result(reader, statement, kind)
        except NhiwatchError as error:
            say(f"error: {error}")
            failed += 1
    return failed


def _statements() -> Iterator[str]:
    """What is typed, or comes from a pipe, until its end or until somebody leaves."""
    is_asked = sys.stdin.isatty() and sys.stdout.isatty()
    typed: list[str] = []
    while True:
        question = "nhiwatch> " if not typed else "      ... "
        try:
            typed.append(input(question if is_asked else ""))
        except EOFError:
            break
        statement = "\n".join(typed).strip()
        if statement.lower() in {"exit", "quit", "exit;", "quit;"}:
            return
        if statement.endswith(";"):
            typed = []
            yield statement
    if rest := "\n".join(typed).strip():
        yield rest


@contextmanager
def progress() -> Iterator[Report]:
    """Tell of progress on standard error: bars on a terminal, else a line a finished step."""
    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        yield _plain_progress
        return
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield report


def _plain_progress(step: str, done: int, total: int) -> None:
    if done == total:
        say(f"{step}: {done} of {total}")


def _tell_height(rows: pl.DataFrame, console: Console) -> None:
    console.print(f"{rows.height} row{'' if rows.height == 1 else 's'}")


def _lay_out(rows: pl.DataFrame, console: Console) -> None:
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in rows.columns:
        right = rows.schema[name].is_numeric()
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    for row in plain.flat(rows).rows():
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{value:,.2f}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}{'' if value.tzinfo is None else 'Z'}"
    return plain.printable(str(value).replace("\n", " "))[:_CELL]


def _cell_whole(value: Any) -> str:
    if isinstance(value, float):
        return _cell(value)
    return plain.printable(", ".join(value) if isinstance(value, list) else str(value))


def _text(rows: pl.DataFrame, kind: Format) -> str:
    """Rows as JSON, or else as CSV."""
    return plain.as_json(rows.to_dicts()) + "\n" if kind is Format.JSON else plain.as_csv(rows)

"""The command `nhiwatch`. Thin: it reads options, calls plain functions, prints what they return.

Exit status: 0 if all was done; 3 if it was done but some records were rejected (nhiwatch status);
1 if it failed, with one line that says why; 2 if the command was not understood.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import dashboards
from detectors.base import Severity
from pipeline import evaluate as evaluating
from pipeline import explain as explaining
from pipeline import plain, printing, rejected, running, runs, steps
from pipeline import settings as configuration
from pipeline.dictionary import dictionary
from pipeline.errors import NhiwatchError, NotFoundError
from pipeline.printing import Format
from pipeline.reader import LakeReader
from pipeline.rejected import Asked
from pipeline.schemas import IDENTITY_KINDS
from pipeline.settings import Settings
from pipeline.status import as_dict
from pipeline.steps import Done, Job
from sample_data import DATA, INVENTORY

EVERY = 10
"""Seconds between two looks of a follower."""
_MOST_ROWS = 1_000_000_000
_MOST_HOURS = 100 * 366 * 24


class _Commands(TyperGroup):
    """The commands. That who reads their output has seen enough (head) is no failure of theirs;
    for Typer and for Python it would be one.
    """

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit from None
        finally:
            with suppress(BrokenPipeError):
                printing.write("")


app = typer.Typer(
    name="nhiwatch",
    cls=_Commands,
    help="Audit-log analytics and anomaly detection for non-human identities and AI agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

LakeOption = Annotated[
    str | None,
    typer.Option("--lake", help=r"Folder of the lake, or its URL in a bucket.  \[default: ./lake]"),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Machine output on stdout, nothing else there.")
]
_CSV_HELP = "In csv a text that a spreadsheet would run as a formula has ' before it."
FormatOption = Annotated[str, typer.Option("--format", help=f"table, json or csv. {_CSV_HELP}")]
LimitOption = Annotated[
    int,
    typer.Option("--limit", min=1, max=_MOST_ROWS, metavar="ROWS", help="At most this many rows."),
]
PathsArgument = Annotated[
    list[str], typer.Argument(help="Files, folders, globs, also s3://, gs://, az://.")
]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="The log source, if not to be recognised.")
]
_DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
SinceOption = Annotated[datetime | None, typer.Option(help="From this UTC day on.", **_DAY)]
UntilOption = Annotated[datetime | None, typer.Option(help="Up to this UTC day, included.", **_DAY)]


def main() -> None:
    """Run the command; errors a user can fix are one line."""
    try:
        if sys.stdout is None:
            # The next file to be opened would take its place, and what is printed.
            raise NhiwatchError("expected a standard output, got a closed one; use >/dev/null")
        app(standalone_mode=True)
    except NhiwatchError as error:
        printing.say(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nhiwatch {metadata.version('nhiwatch')}")
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: nhiwatch demo --dashboard")
def demo(
    lake: LakeOption = None,
    dashboard: Annotated[bool, typer.Option(help="Open the dashboard afterwards.")] = False,
    json: JsonOption = False,
) -> None:
    """Sample data in, findings out, from nothing: a month of one small company."""
    settings = configuration.load(lake=lake, inventory=INVENTORY)
    status = running.do_main_job(
        "demo", settings, [str(DATA / "AWSLogs"), str(DATA / "traces")], json=json
    )
    if not json:
        _findings(settings, limit=30)
    if dashboard:
        _serve_dashboard(settings)
    sys.exit(status)


@app.command(epilog="Example: nhiwatch run /var/log/cloudtrail /var/log/otel/traces.jsonl")
def run(
    paths: PathsArgument,
    lake: LakeOption = None,
    source: SourceOption = None,
    json: JsonOption = False,
) -> None:
    """The main job: ingest, baselines and detectors, through the Prefect flow."""
    settings = configuration.load(lake=lake)
    sys.exit(running.do_main_job("run", settings, paths, source=source, json=json))


@app.command(
    epilog="Example: nhiwatch ingest 'logs/**/*.json.gz' --source aws_cloudtrail; "
    "nhiwatch ingest /var/log/agents s3://company-logs/AWSLogs --follow --every 60"
)
def ingest(
    paths: PathsArgument,
    lake: LakeOption = None,
    source: SourceOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Look again and again for what is new, until Ctrl-C.")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=24 * 3600,
            help=f"With --follow: seconds between looks.  \\[default: {EVERY}]",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Bring log files into the lake, each event once. A log that grew is read on from where it was.

    With --follow each look that brings something is told in a line, with --json as one of JSON.
    Files still being written are left until they are whole; a path may be still to come.
    """
    settings = configuration.load(lake=lake)
    if every is not None and (not follow or math.isnan(every)):
        raise typer.BadParameter("expected a number, with --follow", param_hint="--every")
    if follow:
        running.follow(settings, paths, source=source, every=every or EVERY, json=json)
        return

    def work(job: Job) -> Done:
        summary = steps.bring_in(job, paths, source=source)
        return Done(summary=summary, house=steps.keep_house(job))

    sys.exit(running.do("ingest", settings, work, json=json))


@app.command(epilog="Example: nhiwatch detect --since 2026-09-01 --detector credential_reuse")
def detect(
    lake: LakeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    detector: Annotated[
        list[str] | None, typer.Option(help="Only this detector; may be repeated.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Judge every day of the lake not judged yet, each on the history before it."""
    settings = configuration.load(lake=lake)
    if since and until and since > until:
        raise typer.BadParameter(
            f"expected a day up to --until {until:%Y-%m-%d}, got {since:%Y-%m-%d}",
            param_hint="--since",
        )
    settings.open_lake().require()
    steps.detectors_of(settings, detector or [])

    def work(job: Job) -> Done:
        steps.learn(job)
        days = {"since": since.date() if since else None, "until": until.date() if until else None}
        judged = steps.detect(job, only=detector or [], **days)
        return Done(judged=judged, house=steps.keep_house(job))

    sys.exit(running.do("detect", settings, work, json=json))


@app.command(epilog="Example: nhiwatch findings --detector credential_reuse --format json")
def findings(
    lake: LakeOption = None,
    detector: Annotated[str | None, typer.Option(help="Only of this detector.")] = None,
    severity: Annotated[
        str | None, typer.Option(help=f"Only this urgent or more: {', '.join(Severity)}.")
    ] = None,
    identity: Annotated[
        str | None, typer.Option(help="Only of identities with this text in name or id.")
    ] = None,
    since: SinceOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Triaged ones too.")] = False,
    limit: LimitOption = 50,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """The findings, newest and riskiest first."""
    filters = {
        "detector": detector,
        "severity": severity,
        "identity": identity,
        "since": since.date() if since else None,
        "everything": everything,
    }
    settings, kind = configuration.load(lake=lake), _format(format, json)
    _check_detector(settings, detector)
    _check("severity", severity, tuple(Severity))
    _findings(settings, limit=limit, kind=kind, **filters)


@app.command(epilog="Example: nhiwatch explain 3f2a9c")
def explain(
    finding_id: Annotated[str, typer.Argument(help="The finding's id, or how it begins.")],
    lake: LakeOption = None,
    json: JsonOption = False,
) -> None:
    """One finding whole: observed, expected, evidence, the SQL to see more."""
    with _reader(configuration.load(lake=lake)) as reader:
        told = explaining.explain(reader, finding_id)
    if json:
        printing.write(plain.as_json(explaining.as_dict(told)) + "\n")
    else:
        printing.show_explanation(told)


@app.command(epilog="Example: nhiwatch identities --kind agent")
def identities(
    lake: LakeOption = None,
    kind: Annotated[
        str | None, typer.Option(help=f"Only of this kind: {', '.join(IDENTITY_KINDS)}.")
    ] = None,
    limit: LimitOption = 100,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """The inventory: every identity, declared and discovered, riskiest first."""
    _check("kind", kind, IDENTITY_KINDS)
    params = {"kind": kind, "limit": limit}
    brief = ["identity_name", "identity_kind", "risk", "open_findings", "events", "active_days"]
    settings, shown = configuration.load(lake=lake), _format(format, json)
    _rows(settings, "identities.sql", params, shown, brief=[*brief, "owner"])


@app.command(epilog="Example: nhiwatch scores --detector unusual_tool_chain --format csv")
def scores(
    lake: LakeOption = None,
    detector: Annotated[str | None, typer.Option(help="Only of this detector.")] = None,
    identity: Annotated[
        str | None, typer.Option(help="Only of identities with this text in their id.")
    ] = None,
    since: SinceOption = None,
    limit: LimitOption = 50,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """Every unit a detector judged, worst first."""
    filters = {
        "detector": detector,
        "identity": identity,
        "since": since.date() if since else None,
        "limit": limit,
    }
    brief = ["score", "detector", "subject_kind", "subject_id", "identity_id", "window_start"]
    settings, kind = configuration.load(lake=lake), _format(format, json)
    _check_detector(settings, detector)
    _rows(settings, "scores.sql", filters, kind, brief=brief)


@app.command(epilog="Example: nhiwatch evaluate labels.csv --label attack_succeeded")
def evaluate(
    labels: Annotated[Path, typer.Argument(help="CSV: a unit (trace_id, identity_id, ...), 0/1.")],
    lake: LakeOption = None,
    label: Annotated[
        str | None, typer.Option(help="Column that is 1 for attacks, or COLUMN=VALUE.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Column of the unit, if not to be recognised: KIND=COLUMN.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Column that parts the negatives, such as failed attacks.")
    ] = None,
    started: Annotated[str | None, typer.Option(help="Column of the attack's start.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Only rows with COLUMN=VALUE; may be repeated.")
    ] = None,
    rest_benign: Annotated[
        bool, typer.Option("--rest-benign", help="Count what the file does not name as benign.")
    ] = False,
    detector: Annotated[
        list[str] | None, typer.Option(help="Only this detector; may be repeated.")
    ] = None,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """Judge the detectors on your own labels: ranking, alert budget, time to detection."""
    settings, kind = configuration.load(lake=lake), _format(format, json)
    steps.detectors_of(settings, detector or [])
    columns = evaluating.Columns(
        label=label, subject=subject, against=against, started=started, where=tuple(where or ())
    )
    read = evaluating.read_labels(labels, columns)
    with _reader(settings) as reader:
        told = evaluating.evaluate(reader, read, detectors=detector or [], rest_benign=rest_benign)
    for note in told.notes:
        printing.say(note)
    if kind is Format.TABLE:
        printing.show(evaluating.ranking(told.figures), kind)
        printing.show(evaluating.working(told.figures), kind)
    else:
        printing.show(told.figures, kind)


@app.command(epilog='Example: nhiwatch sql "select action, count(*) from events group by all"')
def sql(
    statement: Annotated[
        str | None, typer.Argument(help="One SELECT; without it, a prompt.")
    ] = None,
    lake: LakeOption = None,
    at: Annotated[
        str | None, typer.Option(help="See the tables as the run of this id judged them.")
    ] = None,
    format: Annotated[
        str, typer.Option("--format", help=f"table, json, csv or parquet. {_CSV_HELP}")
    ] = "table",
    output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    json: JsonOption = False,
) -> None:
    """Query the lake, read-only. The tables are those of nhiwatch tables."""
    settings = configuration.load(lake=lake)
    kind = _format(format, json, known=tuple(Format))
    if output is not None and statement is None:
        raise typer.BadParameter("expected a statement with it", param_hint="--output")
    if output is None and kind is Format.PARQUET:
        raise typer.BadParameter("expected --output FILE for parquet", param_hint="--format")
    versions = runs.versions_of(settings.open_lake(), at) if at else None
    with _reader(settings, versions=versions) as reader:
        reader.restrict()
        if statement is None:
            failed = printing.prompt(reader, kind)
            sys.exit(1 if failed and not sys.stdin.isatty() else 0)
        if output is None:
            printing.show_result(reader, statement, kind)
        else:
            printing.write_result(reader, statement, kind, file=output)


@app.command(epilog="Example: nhiwatch tables events")
def tables(
    name: Annotated[str | None, typer.Argument(help="Only this table or view.")] = None,
    lake: LakeOption = None,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """The data dictionary: every table and view, its columns, types, units and meaning."""
    kind = _format(format, json)
    with configuration.load(lake=lake).open_lake().reader() as reader:
        printing.show(dictionary(reader, name), kind)


@app.command(epilog="Example: nhiwatch dashboard --port 8501")
def dashboard(
    lake: LakeOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to serve on.")] = 8501,
    address: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
) -> None:
    """Serve the dashboard for a browser on this machine."""
    settings = configuration.load(lake=lake)
    _serve_dashboard(settings, port=port, address=address)


@app.command(epilog="Example: nhiwatch status --json")
def status(lake: LakeOption = None, json: JsonOption = False) -> None:
    """What happened and what to do next: feeds and their lag, rejects by reason, runs, tables."""
    settings = configuration.load(lake=lake)
    settings.open_lake().require()
    told = steps.status_of(settings, now=configuration.utc_now())
    if json:
        printing.write(plain.as_json(as_dict(told)) + "\n")
    else:
        printing.show_status(told)


@app.command(epilog="Example: nhiwatch rejects --reason 'expected an eventID' --replay")
def rejects(
    reject_id: Annotated[
        str | None, typer.Argument(help="Only this one, with its text: its id, or how it begins.")
    ] = None,
    lake: LakeOption = None,
    source: Annotated[str | None, typer.Option(help="Only of this log source.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this text in the reason.")] = None,
    file: Annotated[str | None, typer.Option(help="Only of files with this in their path.")] = None,
    since: SinceOption = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Try them again with this version and its settings.")
    ] = False,
    taken_for: Annotated[
        str | None, typer.Option("--as", help="With --replay: take them for this log source.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write their texts to this file, to fix and to ingest.")
    ] = None,
    limit: LimitOption = 50,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """What could not be read and why, newest first; one with its text; all tried again."""
    asked = Asked(
        reject_id=reject_id,
        source=source,
        reason=reason,
        file=file,
        since=since.date() if since else None,
    )
    settings, kind = configuration.load(lake=lake), _format(format, json)
    if taken_for is not None and not replay:
        raise typer.BadParameter("expected --replay with it", param_hint="--as")
    if replay:
        if export is not None:
            raise typer.BadParameter("expected one of --replay and --export, got both")
        with _reader(settings, tables=["rejects"]) as reader:
            if reject_id is not None:
                rejected.shown(reader, reject_id)

        def work(job: Job) -> Done:
            replayed = steps.replay_rejects(job, asked, taken_for=taken_for)
            return Done(replayed=replayed, house=steps.keep_house(job))

        sys.exit(running.do("replay", settings, work, json=json))
    with _reader(settings) as reader:
        if export is not None:
            written, cut = rejected.export(reader, asked, export)
            printing.say(f"{written:,} texts written to {export}, {cut:,} left out: not kept whole")
        elif reject_id is not None:
            printing.show_reject(rejected.shown(reader, reject_id), kind)
        else:
            rows = rejected.listed(reader, asked, limit=limit)
            printing.show_rejects(rows, kind)
            printing.tell_limit(rows, limit)


@app.command(epilog="Example: nhiwatch compact --keep-hours 24")
def compact(
    lake: LakeOption = None,
    keep_hours: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=_MOST_HOURS,
            help="Keep replaced files this long, for readers at work and sql --at.  "
            r"\[default: setting keep_hours]",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Keep house now: small files into large ones, old rows out, unused files deleted.

    Every run does so by itself: where many files are small or rows are old, and once a day.
    """
    settings = configuration.load(lake=lake, keep_hours=keep_hours)
    settings.open_lake().require()
    rules = replace(steps.rules_of(settings), most_small_files=1, tiers=1, vacuum_all=True)

    def work(job: Job) -> Done:
        return Done(house=steps.keep_house(job, rules=rules))

    sys.exit(running.do("compact", settings, work, json=json))


# -- what the commands share

_SQL = Path(__file__).parent / "sql"
"""SELECTs of this package; those of the commands read views."""


def _reader(settings: Settings, **options: Any) -> LakeReader:
    """A reader on a lake that has to be there."""
    opened = settings.open_lake()
    opened.require()
    return opened.reader(**options)


def _rows(
    settings: Settings,
    file: str,
    params: dict[str, Any],
    kind: Format,
    *,
    brief: Sequence[str] = (),
) -> None:
    with _reader(settings) as reader:
        rows = reader.query(_SQL / file, params)
    printing.show(rows, kind, brief=brief)
    printing.tell_limit(rows, params["limit"])


def _findings(
    settings: Settings, *, limit: int, kind: Format = Format.TABLE, **filters: Any
) -> None:
    names = ("detector", "severity", "identity", "since", "everything")
    params = {name: filters.get(name) for name in names} | {"limit": limit}
    with _reader(settings) as reader:
        rows = reader.query(_SQL / "findings.sql", params)
    printing.show_findings(rows, kind)
    printing.tell_limit(rows, limit)


def _check(option: str, value: str | None, known: Sequence[str]) -> None:
    """Refuse a filter's value that nothing can have: that nothing is found would look as if all
    was well.
    """
    if value is not None and value not in known:
        raise NotFoundError(f"expected a {option} of {', '.join(known)}, got {value!r}")


def _check_detector(settings: Settings, detector: str | None) -> None:
    _check("detector", detector, [known.spec.id for known in steps.detectors_of(settings)])


def _format(
    name: str,
    json: bool,
    *,
    known: Sequence[Format] = (Format.TABLE, Format.JSON, Format.CSV),
) -> Format:
    if json:
        return Format.JSON
    if name not in known:
        raise typer.BadParameter(
            f"expected {', '.join(known)}, got {name!r}", param_hint="--format"
        )
    return Format(name)


def _serve_dashboard(settings: Settings, *, port: int = 8501, address: str = "127.0.0.1") -> None:
    """Become the dashboard's server."""
    page = Path(dashboards.__file__).parent / "app.py"
    lake = settings.lake
    os.environ["NHIWATCH_LAKE"] = str(lake.resolve() if isinstance(lake, Path) else lake)
    options = {
        "server.port": port,
        "server.address": address,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "streamlit", "run", str(page), *flags]
    os.execv(sys.executable, command)  # noqa: S606

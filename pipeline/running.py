"""Commands that change the lake: their work is written into the book of runs, its progress shown,
and what came of it told in a line, or as JSON.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pipeline import plain, printing, runs, steps
from pipeline import settings as configuration
from pipeline.errors import NhiwatchError
from pipeline.following import Look
from pipeline.following import follow as following
from pipeline.settings import Settings
from pipeline.steps import Done, Job
from pipeline.stopping import Stop
from pipeline.summaries import in_words

REJECTED = 3
"""Exit status of what was done with some records rejected."""
_ADDING_UP = ("files", "records", "events", "duplicates", "rejects")
"""Counts that add up over a follower's looks."""


def do(command: str, settings: Settings, work: Callable[[Job], Done], *, json: bool) -> int:
    """Do a command's work; returns the exit status."""
    return _tell(_booked(command, settings, work), json=json)


def do_main_job(
    command: str, settings: Settings, paths: list[str], *, source: str | None = None, json: bool
) -> int:
    """Run the flow, unless there is nothing to do; returns the exit status."""
    steps.detectors_of(settings)  # a threshold that is wrong is told before hours of ingest
    now = configuration.utc_now()
    unchanged = steps.nothing_to_do(settings, paths, now=now)
    if unchanged is not None:
        job = Job(settings=settings, run_id="", now=now, progress=lambda *_: None)
        house = steps.keep_house(job)
        for line in house.left:
            printing.say(line)
        counts = steps.counts(Done(house=house))
        told = {"files": 0, "unchanged": unchanged, "events": 0, "findings": 0, **counts}
        if json:
            printing.write(plain.as_json(told) + "\n")
        else:
            printing.say(f"nothing new: {unchanged} files unchanged, every day judged")
        return 0
    _set_prefect()
    # Prefect takes a second to import, and reads its settings while it does.
    from pipeline.flows import main_job  # noqa: PLC0415

    return do(command, settings, lambda job: main_job(job, paths, source), json=json)


def follow(
    settings: Settings, paths: list[str], *, source: str | None, every: float, json: bool
) -> None:
    """Bring in what is new in the paths until asked to end; in the book that is one run."""
    now, run_id = configuration.utc_now, configuration.new_run_id()
    follower = steps.follower(settings, paths, run_id=run_id, source=source)
    book = runs.Book(
        lake=settings.open_lake(),
        command="follow",
        run_id=run_id,
        started_at=now(),
        goes_on=True,
    )
    journal = runs.Journal(book=book)
    so_far: Counter[str] = Counter()
    faults: set[str] = set()

    def tell(look: Look) -> None:
        nonlocal faults
        for fault in sorted(set(look.faults) - faults):
            printing.say(f"waiting: {fault}")
        faults = set(look.faults)
        if not (look.summary.files or look.summary.records):
            journal.tell(None, now=now())
            return
        job = Job(settings=settings, run_id=run_id, now=now(), progress=lambda *_: None)
        counts = steps.counts(Done(summary=look.summary, house=steps.keep_house(job)))
        so_far.update({name: counts[name] for name in _ADDING_UP})
        journal.tell({**counts, **so_far}, now=now())
        seconds = round((now() - look.began).total_seconds(), 1)
        told = {"at": look.began, "run_id": run_id, **counts, "seconds": seconds}
        if json:
            printing.write(plain.as_json(told, indent=None) + "\n")
        else:
            began = f"{look.began:%Y-%m-%d %H:%M:%S}Z"
            printing.say(f"{began} {in_words(counts)}; {seconds} s")

    with Stop() as stop:
        printing.say(f"following {', '.join(paths)}: a look every {every:g} s, Ctrl-C ends it")
        try:
            following(
                follower,
                clock=now,
                wait=lambda: stop.wait(every),
                stopped=stop.asked,
                tell=tell,
            )
            journal.close(now=now())
        except BrokenPipeError:  # who read what is told has gone
            journal.close(now=now())
            raise
        except BaseException as error:
            with suppress(NhiwatchError):  # the first fault is the one to tell
                book.failed(error, summary=so_far, finished_at=now())
            raise
    printing.say(f"followed: {so_far['events']:,} new events, {so_far['rejects']:,} rejects")


def _booked(command: str, settings: Settings, work: Callable[[Job], Done]) -> dict[str, Any]:
    """Do the work with progress shown, write it into the book of runs, return its counts."""
    started, run_id = configuration.utc_now(), configuration.new_run_id()
    book = runs.Book(lake=settings.open_lake(), command=command, run_id=run_id, started_at=started)
    with printing.progress() as report:
        job = Job(settings=settings, run_id=run_id, now=started, progress=report)
        try:
            done = work(job)
        except BaseException as error:
            with suppress(NhiwatchError):  # the first fault is the one to tell
                book.failed(error, summary={}, finished_at=configuration.utc_now())
            raise
    counts = steps.counts(done)
    failures = [str(failure) for failure in done.judged.failures] if done.judged else []
    book.finished(
        counts,
        failures=failures,
        lake_versions=done.judged.lake_versions if done.judged else {},
        finished_at=configuration.utc_now(),
    )
    seconds = (configuration.utc_now() - started).total_seconds()
    for line in done.house.left:
        printing.say(line)
    return {"run_id": run_id, **counts, "seconds": round(seconds, 1), "errors": failures}


def _tell(told: dict[str, Any], *, json: bool) -> int:
    """Say what was done in a line; returns the exit status."""
    if json:
        printing.write(plain.as_json(told) + "\n")
    else:
        printing.say(f"{in_words(told)}; {told['seconds']} s")
    for failure in told["errors"]:
        printing.say(f"error: {failure}")
    if told["errors"]:
        return 1
    return REJECTED if told.get("rejects") else 0


def _set_prefect() -> None:
    """Keep Prefect's own logs out of the way, and give its server time to start on a busy machine;
    what is set in the environment goes first. The flow has no blocks, and to register them a new
    server takes two seconds.
    """
    wanted = {
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)

"""Writes the sample data: `python -m sample_data.generate --out DIR [--factor N] [--seed S]`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import isqrt
from pathlib import Path

from sample_data import DATA, delegations, injections, leaks, overreach, stories
from sample_data.cloudtrail import write_day
from sample_data.company import account
from sample_data.injections import innocent, planted_runs
from sample_data.month import MONTH, Day, days_of
from sample_data.runs import Run, runs_of
from sample_data.stories import planted_on
from sample_data.traces import write_traces
from sample_data.truth import Planted, write_truth
from sample_data.work import day_of_work

SEED = 20260901
START = date(2026, 9, 1)
_STORIES = ((stories.STORIES, 500), (delegations.STORIES, 560), (leaks.STORIES, 580))
_PLOTS = (
    (injections.PLOTS, 700),
    (overreach.PLOTS, 740),
    (delegations.PLOTS, 760),
    (leaks.PLOTS, 780),
)
"""What is planted in trail and traces, each with the dice of its first row."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: CloudTrail events, agent traces, and their spans."""

    events: int
    traces: int
    spans: int


def generate(
    out: Path, *, seed: int = SEED, start: date = START, days: int = MONTH, factor: int = 1
) -> Summary:
    """Writes `days` days of logs and `truth.json` under `out`, a day at a time.

    The same arguments write the same bytes. `factor` multiplies the volume: by more accounts of
    the same company and more work in each. The stories happen once, in the first account.
    """
    accounts = [account(seed, number) for number in range(isqrt(factor))]
    rate = factor / len(accounts)
    level = 9 if factor == 1 else 1
    truth: list[Planted] = []
    events = traces = spans = 0
    for day in days_of(start, days):
        for each in accounts:
            work = list(day_of_work(each, day, rate))
            made = list(work)
            for rows, stream in _STORIES:
                planted, told = planted_on(each, day, work, rows, stream=stream)
                truth += told
                made += planted
            events += write_day(out, each, day, made, level=level)
        counted = write_traces(out, day, _runs(seed, day, factor, truth), seed, level=level)
        traces, spans = traces + counted[0], spans + counted[1]
    write_truth(out / "truth.json", truth)
    return Summary(events, traces, spans)


def _runs(seed: int, day: Day, factor: int, truth: list[Planted]) -> Iterator[Run]:
    """The day's runs; what is planted among them is added to `truth`."""
    for plots, stream in _PLOTS:
        for run, planted in planted_runs(seed, day, plots, stream=stream):
            truth.append(planted)
            yield run
    for run in runs_of(seed, day, factor):
        odd = innocent(run, day)
        if odd is not None:
            truth.append(odd)
        yield run


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write Brackwater Freight's logs.")
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--start", type=date.fromisoformat, default=START)
    parser.add_argument("--days", type=int, default=MONTH)
    parser.add_argument("--factor", type=int, default=1)
    print(generate(**vars(parser.parse_args(arguments))))  # noqa: T201  a command prints


if __name__ == "__main__":
    main()

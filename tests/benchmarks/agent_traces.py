"""How well unusual_tool_chain ranks labelled runs of agents.

    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --degraded
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --daily --degraded
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --learned
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --ablation
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --without steered
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --content
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --day 100000

The folder holds OTLP/JSON files and a labels.csv with the columns trace_id, agent_id, suite, part
(history or window), attacked and attack_succeeded. Each run of the window is judged on the part
`history` alone, unless --daily. Prints ROC-AUC with 95 % intervals (bootstrap over runs), succeeded
against benign and against failed, and what the default threshold finds. The detector's weights and
its line were chosen beside these labels: expect less on other agents.

--daily     as the product judges: each day on the days before it, attacks of the window included
--degraded  also without prompts, results and arguments in the log
--learned   also on other histories: of the other agents, of the other suites, none
--ablation  each part of the score left out in turn; --without PART leaves one out
--content   also with texts kept as fingerprints, and dropped
--day N     instead: the time and memory to judge a day of N runs, copies of these
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from detectors.base import Window
from detectors.judge import judge
from detectors.unusual_tool_chain import PARTS, UnusualToolChain
from pipeline.baselines import roll_up
from pipeline.content import Content, Privacy
from pipeline.ingest import ingest
from pipeline.lake import Lake

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
DAY = date(2026, 10, 1)
"""The window's runs are put on one day, so that none is history to another."""
HISTORY_DAYS = 60
MODES = (
    "prompt",
    "tool_result",
    "tool_result prompt",
    "tool_result tool_arguments",
    "tool_result tool_arguments prompt",
)
HISTORIES = ("own", "other agents", "other suites", "none")
Array = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class WithoutPart(UnusualToolChain):
    """The detector with a part left out."""

    left_out: str = ""

    def totals(self, reader: Any, params: Any) -> pl.DataFrame:
        runs = super().totals(reader, params)
        if not self.left_out:
            return runs
        gone = pl.col(f"{self.left_out}_part")
        return runs.with_columns(pl.col("total") - gone, gone * 0)


def on_one_day(events: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """The events with the window's on DAY; with agent_id, suite and part of their run."""
    known = labels.select("trace_id", "agent_id", "suite", "part")
    moved = (pl.lit(DAY) - pl.col("event_date")).cast(pl.Duration("us"))
    later = pl.col("part") == "window"
    return events.join(known, on="trace_id").with_columns(
        event_time=pl.when(later).then(pl.col("event_time") + moved).otherwise("event_time"),
        event_date=pl.when(later).then(pl.lit(DAY)).otherwise("event_date"),
    )


def folds(events: pl.DataFrame, history: str) -> list[pl.DataFrame]:
    """Events to judge each with a history: their own, or that of others in as many folds."""
    window, before = events.filter(part="window"), events.filter(part="history")
    if history == "own":
        return [events]
    if history == "none":
        return [window]
    agents = sorted(events["agent_id"].unique())
    fold = (
        pl.col("suite")
        if history == "other suites"
        else pl.col("agent_id").replace_strict({a: i % 2 for i, a in enumerate(agents)})
    )
    names = events.select(fold.alias("fold")).unique()["fold"].sort().to_list()
    return [pl.concat([before.filter(fold != name), window.filter(fold == name)]) for name in names]


def judged(
    events: pl.DataFrame, detector: UnusualToolChain, *, history: str = "own"
) -> pl.DataFrame:
    """trace_id and score of every run on DAY."""
    window = Window.of_day(DAY, history_days=HISTORY_DAYS)
    scores = []
    for fold in folds(events, history):
        with tempfile.TemporaryDirectory() as folder:
            lake = Lake(Path(folder) / "lake")
            lake.append("events", fold.to_arrow())
            with lake.reader() as reader:
                scores.append(detector.detect(reader, window).scores)
    return pl.concat(scores).select("score", trace_id="subject_id")


def judged_daily(events: pl.DataFrame) -> pl.DataFrame:
    """trace_id and score of every run, each judged on the days before its own."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        lake.append("events", events.to_arrow())
        roll_up(lake, now=NOW)
        judge(lake, [UnusualToolChain()], now=NOW, run_id="benchmark")
        with lake.reader() as reader:
            return reader.query("select subject_id as trace_id, score from scores")


def without(events: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The events as a log would give them that leaves these columns out."""
    return events.with_columns(pl.lit(None, pl.String).alias(name) for name in columns)


def auc(positive: Array, negative: Array) -> float:
    labels = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    return float(roc_auc_score(labels, np.concatenate([positive, negative])))


def interval(positive: Array, negative: Array) -> str:
    """ROC-AUC with its 95 % interval over resampled runs."""
    dice = np.random.default_rng(0)
    samples = [
        auc(dice.choice(positive, len(positive)), dice.choice(negative, len(negative)))
        for _ in range(500)
    ]
    low, high = np.quantile(samples, [0.025, 0.975])
    return f"{auc(positive, negative):.3f} [{low:.3f}, {high:.3f}]"


def row(name: str, suite: str, runs: pl.DataFrame) -> str:
    succeeded = runs.filter(attack_succeeded=1)["score"].to_numpy()
    benign = runs.filter(attacked=0)["score"].to_numpy()
    failed = runs.filter(attacked=1, attack_succeeded=0)["score"].to_numpy()
    line = UnusualToolChain().threshold
    return (
        f"| {name} | {suite} | {interval(succeeded, benign)} | {interval(succeeded, failed)} "
        f"| {(succeeded >= line).mean():.0%} | {(benign >= line).mean():.1%} |"
    )


def show(name: str, scores: pl.DataFrame, labels: pl.DataFrame) -> None:
    window = labels.filter(part="window")
    runs = window.join(scores, on="trace_id", how="left").with_columns(pl.col("score").fill_null(0))
    for suite in ("all", *sorted(set(window["suite"]))):
        print(row(name, suite, runs if suite == "all" else runs.filter(suite=suite)), flush=True)


def a_day(events: pl.DataFrame, runs: int) -> None:
    """Print the time and the memory that a day of `runs` runs takes, on the history as it is."""
    window, before = events.filter(part="window"), events.filter(part="history")
    copies = -(-runs // window["trace_id"].n_unique())
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        lake.append("events", before.to_arrow())
        ids = ("event_id", "trace_id", "session_id", "parent_id")
        for copy in range(copies):
            moved = timedelta(seconds=copy * 86_400 // copies)
            again = window.with_columns(
                *(pl.col(name) + f"-{copy}" for name in ids),
                event_time=pl.lit(datetime(DAY.year, DAY.month, DAY.day, tzinfo=timezone.utc))
                + (pl.col("event_time") - pl.col("event_time").min()) / 1000
                + moved,
            )
            lake.append("events", again.to_arrow())
        del events, window, before
        started, memory = time.monotonic(), peak()
        with lake.reader() as reader:
            window_ = Window.of_day(DAY, history_days=HISTORY_DAYS)
            judgement = UnusualToolChain().detect(reader, window_)
        print(
            f"{judgement.scores.height} runs judged in {time.monotonic() - started:.0f} s, "
            f"peak memory {peak():.1f} GB ({memory:.1f} GB before)"
        )


def peak() -> float:
    """The most memory this process has had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    for name in ("daily", "degraded", "learned", "ablation", "content"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--without", choices=PARTS, action="append", default=[])
    parser.add_argument("--day", type=int)
    options = parser.parse_args()
    labels = pl.read_csv(options.folder / "labels.csv")
    as_logged = ingested(options.folder)
    events = on_one_day(as_logged, labels)
    if options.day:
        a_day(events, options.day)
        return
    print("| | suite | succeeded/benign | succeeded/failed | found | benign found |")
    print("|---|---|---|---|---|---|")
    if options.daily:
        for mode in ("", *(MODES if options.degraded else ())):
            name = f"without {mode.replace(' ', ', ')}" if mode else "everything"
            show(f"daily, {name}", judged_daily(without(as_logged, mode.split())), labels)
        return
    show("everything", judged(events, UnusualToolChain()), labels)
    for mode in MODES if options.degraded else ():
        scores = judged(without(events, mode.split()), UnusualToolChain())
        show(f"without {mode.replace(' ', ', ')}", scores, labels)
    for history in HISTORIES[1:] if options.learned else ():
        scores = judged(events, UnusualToolChain(), history=history)
        show(f"history: {history}", scores, labels)
    for part in PARTS if options.ablation else options.without:
        show(f"without {part}", judged(events, WithoutPart(left_out=part)), labels)
    for mode in (Content.FINGERPRINT, Content.DROP) if options.content else ():
        kept = on_one_day(ingested(options.folder, content=mode), labels)
        show(f"content: {mode}", judged(kept, UnusualToolChain()), labels)


def ingested(folder: Path, *, content: Content = Content.KEEP) -> pl.DataFrame:
    """The events of a folder, with their texts kept, as fingerprints, or dropped."""
    with tempfile.TemporaryDirectory() as made:
        lake = Lake(Path(made) / "lake")
        privacy = Privacy(default=content, salt="benchmark")
        ingest(lake, [folder], now=NOW, run_id="benchmark", privacy=privacy)
        with lake.reader() as reader:
            return reader.query("select * from events")


if __name__ == "__main__":
    main()

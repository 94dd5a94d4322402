"""How well unusual_tool_chain ranks labelled runs of agents, day by day as the product judges them.

    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces
    python tests/benchmarks/agent_traces.py ../shared/data/agent_traces --degraded

The folder holds OTLP/JSON files and a labels.csv with the columns trace_id, suite, part (history or
window), attacked and attack_succeeded. Prints ROC-AUC of the window's scores with 95 % intervals
(bootstrap over runs), succeeded against benign and against failed, and what the default threshold
finds. With --degraded also without results, prompts and arguments in the log.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from sklearn.metrics import roc_auc_score

from detectors.judge import judge
from detectors.unusual_tool_chain import UnusualToolChain
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.lake import Lake

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
MODES = ("", "tool_result", "prompt", "tool_result prompt", "tool_result tool_arguments")
Array = np.ndarray[tuple[int], np.dtype[np.float64]]


def judged(lake: Lake) -> pl.DataFrame:
    """trace_id and score of every run, each judged on the history before its day."""
    roll_up(lake, now=NOW)
    judge(lake, [UnusualToolChain()], now=NOW, run_id="benchmark")
    with lake.reader() as reader:
        return reader.query("select subject_id as trace_id, score from scores")


def without(events: pa.Table, columns: list[str]) -> pa.Table:
    """The events as a log would give them that leaves these columns out."""
    for name in columns:
        place = events.column_names.index(name)
        events = events.set_column(place, name, pa.nulls(events.num_rows, pa.string()))
    return events


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
    scores = pl.col("score")
    succeeded = runs.filter(attack_succeeded=1).select(scores).to_numpy().ravel()
    benign = runs.filter(attacked=0).select(scores).to_numpy().ravel()
    failed = runs.filter(attacked=1, attack_succeeded=0).select(scores).to_numpy().ravel()
    line = UnusualToolChain().threshold
    return (
        f"| {name or 'everything'} | {suite} | {interval(succeeded, benign)} "
        f"| {interval(succeeded, failed)} | {(succeeded >= line).mean():.0%} "
        f"| {(benign >= line).mean():.1%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--degraded", action="store_true")
    options = parser.parse_args()
    labels = pl.read_csv(options.folder / "labels.csv").filter(part="window")
    print("| logged without | suite | succeeded/benign | succeeded/failed | found | benign found |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        whole = Lake(Path(folder) / "whole")
        ingest(whole, [options.folder], now=NOW, run_id="benchmark")
        with whole.reader() as reader:
            events = reader.arrow("select * from events")
        for mode in MODES if options.degraded else MODES[:1]:
            lake = Lake(Path(folder) / f"without {mode}")
            lake.append("events", without(events, mode.split()))
            runs = labels.join(judged(lake), on="trace_id", how="left")
            runs = runs.with_columns(pl.col("score").fill_null(0))
            for suite in ("all", *sorted(set(labels["suite"]))):
                of_suite = runs if suite == "all" else runs.filter(suite=suite)
                print(row(mode.replace(" ", ", "), suite, of_suite))


if __name__ == "__main__":
    main()

"""The page of what ran."""

from __future__ import annotations

from datetime import timedelta

from builders.pages import NOW, Opened
from pipeline.lake import Lake
from pipeline.schemas import RUNS


def test_a_run_is_told_in_words_also_one_of_another_version_and_one_that_broke_off(
    opened: Opened, own: Lake
) -> None:
    summaries = ['{"detector_days": 6, "scores": 1200, "findings": 2}', '{"files": 1}', "{}", None]
    runs = [
        {"run_id": f"r{n}", "started_at": NOW + timedelta(minutes=n), "summary": summary}
        for n, summary in enumerate(summaries)
    ]
    own.append("runs", RUNS.frame(runs))
    [shown] = [frame.value for frame in opened("health", own).dataframe if "run_id" in frame.value]
    assert shown["summary"].tolist() == [
        "",
        "nothing to do",
        "1 files (0 unchanged, 0 no logs), 0 new events, 0 duplicates, 0 rejects",
        "6 detector-days, 1,200 scores, 2 findings",
    ]

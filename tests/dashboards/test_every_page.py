"""What holds for all pages: without a lake, with one, with a broken one, with hostile text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from builders.pages import NOW, PAGES, Opened, texts, trail
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.schemas import RUNS


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_lake_says_what_to_do(opened: Opened, lake: Lake, page: str) -> None:
    app = opened(page, lake)
    assert not app.exception
    assert "nothing in this lake" in app.info[0].value
    assert "nhiwatch run" in app.code[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_data_draws(opened: Opened, small: Lake, page: str) -> None:
    app = opened(page, small)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.lower() == page


@pytest.mark.parametrize("page", ["overview", "findings", "health"])
def test_a_broken_lake_is_one_line(opened: Opened, own: Lake, page: str) -> None:
    for file in (own.location / "events").rglob("*.json"):
        file.write_text("not a log")
    app = opened(page, own)
    assert not app.exception
    assert "events" in app.error[0].value


@pytest.mark.parametrize(
    ("page", "name", "told"),
    [
        ("findings", "finding", "The finding **x** is not in this list"),
        ("findings", "severity", "There is no **x** here."),
        ("identity", "id", "There is no **x** here."),
        ("traces", "trace", "The run **x** is not in this list"),
        ("traces", "agent", "There is no **x** here."),
    ],
)
def test_a_link_to_what_is_not_there_says_so(
    opened: Opened, small: Lake, page: str, name: str, told: str
) -> None:
    app = opened(page, small, **{name: "**x**"})
    assert not app.error
    assert any(text.startswith(told) for text in texts(app))


def test_a_list_that_is_cut_says_of_how_many(opened: Opened, own: Lake) -> None:
    with own.reader() as reader:
        rejects = reader.query(
            "select j.* replace(source_file || n as source_file) from rejects as j "
            "cross join range(600) as r(n)"
        )
        findings = reader.query(
            "select f.* replace(finding_id || n as finding_id) from findings as f "
            "cross join range(20) as r(n)"
        )
    own.append("rejects", rejects)
    own.append("findings", findings)
    runs = [{"run_id": f"r{n}", "started_at": NOW} for n in range(60)]
    own.append("runs", RUNS.frame(runs))
    captions = [told.value for told in opened("health", own).caption]
    assert captions[1:] == ["The first 500 of 601.", "The first 50 of 60."]
    [told] = [told.value for told in opened("overview", own).caption]
    assert told.startswith("The first 12 of ")


def test_times_are_said_to_be_utc(opened: Opened, small: Lake) -> None:
    app = opened("health", small)
    formats = [
        column["type_config"]["format"]
        for column in json.loads(app.dataframe[0].proto.columns).values()
        if column.get("type_config", {}).get("type") == "datetime"
    ]
    assert formats == ["YYYY-MM-DD HH:mm:ss[Z]"] * 2
    [chart] = opened("traces", small).get("vega_lite_chart")
    assert "event_time" not in chart.proto.spec


def test_a_text_can_neither_turn_a_page_around_nor_bury_it(opened: Opened, pair: Lake) -> None:
    hostile = "\u202e\x1b" + "W" * 5000
    with pair.reader() as reader:
        found = reader.query("select * replace($t as title) from findings", {"t": hostile})
        named = reader.query(
            "select * replace($t as identity_name, $t as owner) from identities", {"t": hostile}
        )
    pair.replace("findings", found)
    pair.replace("identities", named)
    findings, identity = opened("findings", pair), opened("identity", pair)
    assert findings.dataframe[0].value["title"][0].startswith("\ufffd\ufffdWW")
    title = next(text for text in texts(findings) if "WW" in text)
    assert (title[:3], title[-1], len(title)) == ("\ufffd\ufffdW", "…", 300)
    for app in (findings, identity):
        assert not app.exception
        assert all("\u202e" not in text and len(text) < 1000 for text in texts(app))


def test_a_lake_that_is_not_judged_says_so(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(trail(0)))
    lake = Lake(tmp_path / "lake")
    ingest(lake, [tmp_path / "a.jsonl"], now=NOW, run_id="r")
    for page in PAGES:
        assert not opened(page, lake).error
    app = opened("overview", lake)
    assert "Nothing was judged yet" in app.warning[0].value
    assert "There is no finding." in texts(opened("findings", lake))
    assert "New on the last day" in [metric.label for metric in app.metric]


def test_a_lake_that_was_made_anew_is_not_mistaken_for_the_old_one(
    opened: Opened, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    for count in (1, 2):
        shutil.rmtree(lake.location, ignore_errors=True)
        file = tmp_path / f"{count}.jsonl"
        file.write_text("\n".join(json.dumps(trail(n)) for n in range(count)))
        ingest(lake, [file], now=NOW, run_id="r")
        app = opened("sql", lake, q="select count(*) as n from events")
        assert not app.error
        [answer] = [frame.value for frame in app.dataframe if "n" in frame.value]
        assert answer["n"].tolist() == [count]


def test_a_quiet_feed_is_told_on_every_page(opened: Opened, own: Lake, tmp_path: Path) -> None:
    late = {**trail(99), "eventTime": "2026-09-20T00:00:00Z"}
    (tmp_path / "late.jsonl").write_text(json.dumps(late))
    ingest(own, [tmp_path / "late.jsonl"], now=NOW, run_id="r")
    roll_up(own, now=NOW)
    app = opened("overview", own)
    assert any("otel_genai is quiet" in warning.value for warning in app.warning)

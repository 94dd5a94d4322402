"""Every page in its states, on a real lake, without and with a real browser."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from builders.cloudtrail import cloudtrail
from builders.otel import request, span
from detectors.base import make
from detectors.judge import judge
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from pipeline.schemas import FINDINGS, RUNS

ROOT = Path(__file__).parents[2]
PAGES = ["overview", "findings", "identity", "traces", "sql", "health"]
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)> **bold** $x$ [a](b)"
NOW = datetime(2026, 10, 1, tzinfo=timezone.utc)


def trail(n: int, **over: Any) -> dict[str, Any]:
    """A call of an IAM user, one every six hours."""
    at = datetime(2026, 9, 1, 9, tzinfo=timezone.utc) + timedelta(hours=6 * n)
    usual = {
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListRoles",
        "sourceIPAddress": "75.50.255.67",
        "userAgent": HOSTILE,
    }
    return cloudtrail(n, **{**usual, **over})


def traced() -> str:
    """One run of an agent with a hostile tool, argument and result."""
    agent = span(
        "a",
        trace="t",
        gen_ai__operation__name="invoke_agent",
        gen_ai__agent__id=HOSTILE,
        gen_ai__input__messages=HOSTILE,
    )
    tool = span(
        "b",
        "a",
        trace="t",
        second=1,
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__name=HOSTILE,
        gen_ai__tool__call__arguments=json.dumps({"a": HOSTILE}),
        gen_ai__tool__call__result=HOSTILE,
    )
    return request(agent, tool)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A few days, one finding, one reject, hostile text wherever a log can put it."""
    folder = tmp_path_factory.mktemp("small")
    granted = {
        "eventName": "AttachUserPolicy",
        "readOnly": False,
        "requestParameters": {
            "userName": "backup",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
    }
    records = [trail(n) for n in range(19)] + [trail(19, **granted)]
    (folder / "trail.jsonl").write_text("\n".join([*map(json.dumps, records), HOSTILE]))
    (folder / "traces.jsonl").write_text(traced())
    lake = Lake(folder / "lake")
    ingest(lake, [folder / "trail.jsonl", folder / "traces.jsonl"], now=NOW, run_id="r")
    roll_up(lake, now=NOW)
    take_inventory(lake)
    judge(lake, [make("privilege_drift"), make("unusual_tool_chain")], now=NOW, run_id="r")
    return lake


@pytest.fixture
def pair(small: Lake, tmp_path: Path) -> Lake:
    """A lake of two findings of one day, `newer` above `older`, whose events are gone."""
    lake = Lake(tmp_path / "pair")
    shutil.copytree(small.location, lake.location)
    at = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
    finding = {
        "detector": "privilege_drift",
        "severity": "high",
        "confidence": 1.0,
        "identity_id": "arn:aws:iam::111122223333:user/backup",
        "subject": "identity:backup",
        "window": "2026-06-01T00:00:00Z/2026-06-02T00:00:00Z",
        "observed": HOSTILE,
        "expected": HOSTILE,
        "support": HOSTILE,
        "evidence": ["gone"],
        "frameworks": [],
        "first_seen": at,
        "last_seen": at,
        "run_id": "r",
    }
    two = [
        {**finding, "finding_id": "newer", "title": "The newer", "score": 0.9},
        {**finding, "finding_id": "older", "title": "The older", "score": 0.8},
    ]
    lake.replace("findings", FINDINGS.frame(two))
    return lake


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    def open_page(page: str, lake: Lake, **query: str) -> AppTest:
        monkeypatch.setenv("NHIWATCH_LAKE", str(lake.location))
        script = f"from dashboards.screens import {page}\n{page}.draw()\n"
        app = AppTest.from_string(script, default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_page


def texts(app: AppTest) -> list[str]:
    return [element.value for element in app.text]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_lake_says_what_to_do(
    opened: Callable[..., AppTest], lake: Lake, page: str
) -> None:
    app = opened(page, lake)
    assert not app.exception
    assert "nothing in this lake" in app.info[0].value
    assert "nhiwatch run" in app.code[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_data_draws(opened: Callable[..., AppTest], small: Lake, page: str) -> None:
    app = opened(page, small)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.lower() == page


@pytest.mark.parametrize("page", ["overview", "findings", "health"])
def test_a_broken_lake_is_one_line(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path, page: str
) -> None:
    shutil.copytree(small.location, tmp_path / "broken")
    for file in (tmp_path / "broken" / "events").rglob("*.json"):
        file.write_text("not a log")
    app = opened(page, Lake(tmp_path / "broken"))
    assert not app.exception
    assert "events" in app.error[0].value


def test_the_overview_counts_what_is_open(opened: Callable[..., AppTest], small: Lake) -> None:
    with small.reader() as reader:
        [(findings,)] = reader.query("select count(*) from findings").rows()
    assert findings >= 1
    metrics = {metric.label: metric.value for metric in opened("overview", small).metric}
    assert metrics["Open findings"] == str(findings)
    assert metrics["AI agents"] == "1"


def test_a_decision_is_written_and_shown(opened: Callable[..., AppTest], small: Lake) -> None:
    app = opened("findings", small)
    [acknowledge] = [button for button in app.button if button.label == "Acknowledge"]
    acknowledge.click().run()
    assert not app.exception
    with small.reader() as reader:
        decided = reader.query("select decision, decided_by from triage").rows()
        states = reader.query("select state from findings_current").rows()
    assert decided == [("acknowledge", "dashboard")]
    assert ("acknowledged",) in states


def button(app: AppTest, label: str) -> Any:
    [only] = [button for button in app.button if button.label == label]
    return only


def decisions(lake: Lake) -> list[Any]:
    with lake.reader() as reader:
        return reader.query("select finding_id, decision from triage order by all").rows()


def test_a_click_on_a_finding_that_has_left_the_list_decides_on_no_other(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    stale = opened("findings", pair, state="new")
    assert "The newer" in texts(stale)
    button(opened("findings", pair, state="new"), "Acknowledge").click().run()
    button(stale, "Acknowledge").click().run()
    assert "The older" in texts(stale)
    assert ("older", "acknowledge") not in decisions(pair)


def test_what_was_typed_for_one_finding_is_not_there_for_the_next(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    app = opened("findings", pair, state="new")
    [assignee] = [field for field in app.text_input if field.label == "To whom"]
    assignee.set_value("ada").run()
    button(app, "Hand over to them").click().run()
    assert "The older" in texts(app)
    [assignee] = [field for field in app.text_input if field.label == "To whom"]
    assert assignee.value == ""


def test_a_suppression_ends_after_the_newest_data(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    app = opened("findings", pair)
    assert app.date_input[0].min == date(2026, 9, 7)
    app.date_input[0].set_value(date(2026, 9, 7)).run()
    button(app, "Suppress until then").click().run()
    with pair.reader() as reader:
        states = reader.query("select finding_id, state from findings_current order by 1").rows()
    assert states == [("newer", "suppressed"), ("older", "new")]


def test_a_finding_that_was_decided_and_became_more_urgent_is_shown_again(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    app = opened("findings", pair, finding="newer")
    button(app, "Acknowledge").click().run()
    with pair.reader() as reader:
        raised = reader.query("select * replace('critical' as severity) from findings")
    pair.replace("findings", raised)
    app = opened("findings", pair, state="new", finding="newer")
    shown = app.dataframe[0].value
    assert shown["severity"].tolist() == ["critical", "critical"]
    assert shown["raised_from"].tolist() == ["high", ""]
    assert any(
        text.startswith("It was acknowledged on ")
        and text.endswith(" as high (no note), and is critical now.")
        for text in texts(app)
    )
    button(app, "Acknowledge").click().run()
    with pair.reader() as reader:
        states = reader.query("select finding_id, state from findings_current order by 1").rows()
    assert states == [("newer", "acknowledged"), ("older", "new")]


def test_a_finding_outlives_its_events(opened: Callable[..., AppTest], pair: Lake) -> None:
    app = opened("findings", pair)
    assert not app.error
    assert "1 of its 1 events are no longer in the lake." in texts(app)


def test_evidence_without_its_records_is_shown(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    lake.blank("events", ["raw"], where="true")
    app = opened("findings", lake)
    assert not app.error
    assert "not kept" in [code.value for code in app.code]


@pytest.mark.parametrize("raw", [r'{"a": "\ud83d"}', '{"a": 1', "[" * 5000 + "]" * 5000])
def test_a_record_that_cannot_be_indented_is_shown_as_it_is(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path, raw: str
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    with lake.reader() as reader:
        events = reader.query("select * replace($raw as raw) from events", {"raw": raw})
    lake.replace("events", events)
    app = opened("findings", lake)
    assert not app.error
    assert raw in [code.value for code in app.code]


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
    opened: Callable[..., AppTest], small: Lake, page: str, name: str, told: str
) -> None:
    app = opened(page, small, **{name: "**x**"})
    assert not app.error
    assert any(text.startswith(told) for text in texts(app))


def test_a_run_below_the_five_hundred_that_are_listed_is_there_when_asked_for(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    with lake.reader() as reader:
        events = reader.query(
            "select e.* replace('t' || n as trace_id, event_id || n as event_id, "
            "event_time - interval 1 minute * n as event_time) "
            "from events as e cross join range(1, 601) as r(n) where source = 'otel_genai'"
        )
    lake.append("events", events)
    app = opened("traces", lake, trace="t600")
    assert "The first 500 of 601." in [told.value for told in opened("traces", lake).caption]
    assert not any("not in this list" in text for text in texts(app))
    assert app.dataframe[0].value["trace_id"].iloc[-1] == "t600"


def test_times_are_said_to_be_utc(opened: Callable[..., AppTest], small: Lake) -> None:
    app = opened("health", small)
    formats = [
        column["type_config"]["format"]
        for column in json.loads(app.dataframe[0].proto.columns).values()
        if column.get("type_config", {}).get("type") == "datetime"
    ]
    assert formats == ["YYYY-MM-DD HH:mm:ss[Z]"] * 2
    [chart] = opened("traces", small).get("vega_lite_chart")
    assert "event_time" not in chart.proto.spec


def test_an_example_takes_the_place_of_what_was_asked(
    opened: Callable[..., AppTest], small: Lake
) -> None:
    app = opened("sql", small, q="select 1")
    app.selectbox[0].set_value("Who changed permissions").run()
    assert "access = 'permission'" in app.text_area[0].value
    assert "q" not in app.query_params


def test_a_finding_is_found_by_the_name_that_is_shown(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    with pair.reader() as reader:
        named = reader.query("select * replace('Dockhand' as identity_name) from identities")
    pair.replace("identities", named)
    app = opened("findings", pair)
    assert "Dockhand · arn:aws:iam::111122223333:user/backup" in (
        opened("identity", pair).selectbox[0].options
    )
    app.text_input[0].set_value("dockh").run()
    assert app.dataframe[0].value["identity_name"].tolist() == ["Dockhand", "Dockhand"]
    assert app.query_params["identity"] == "dockh"


def test_a_lake_that_is_not_judged_says_so(opened: Callable[..., AppTest], tmp_path: Path) -> None:
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
    opened: Callable[..., AppTest], tmp_path: Path
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


def test_filters_live_in_the_url(opened: Callable[..., AppTest], small: Lake) -> None:
    app = opened("findings", small, severity="low", detector="unusual_tool_chain")
    assert not app.exception
    assert "No finding matches these filters." in texts(app)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("drop table events", "read-only"),
        ("select nonsense", "nonsense"),
        ("select 1; select 2", "one"),
        ("select date 'infinity' as d", "years 1 to 9999 in column d"),
        ("with x as (copy (select 1) to 'x.csv') select 1", "read-only"),
    ],
)
def test_the_sql_page_refuses_in_one_line(
    opened: Callable[..., AppTest], small: Lake, statement: str, told: str
) -> None:
    app = opened("sql", small, q=statement)
    assert not app.exception
    assert told in app.error[0].value


def test_the_sql_page_answers(opened: Callable[..., AppTest], small: Lake) -> None:
    app = opened("sql", small, q="select count(*) as n from events")
    assert not app.error
    [answer] = [frame.value for frame in app.dataframe if "n" in frame.value]
    assert answer["n"].tolist() == [22]


def test_the_sql_page_shows_nested_values_and_bytes_as_they_are(
    opened: Callable[..., AppTest], small: Lake
) -> None:
    app = opened("sql", small, q="select {'a': [1, null]} as nested, 'ab'::blob as bytes")
    [answer] = [frame.value for frame in app.dataframe if "nested" in frame.value]
    assert answer.to_numpy().tolist() == [['{"a": [1, null]}', "6162"]]


def test_a_select_that_never_ends_is_ended_in_a_line(
    opened: Callable[..., AppTest], small: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NHIWATCH_QUERY_SECONDS", "0.5")
    endless = (
        "with recursive t as (select 1 as n union all select n + 1 from t) from t select sum(n)"
    )
    app = opened("sql", small, q=endless)
    assert [error.value for error in app.error] == [
        "` expected an answer within 0.5 seconds, got none (setting query_seconds) `"
    ]
    app = opened("sql", small, q="select 41 + 1 as told")
    assert not app.error


def test_the_dictionary_has_tables_and_views(opened: Callable[..., AppTest], small: Lake) -> None:
    app = opened("sql", small)
    names = app.selectbox[1].options
    assert names[0] == "events"
    assert "findings_current" in names
    app.selectbox[1].set_value("feeds").run()
    assert "behind_hours" in app.dataframe[0].value["column"].tolist()


def test_the_overview_leads_to_each_finding_and_identity(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    with pair.reader() as reader:
        recent = reader.query("select * replace('2026-09-05' as \"window\") from findings")
    pair.replace("findings", recent)
    for shown, (page, name, label) in zip(
        opened("overview", pair).dataframe,
        [("findings", "finding", "Findings"), ("identity", "id", "Identity")],
        strict=True,
    ):
        path, _, query = shown.value["link"].iloc[0].partition("?")
        assert path == page
        app = opened(page, pair, **dict(parse_qsl(query)))
        assert app.title[0].value == label
        assert list(app.query_params) == [name]
        assert not any("not in this list" in text or "no " in text for text in texts(app)[:1])


def test_a_finding_leads_to_its_identity_and_its_run(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
    with pair.reader() as reader:
        run = reader.query("select * replace('trace:t&=?' as subject) from findings limit 1")
    pair.replace("findings", run)
    links = [button.proto.url for button in opened("findings", pair).get("link_button")]
    assert [dict(parse_qsl(link.partition("?")[2])) for link in links] == [
        {"id": "arn:aws:iam::111122223333:user/backup"},
        {"trace": "t&=?"},
    ]


def test_a_call_has_the_number_that_a_finding_gives_it(
    opened: Callable[..., AppTest], small: Lake
) -> None:
    """Not its place among all spans of the run."""
    app = opened("traces", small)
    assert [expander.label for expander in app.expander] == ["Call 1"]


def test_a_text_can_neither_turn_a_page_around_nor_bury_it(
    opened: Callable[..., AppTest], pair: Lake
) -> None:
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


def test_a_list_that_is_cut_says_of_how_many(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    with lake.reader() as reader:
        rejects = reader.query(
            "select j.* replace(source_file || n as source_file) from rejects as j "
            "cross join range(600) as r(n)"
        )
        findings = reader.query(
            "select f.* replace(finding_id || n as finding_id) from findings as f "
            "cross join range(20) as r(n)"
        )
    lake.append("rejects", rejects)
    lake.append("findings", findings)
    runs = [{"run_id": f"r{n}", "started_at": NOW} for n in range(60)]
    lake.append("runs", RUNS.frame(runs))
    captions = [told.value for told in opened("health", lake).caption]
    assert captions[1:] == ["The first 500 of 601.", "The first 50 of 60."]
    [told] = [told.value for told in opened("overview", lake).caption]
    assert told.startswith("The first 12 of ")


def test_a_run_is_told_in_words_also_one_of_another_version_and_one_that_broke_off(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    summaries = ['{"detector_days": 6, "scores": 1200, "findings": 2}', '{"files": 1}', "{}", None]
    runs = [
        {"run_id": f"r{n}", "started_at": NOW + timedelta(minutes=n), "summary": summary}
        for n, summary in enumerate(summaries)
    ]
    lake.append("runs", RUNS.frame(runs))
    [shown] = [frame.value for frame in opened("health", lake).dataframe if "run_id" in frame.value]
    assert shown["summary"].tolist() == [
        "",
        "nothing to do",
        "1 files (0 unchanged, 0 no logs), 0 new events, 0 duplicates, 0 rejects",
        "6 detector-days, 1,200 scores, 2 findings",
    ]


def test_a_plan_is_shown_in_its_lines(opened: Callable[..., AppTest], small: Lake) -> None:
    app = opened("sql", small, q="explain select count(*) from events")
    assert "\n" in app.code[0].value


def test_an_identity_is_shown_beside_what_it_is_declared_to_do(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path
) -> None:
    backup = "arn:aws:iam::111122223333:user/backup"
    assert "Nobody declared what it may do." in texts(opened("identity", small, id=backup))
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    (tmp_path / "inventory.csv").write_text(f"identity_id,capability\n{backup},analyse\n")
    take_inventory(lake, file=tmp_path / "inventory.csv")
    app = opened("identity", lake, id=backup)
    assert not app.exception
    assert "Declared to analyse; beyond that it grants." in texts(app)
    [proof] = [frame.value for frame in app.dataframe if "within_declared" in frame.value]
    assert list(proof["actions"].iloc[0]) == ["iam:AttachUserPolicy ×1"]


def test_a_quiet_feed_is_told_on_every_page(
    opened: Callable[..., AppTest], small: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(small.location, lake.location)
    late = {**trail(99), "eventTime": "2026-09-20T00:00:00Z"}
    (tmp_path / "late.jsonl").write_text(json.dumps(late))
    ingest(lake, [tmp_path / "late.jsonl"], now=NOW, run_id="r")
    roll_up(lake, now=NOW)
    app = opened("overview", lake)
    assert any("otel_genai is quiet" in warning.value for warning in app.warning)


def test_a_browser_shows_every_page_and_log_text_as_text(
    small: Lake, browser: Any, served: Callable[[Path], Any]
) -> None:
    with served(small.location) as url:
        for page in PAGES:
            title = "SQL" if page == "sql" else page.capitalize()
            path = "" if page == "overview" else page
            text = browser.open(f"{url}/{path}", until=title)
            assert "Traceback" not in text
        browser.open(f"{url}/traces", until="<img src=x onerror=alert(1)>")
        assert browser.evaluate("document.title") != "owned"
        assert browser.evaluate("document.querySelectorAll('img[src=x], strong').length") == 0
        browser.open(f"{url}/sql?q=select '**a** ![b](x)`'::int", until="**a** ![b](x)`")


def test_what_is_downloaded_runs_nothing_in_a_spreadsheet(
    small: Lake, browser: Any, served: Callable[[Path], Any], tmp_path: Path
) -> None:
    browser.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    with served(small.location) as url:
        browser.open(f"{url}/sql?q=select '=1%2B1' as a, ['ab'::blob] as b", until="Download CSV")
        own = "[...document.querySelectorAll('button')].filter(b => b.ariaLabel == 'Search')"
        theirs = own.replace("Search", "Download as CSV")
        browser.wait(f"{theirs}.length > 0")
        assert browser.evaluate(f"{own}.length") == browser.evaluate(f"{theirs}.length") > 0
        hidden = f"{theirs}.every(b => getComputedStyle(b).display == 'none')"
        assert browser.evaluate(hidden)
        browser.evaluate(
            "[...document.querySelectorAll('button')]"
            ".find(b => b.innerText.includes('Download CSV')).click()"
        )
        end = time.monotonic() + 20
        while not (files := list(tmp_path.glob("*.csv"))) and time.monotonic() < end:
            time.sleep(0.2)
    assert [file.read_text() for file in files] == ['a,b\n\'=1+1,"[""6162""]"\n']

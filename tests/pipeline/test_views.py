"""The views that pages and analysts read: rows in, rows out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import pipeline
from builders.stored import copy_of
from pipeline.baselines import roll_up
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from pipeline.reader import LakeReader
from pipeline.schemas import CAPABILITIES, EVENTS, FINDINGS, INGESTS, SCORES, TRIAGE

NOON = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
LATER = NOON + timedelta(days=30)
VIEWS = [
    path
    for path in sorted((Path(pipeline.__file__).parent / "views").glob("*.sql"))
    if "create or replace view" in path.read_text(encoding="utf-8")
]


def event(n: int, *, days: int = 0, **over: Any) -> dict[str, Any]:
    time = NOON + timedelta(days=days, minutes=n)
    return {
        "event_id": f"e{days}-{n}",
        "source": "log",
        "event_time": time,
        "event_date": time.date(),
        "identity_id": "role/app",
        "identity_name": "app",
        "identity_kind": "workload",
        "action": "s3:GetObject",
        "access": "read",
        "outcome": "success",
        **over,
    }


def finding(name: str, *, days: int = 0, **over: Any) -> dict[str, Any]:
    seen = NOON + timedelta(days=days)
    return {
        "finding_id": name,
        "detector": "d",
        "severity": "high",
        "score": 0.5,
        "identity_id": "role/app",
        "subject": "identity:role/app",
        "window": f"{seen:%Y-%m-%d}T00:00:00Z/{seen + timedelta(days=1):%Y-%m-%d}T00:00:00Z",
        "title": name,
        "evidence": [f"e{days}-0"],
        "first_seen": seen,
        "last_seen": seen,
        **over,
    }


def of(lake: Lake, *events: dict[str, Any], findings: list[dict[str, Any]] | None = None) -> Lake:
    lake.append("events", EVENTS.frame(events))
    lake.append("findings", FINDINGS.frame(findings or []))
    roll_up(lake, now=LATER)
    take_inventory(lake)
    return lake


def decide(lake: Lake, name: str, decision: str, *, hour: int = 0, **more: Any) -> None:
    row = {"finding_id": name, "decision": decision, "decided_at": NOON + timedelta(hours=hour)}
    lake.append("triage", TRIAGE.frame([{**row, **more}]))


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a SELECT over views."""
    with lake.reader() as reader:
        return reader.query(sql).rows()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of an event and the finding "f"; to be read only."""
    return of(Lake(tmp_path_factory.mktemp("found") / "lake"), event(0), findings=[finding("f")])


@pytest.fixture
def undecided(found: Lake, tmp_path: Path) -> Lake:
    """A copy of `found`, to decide on its finding."""
    return copy_of(found, tmp_path / "undecided")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    """A reader of a lake to which nothing was written."""
    with Lake(tmp_path_factory.mktemp("empty")).reader() as reader:
        yield reader


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
def test_every_column_of_a_view_is_cast_and_commented(empty: LakeReader, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(r"-- grain: .+\n-- reads: .+\n-- why: ", text)
    columns = empty.query(f"select * from {path.stem}").columns
    final = text[text.rindex("\nselect\n") :]
    for column in columns:
        told = re.search(rf'\bas "?{column}"?,?\s+-- \S', final)
        assert told, f"{column} has no comment"
    assert len(re.findall(r"::", final)) >= len(columns)


@pytest.mark.parametrize(
    ("decision", "more", "state"),
    [
        ("acknowledge", {}, "acknowledged"),
        ("hand_over", {"assignee": "ann"}, "handed_over"),
        ("suppress", {"until": NOON + timedelta(days=1)}, "suppressed"),
        ("suppress", {"until": NOON - timedelta(days=1)}, "new"),
        ("reopen", {}, "new"),
    ],
)
def test_the_last_decision_on_a_finding_holds(
    undecided: Lake, decision: str, more: dict[str, Any], state: str
) -> None:
    decide(undecided, "f", "acknowledge")
    decide(undecided, "f", decision, hour=1, **more)
    told = rows(
        undecided, "select state, assignee, identity_name, severity_rank from findings_current"
    )
    assert told == [(state, more.get("assignee"), "app", 3)]


@pytest.mark.parametrize("decision", ["acknowledge", "hand_over", "suppress"])
@pytest.mark.parametrize(
    ("then", "state", "raised_from"),
    [("low", "new", "low"), ("high", "decided", None), ("critical", "decided", None),
     (None, "decided", None)],
)  # fmt: skip
def test_a_decided_finding_is_new_again_once_it_is_more_urgent(
    undecided: Lake, decision: str, then: str | None, state: str, raised_from: str | None
) -> None:
    """A decision that an older version wrote does not tell how urgent the finding was."""
    decide(undecided, "f", decision, severity=then, until=NOON + timedelta(days=9))
    told = "select if(state = 'new', state, 'decided'), raised_from from findings_current"
    assert rows(undecided, told) == [(state, raised_from)]
    decide(undecided, "f", "reopen", hour=1, severity="low")
    assert rows(undecided, told) == [("new", None)]
    decide(undecided, "f", decision, hour=2, severity="high", until=NOON + timedelta(days=9))
    assert rows(undecided, told) == [("decided", None)]


def test_nothing_of_an_earlier_decision_is_left(undecided: Lake) -> None:
    later = NOON + timedelta(days=9)
    decide(undecided, "f", "suppress", until=later, assignee="ann", note="a scan that we know")
    decide(undecided, "f", "reopen", hour=1)
    told = "select state, suppressed_until, assignee, note from findings_current"
    assert rows(undecided, told) == [("new", None, None, None)]


def test_a_suppression_ends_on_its_day_of_the_data(undecided: Lake) -> None:
    decide(undecided, "f", "suppress", until=datetime(2026, 1, 12, tzinfo=timezone.utc))
    for days, state in [(1, "suppressed"), (2, "new")]:
        of(undecided, event(0, days=days))
        assert rows(undecided, "select state from findings_current") == [(state,)]


def test_risk_adds_up_open_findings_and_fades_by_the_week(lake: Lake) -> None:
    found = [finding("old", days=-7), finding("new"), finding("low", severity="low")]
    of(lake, event(0), event(0, days=-7), findings=found)
    # noisy-or of 0.5 * 0.6 / 2, 0.5 * 0.6 and 0.5 * 0.1
    expected = round(100 * (1 - (1 - 0.15) * (1 - 0.3) * (1 - 0.05)))
    told = "select open_findings, worst_severity, risk from identity_overview"
    assert rows(lake, told) == [(3, "high", expected)]


def test_a_decided_finding_is_no_risk(undecided: Lake) -> None:
    decide(undecided, "f", "acknowledge")
    assert rows(undecided, "select open_findings, risk from identity_overview") == [(0, 0)]


def test_an_event_with_a_wrong_clock_moves_no_newest_day(lake: Lake) -> None:
    """Not that of a suppression, of risk, of what is usual, nor of the last 30 days."""
    found = [finding("f"), finding("other", identity_id="x")]
    of(lake, event(0), findings=found)
    told = (
        "select newest_day, state, risk, events_30_days, days from findings_current "
        "join identity_overview using (identity_id) join identity_normal using (identity_id)"
    )
    decide(lake, "other", "suppress", until=NOON + timedelta(days=1))
    before = rows(lake, told)
    assert before == [(NOON.date(), "new", 30, 1, 1)]
    far = (datetime(2100, 1, 1, tzinfo=timezone.utc) - NOON).days
    of(lake, event(0, days=far))
    assert rows(lake, told) == before
    assert rows(lake, "select state from findings_current where identity_id = 'x'") == [
        ("suppressed",)
    ]
    assert rows(lake, "select sum(events) from daily_activity") == [(2,)]


def test_where_every_day_is_ahead_of_the_clock_the_last_is_the_newest(lake: Lake) -> None:
    of(lake, event(0, days=400), event(0, days=401))
    assert rows(lake, "select day from newest_day") == [((NOON + timedelta(days=401)).date(),)]


def came_in(lake: Lake, **last_events: datetime | None) -> None:
    """A file of each source came in at noon, of 5 events and a reject; when the last event was."""
    files = [
        {"source_file": name, "fingerprint": name, "source": name, "events": 5, "rejects": 1,
         "last_event_at": last, "ingested_at": NOON}
        for name, last in last_events.items()
    ]  # fmt: skip
    lake.append("ingests", INGESTS.frame(files))


def states(lake: Lake, *, hours: int) -> dict[str, str]:
    """The state of each feed so many hours after noon."""
    look = {"look": NOON + timedelta(hours=hours)}
    with lake.reader() as reader:
        return dict(reader.query("select source, state from feeds_at($look)", look).rows())


def test_a_feed_that_is_a_day_behind_the_newest_is_quiet(lake: Lake) -> None:
    came_in(lake, fresh=NOON - timedelta(hours=1), stale=NOON - timedelta(hours=30))
    told = rows(
        lake,
        "select source, state, age_hours, lag_hours, behind_hours, events, rejects "
        "from feeds_at(timestamptz '2026-01-10 14:00:00Z') order by all",
    )
    assert told == [
        ("fresh", "live", 3.0, 1.0, 0.0, 5, 1),
        ("stale", "quiet", 32.0, 30.0, 29.0, 5, 1),
    ]


def test_feeds_that_all_stopped_are_quiet_a_day_later(lake: Lake) -> None:
    came_in(lake, a=NOON - timedelta(hours=1), b=NOON - timedelta(hours=2))
    assert states(lake, hours=20) == {"a": "live", "b": "live"}
    assert states(lake, hours=23) == {"a": "live", "b": "quiet"}
    assert states(lake, hours=24 * 30) == {"a": "quiet", "b": "quiet"}
    assert dict(rows(lake, "select source, state from feeds")) == states(lake, hours=24 * 30)


@pytest.mark.parametrize(
    ("every", "times", "live_hours"), [(1, 4, 24), (7, 4, 8 * 24), (7, 3, 24), (30, 4, 31 * 24)]
)
def test_a_feed_is_waited_for_as_long_as_it_usually_takes(
    lake: Lake, every: int, times: int, live_hours: int
) -> None:
    of(lake, *(event(0, days=-every * back) for back in range(times)))
    came_in(lake, log=NOON)
    assert states(lake, hours=live_hours) == {"log": "live"}
    assert states(lake, hours=live_hours + 1) == {"log": "quiet"}
    assert rows(lake, "select waits_hours from feeds") == [(live_hours,)]


def test_feeds_that_were_old_when_they_came_in_are_of_the_past(lake: Lake) -> None:
    came_in(lake, a=NOON - timedelta(days=60), b=NOON - timedelta(days=60, hours=5), none=None)
    for hours in (0, 24 * 30):
        assert states(lake, hours=hours) == {"a": "past", "b": "past", "none": "empty"}
    assert rows(lake, "select age_hours from feeds where source = 'none'") == [(None,)]


def test_a_wrong_clock_makes_no_other_feed_quiet(lake: Lake) -> None:
    """Nor its own live for ever: what else of it is rolled up tells its newest event."""
    wrong = datetime(2100, 1, 1, tzinfo=timezone.utc)
    came_in(lake, log=wrong, fresh=NOON)
    assert states(lake, hours=1) == {"log": "live", "fresh": "live"}
    lake.append("events", EVENTS.frame([event(0), event(0, days=(wrong - NOON).days)]))
    roll_up(lake, now=NOON)
    assert states(lake, hours=25) == {"log": "quiet", "fresh": "quiet"}
    told = "select last_event_at, ahead from feeds where source = 'log'"
    assert rows(lake, told) == [(NOON, 1)]


def test_what_is_normal_comes_with_its_support(lake: Lake) -> None:
    of(lake, event(0), event(1), event(0, days=-1), event(0, days=-40))
    told = rows(
        lake, "select value, detail, events, days from identity_normal where aspect = 'action'"
    )
    assert told == [("s3:GetObject", "read", 3, 2)]


def test_what_an_identity_does_by_month_with_the_proof(lake: Lake, tmp_path: Path) -> None:
    agent = {"identity_id": "copilot", "identity_kind": "agent"}
    read = {**agent, "action": "read_notes", "tool_name": "read_notes"}
    send = {**agent, "access": "write", "action": "send_mail", "tool_name": "send_mail"}
    save = {**agent, "access": "write", "action": "save_report", "tool_name": "save_report"}
    tried = event(2, **{**send, "action": "email_all", "tool_name": "email_all"}, outcome="denied")
    of(lake, event(0, **read), event(1, **send), tried, event(3, days=-1, **send))
    of(lake, event(4, **save), event(0, days=-20, **send))
    file = tmp_path / "inventory.csv"
    file.write_text("identity_id,capability,allowed_tools\ncopilot,analyse,save_report\n")
    take_inventory(lake, file=file)
    told = rows(
        lake,
        "select capability, class, within_declared, events, succeeded, denied, days, actions, "
        "examples from identity_capability where month = '2026-01-01' order by 1",
    )
    assert told == [
        ("read", "data access", True, 1, 1, 0, 1, ["read_notes ×1"], ["e0-0"]),
        (
            *("send_out", "action", False, 3, 2, 1, 2),
            *(["send_mail ×2", "email_all ×1"], ["e-1-3", "e0-2"]),
        ),
        ("write", "action", True, 1, 1, 0, 1, ["save_report ×1"], ["e0-4"]),
    ]
    assert rows(lake, "select count(*) from identity_capability where month = '2025-12-01'") == [
        (1,)
    ]


def test_every_capability_has_a_class_and_what_is_declared_is_spelled_out(
    lake: Lake, tmp_path: Path
) -> None:
    of(lake, event(0))
    file = tmp_path / "inventory.csv"
    file.write_text("identity_id,capability\na,act\nb,analyse\nc,analyse;write\nd,spend\ne,\n")
    take_inventory(lake, file=file)
    classes = rows(lake, "select capability from capability_classes")
    assert sorted(name for (name,) in classes) == sorted(CAPABILITIES)
    declared = rows(
        lake,
        "select identity_id, list(capability order by capability) from declared_capabilities "
        "where identity_id <> 'a' group by 1 order by 1",
    )
    assert declared == [
        ("b", ["infer", "other", "read", "retrieve"]),
        ("c", ["infer", "other", "read", "retrieve", "write"]),
        ("d", ["infer", "other", "spend"]),
    ]


def test_the_timeline_and_the_pulse_count_events(lake: Lake) -> None:
    of(lake, event(0), event(1, outcome="denied"), event(2, access="write"))
    timeline = rows(lake, "select access, events, denied from identity_timeline order by 1")
    assert timeline == [("read", 2, 1), ("write", 1, 0)]
    pulse = rows(lake, "select source, events, denied, identities from daily_activity")
    assert pulse == [("log", 3, 1, 1)]


def test_findings_a_day(lake: Lake) -> None:
    of(lake, event(0), findings=[finding("a"), finding("b"), finding("c", severity="low")])
    told = rows(lake, "select severity, findings from daily_findings order by 1")
    assert told == [("high", 2), ("low", 1)]


def test_a_run_of_an_agent_with_its_chain_score_and_finding(lake: Lake) -> None:
    agent = {"identity_id": "a", "identity_kind": "agent", "trace_id": "t"}
    of(
        lake,
        event(0, **agent, prompt="book", input_tokens=3),
        event(1, **agent, tool_name="look"),
        event(2, **agent, tool_name="book", outcome="failure"),
        findings=[finding("f", subject="trace:t", evidence=["e0-2"])],
    )
    scored = {"detector": "d", "subject_kind": "trace", "subject_id": "t", "score": 0.75}
    lake.append("scores", SCORES.frame([scored]))
    overview = rows(
        lake,
        "select identity_id, calls, chain, prompt, input_tokens, failed, score, finding_id "
        "from trace_overview",
    )
    assert overview == [("a", 2, "look → book", "book", 3, 1, 0.75, "f")]
    steps = rows(lake, "select step, call, tool_name, evidence from trace_steps order by 1")
    assert steps == [(1, None, None, False), (2, 1, "look", False), (3, 2, "book", True)]
